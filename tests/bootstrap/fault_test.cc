// Every system call of the set-up fails once, one after the other: an error or a detour, never a
// crash, a hang or a leak.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "bootstrap/service_thread.h"
#include "bootstrap/session_fixture.h"
#include "support/fail_nth_call.h"
#include "support/process_resources.h"
#include "support/run_ranks.h"

namespace inccl::bootstrap {
namespace {

Config shortConfig() {
  Config config = loopbackConfig();
  config.creationTimeout = 300 * kMillisecond;
  config.connectTimeout = 300 * kMillisecond;
  return config;
}
Deadline brief() { return Deadline::after(300 * kMillisecond); }

// All that a communicator asks of its session. Stops at the first failure, as a communicator does.
Status useSession(RankUnderTest& self, const UniqueId& id, int rank) {
  INCCL_TRY(self.join(id, 2, rank, shortConfig()));
  Session& session = *self.session;
  INCCL_TRY(session.allGather(toBytes("x"), brief()).status());
  const os::UniqueFd memory(os::sys::memfdCreate("test", 0));
  if (!memory.valid()) return systemError("memfd", errno);
  INCCL_TRY(session.offerDescriptor("m", memory.get()));
  INCCL_TRY(session.fetchDescriptor(1 - rank, "m", brief()).status());
  INCCL_TRY(session.connectTo(1 - rank, 0, brief()).status());
  INCCL_TRY(session.acceptFrom(1 - rank, 0, brief()).status());
  INCCL_TRY(session.allGather({}, brief()).status());
  session.leave(1, kSecond);
  return self.errors.status();
}

// Two ranks, one of which may meet the failing call. The one that fails tells the other.
void tryOnce() {
  auto id = UniqueId::create(shortConfig());
  if (!id.ok()) {
    EXPECT_NE(id.status().message(), "");
    return;
  }
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    const Nanos start = nowNs();
    const Status used = useSession(self, *id, rank);
    if (!used.ok()) {
      EXPECT_NE(used.message(), "");
      if (self.session && self.errors.raise(used)) self.session->reportFailure(used, rank);
    }
    EXPECT_LT(nowNs() - start, 8 * kSecond);
  });
}

TEST(Faults, EveryFailingCallIsSurvived) {
  tryOnce();
  const auto before = test::ProcessResources::now();
  for (const int error : {EIO, EINTR, ENOMEM}) {
    const uint64_t walked =
        test::forEachFailingCall({.errorNumber = error}, [](uint64_t) { tryOnce(); });
    EXPECT_GT(walked, 50u);
  }
  EXPECT_EQ(before.leakedSince(10 * kSecond), "");
}

// In a child each time, because a process starts its service thread once.
TEST(Faults, EveryFailingCallOfTheFirstStartIsSurvived) {
  for (uint64_t n = 1; n < 60; ++n) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool reached = false;
      {
        const test::FailNthCall fails({.n = n});
        const auto id = UniqueId::create(shortConfig());
        reached = fails.failedCall() != "";
        if (!id.ok() && id.status().message().empty()) ::_exit(3);
      }
      // What failed once works the next time.
      if (!UniqueId::create(shortConfig()).ok()) ::_exit(4);
      ::_exit(reached ? 0 : 2);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "n = " << n;
    if (WEXITSTATUS(status) == 2) {
      EXPECT_GT(n, 10u);
      return;
    }
    ASSERT_EQ(WEXITSTATUS(status), 0) << "n = " << n;
  }
  ADD_FAILURE() << "the calls never end";
}

TEST(Faults, AProcessWithoutDescriptorsGetsErrors) {
  ASSERT_TRUE(ServiceThread::get().ok());
  for (const char* call : {"socket", "accept4", "dup", "recvmsg", "sendmsg"}) {
    const test::FailNthCall fails(
        {.n = 1, .errorNumber = EMFILE, .only = call, .andAllLater = true});
    tryOnce();
  }
  tryOnce();
}

}  // namespace
}  // namespace inccl::bootstrap
