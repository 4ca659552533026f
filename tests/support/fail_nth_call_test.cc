// The fault injector itself: the chosen call fails with the chosen errno, and no other.
#include "support/fail_nth_call.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <vector>

#include "os/unique_fd.h"

namespace inccl::test {
namespace {

// 0 when the call went through, else its errno.
int callEventfd() {
  const os::UniqueFd fd(os::sys::eventfd(0, 0));
  return fd.valid() ? 0 : errno;
}
int callEpollCreate() {
  const os::UniqueFd fd(os::sys::epollCreate());
  return fd.valid() ? 0 : errno;
}

TEST(FailNthCall, OnlyTheChosenCallFails) {
  const FailNthCall failing({.n = 2, .errorNumber = EMFILE});
  EXPECT_EQ(callEventfd(), 0);
  EXPECT_EQ(failing.failedCall(), "");
  EXPECT_EQ(callEventfd(), EMFILE);
  EXPECT_EQ(callEventfd(), 0);
  EXPECT_EQ(failing.calls(), 3u);
  EXPECT_EQ(failing.failedCall(), "eventfd");
}

TEST(FailNthCall, ZeroOnlyCounts) {
  const FailNthCall counting({});
  EXPECT_EQ(callEventfd(), 0);
  EXPECT_EQ(callEpollCreate(), 0);
  EXPECT_EQ(counting.calls(), 2u);
  EXPECT_EQ(counting.failedCall(), "");
}

TEST(FailNthCall, AllLaterCallsFailWhenAsked) {
  const FailNthCall failing({.n = 2, .errorNumber = ENOMEM, .andAllLater = true});
  EXPECT_EQ(callEventfd(), 0);
  EXPECT_EQ(callEventfd(), ENOMEM);
  EXPECT_EQ(callEpollCreate(), ENOMEM);
  EXPECT_EQ(failing.failedCall(), "eventfd");
}

TEST(FailNthCall, ANameRestrictsCountAndFailure) {
  const FailNthCall failing({.n = 1, .errorNumber = EMFILE, .only = "epoll_create1"});
  EXPECT_EQ(callEventfd(), 0);
  EXPECT_EQ(failing.calls(), 0u);
  EXPECT_EQ(callEpollCreate(), EMFILE);
  EXPECT_EQ(failing.calls(), 1u);
}

TEST(FailNthCall, OtherThreadsAreLeftAloneWhenAsked) {
  const FailNthCall failing({.n = 1, .errorNumber = EMFILE, .thisThreadOnly = true});
  int other = -1;
  std::thread([&] { other = callEventfd(); }).join();
  EXPECT_EQ(other, 0);
  EXPECT_EQ(failing.calls(), 0u);
  EXPECT_EQ(callEventfd(), EMFILE);
}

TEST(FailNthCall, ExactlyOneCallOfManyThreadsFails) {
  const FailNthCall failing({.n = 137, .errorNumber = EMFILE});
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < 100; ++call) failures += callEventfd() == EMFILE ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(failing.calls(), 400u);
}

TEST(FailNthCall, NothingFailsOnceItIsGone) {
  { const FailNthCall failing({.n = 1, .andAllLater = true}); }
  EXPECT_EQ(callEventfd(), 0);
}

TEST(ForEachFailingCall, WalksThroughEveryCallAndThenStops) {
  int succeeded = 0;
  const uint64_t walked = forEachFailingCall({.errorNumber = EMFILE}, [&](uint64_t) {
    if (callEventfd() == 0 && callEpollCreate() == 0 && callEventfd() == 0) ++succeeded;
  });
  EXPECT_EQ(walked, 3u);
  EXPECT_EQ(succeeded, 1);
}

TEST(ForEachFailingCall, AWalkWithoutEndIsAFailure) {
  EXPECT_NONFATAL_FAILURE(forEachFailingCall(
                              {},
                              [](uint64_t n) {
                                for (uint64_t call = 0; call < n; ++call) callEventfd();
                              },
                              3),
                          "more than 3 failing calls");
}

// A trial that does not bear its second call's failure. Repeats gtest's messages on stderr, where
// the death test looks. Returns how far the walk went.
int walkThatFails() {
  const uint64_t walked = forEachFailingCall({.errorNumber = EMFILE}, [](uint64_t) {
    callEventfd();
    EXPECT_EQ(callEpollCreate(), 0);
    callEventfd();
  });
  const auto* const result = ::testing::UnitTest::GetInstance()->current_test_info()->result();
  for (int i = 0; i < result->total_part_count(); ++i) {
    std::fprintf(stderr, "%s\n", result->GetTestPartResult(i).message());
  }
  return static_cast<int>(walked);
}

TEST(ForEachFailingCallDeathTest, AFailedExpectationEndsTheWalkAndNamesTheCall) {
  GTEST_FLAG_SET(death_test_style, "fast");
  EXPECT_EXIT(_exit(walkThatFails()), ::testing::ExitedWithCode(2),
              "call number 2 failing: epoll_create1, errno 24");
}

TEST(FailNthCallDeathTest, TwoAtATimeAreRefused) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const FailNthCall first({});
  EXPECT_DEATH(FailNthCall second({}), "another instance is active");
}

}  // namespace
}  // namespace inccl::test
