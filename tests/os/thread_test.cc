// Threads that start or say why not.
#include "os/thread.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>

#include "support/fail_nth_call.h"

namespace inccl::os {
namespace {

TEST(Thread, RunsWithItsNameAndSignalsBlocked) {
  std::string name;
  bool blocked = false;
  {
    auto thread = Thread::start("a-name-that-is-too-long", [&] {
      char text[16] = {};
      EXPECT_EQ(pthread_getname_np(pthread_self(), text, sizeof text), 0);
      name = text;
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      blocked = sigismember(&mask, SIGTERM) == 1;
    });
    ASSERT_TRUE(thread.ok());
  }
  EXPECT_EQ(name, "a-name-that-is-");
  EXPECT_TRUE(blocked);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

TEST(Thread, AnExceptionEndsItQuietly) {
  std::atomic<bool> ran{false};
  auto thread = Thread::start("thrower", [&] {
    ran = true;
    throw std::runtime_error("from a test");
  });
  ASSERT_TRUE(thread.ok());
  thread.value().join();
  EXPECT_TRUE(ran);
}

TEST(Thread, AFailedStartIsAnError) {
  const test::FailNthCall fails({.n = 1, .errorNumber = EAGAIN, .only = "pthread_create"});
  const auto thread = Thread::start("never", [] { ADD_FAILURE(); });
  EXPECT_EQ(thread.status().code(), Code::kSystemError);
}

TEST(Thread, MovesItsDutyToJoin) {
  std::atomic<int> ended{0};
  Thread kept;
  {
    auto thread = Thread::start("moved", [&] { ++ended; });
    ASSERT_TRUE(thread.ok());
    kept = std::move(thread.value());
  }
  kept.join();
  kept.join();
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace inccl::os
