// Destroy and abort while others are inside: another thread's call, an open group, a forked child.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "api/rank_world.h"
#include "base/clock.h"

namespace inccl::test {
namespace {

class Pair : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ::setenv("INCCL_TRANSPORT", GetParam(), 1);
    ASSERT_EQ(incclCommInitAll(comms_, 2, nullptr), incclSuccess) << incclGetLastError(nullptr);
    ::unsetenv("INCCL_TRANSPORT");
  }
  static void pause(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

  incclResult_t allReduce(int rank) {
    return incclAllReduce(&one_, &sums_[rank], 1, incclInt32, incclSum, comms_[rank], nullptr);
  }

  incclComm_t comms_[2] = {nullptr, nullptr};
  int32_t one_ = 1;
  int32_t sums_[2] = {0, 0};
};

TEST_P(Pair, AbortReachesADestroyThatWaitsForACall) {
  incclResult_t called = incclSuccess, destroyed = incclInternalError;
  std::thread caller([&] { called = incclBarrier(comms_[0], nullptr); });
  pause(100);
  std::thread destroyer([&] { destroyed = incclCommDestroy(comms_[0]); });
  pause(100);
  EXPECT_EQ(incclBarrier(comms_[0], nullptr), incclInvalidArgument) << "the handle is retired";
  const Nanos start = nowNs();
  EXPECT_EQ(incclCommAbort(comms_[0]), incclSuccess) << incclGetLastError(nullptr);
  caller.join();
  destroyer.join();
  EXPECT_LT(nowNs() - start, 100 * kMillisecond);
  EXPECT_EQ(called, incclAborted);
  EXPECT_EQ(destroyed, incclSuccess);
  EXPECT_EQ(incclCommAbort(comms_[0]), incclInvalidArgument) << "once only";
  EXPECT_EQ(incclCommAbort(comms_[1]), incclSuccess);
}

TEST_P(Pair, PeersSeeAnAbortWhileAGroupStillHoldsTheCommunicator) {
  std::atomic<int> step{0};
  std::thread holder([&] {
    EXPECT_EQ(incclGroupStart(), incclSuccess);
    EXPECT_EQ(incclBarrier(comms_[1], nullptr), incclSuccess);
    step = 1;
    step.notify_all();
    step.wait(1);
    EXPECT_EQ(incclGroupEnd(), incclAborted);
  });
  step.wait(0);
  const Nanos start = nowNs();
  EXPECT_EQ(incclCommAbort(comms_[1]), incclSuccess);
  EXPECT_EQ(incclBarrier(comms_[0], nullptr), incclRemoteError) << incclGetLastError(nullptr);
  EXPECT_LT(nowNs() - start, 2 * kSecond);
  const std::string text = incclGetLastError(comms_[0]);
  EXPECT_NE(text.find("rank 1"), std::string::npos) << text;
  EXPECT_EQ(incclCommAbort(comms_[1]), incclInvalidArgument) << "once only";
  step = 2;
  step.notify_all();
  holder.join();
  EXPECT_EQ(incclCommDestroy(comms_[0]), incclSuccess);
}

TEST_P(Pair, DestroyIsRefusedWhileTheGroupOfItsThreadHoldsCalls) {
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (const int rank : {0, 1}) {
    ASSERT_EQ(allReduce(rank), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comms_[rank]), incclInvalidUsage);
  }
  const std::string text = incclGetLastError(nullptr);
  EXPECT_NE(text.find("group"), std::string::npos) << text;
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  for (const int rank : {0, 1}) EXPECT_EQ(sums_[rank], 2);
  // A group without calls on it holds nothing.
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (incclComm_t comm : comms_) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  ASSERT_EQ(incclGroupEnd(), incclSuccess);
}

TEST_P(Pair, CallsOfAGroupWhoseCommunicatorAnotherThreadDestroyedAreErrors) {
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  ASSERT_EQ(allReduce(0), incclSuccess);
  std::thread([&] { EXPECT_EQ(incclCommDestroy(comms_[0]), incclSuccess); }).join();
  const Nanos start = nowNs();
  EXPECT_EQ(incclGroupEnd(), incclInvalidUsage) << incclGetLastError(nullptr);
  EXPECT_LT(nowNs() - start, kSecond);
  EXPECT_EQ(incclCommAbort(comms_[0]), incclInvalidArgument);
  EXPECT_EQ(incclCommDestroy(comms_[1]), incclSuccess);
}

TEST_P(Pair, AGroupOfCollectivesNoticesThatAPeerHasLeft) {
  ASSERT_EQ(incclCommDestroy(comms_[1]), incclSuccess);
  const Nanos start = nowNs();
  int32_t sums[2] = {0, 0};
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (int32_t& sum : sums)
    ASSERT_EQ(incclAllReduce(&one_, &sum, 1, incclInt32, incclSum, comms_[0], nullptr),
              incclSuccess);
  EXPECT_EQ(incclGroupEnd(), incclRemoteError) << incclGetLastError(nullptr);
  EXPECT_LT(nowNs() - start, 3 * kSecond);
  const std::string text = incclGetLastError(comms_[0]);
  EXPECT_NE(text.find("rank 1"), std::string::npos) << text;
  EXPECT_EQ(incclCommDestroy(comms_[0]), incclSuccess);
}

TEST_P(Pair, TheErrorThatSticksIsTheLastError) {
  EXPECT_EQ(incclAllReduce(nullptr, &sums_[0], 1, incclInt32, incclSum, comms_[0], nullptr),
            incclInvalidArgument);
  EXPECT_NE(std::string(incclGetLastError(comms_[0])).find("sendbuff"), std::string::npos);
  ASSERT_EQ(incclCommAbort(comms_[1]), incclSuccess);
  incclResult_t state = incclSuccess;
  const Deadline deadline = Deadline::after(3 * kSecond);
  while (state == incclSuccess && !deadline.passed())
    ASSERT_EQ(incclCommGetAsyncError(comms_[0], &state), incclSuccess);
  ASSERT_EQ(state, incclRemoteError);
  const std::string text = incclGetLastError(comms_[0]);
  EXPECT_NE(text.find("rank 1"), std::string::npos) << text;
  EXPECT_EQ(incclCommDestroy(comms_[0]), incclSuccess);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Pair, testing::Values("inproc", "shm", "tcp"));

// Returns the number of the first call that is not refused, 0 when all are.
int firstCallThatIsNotRefused(incclComm_t comm) {
  int number = 0, call = 0;
  incclResult_t state = incclSuccess;
  char plan[64];
  const std::function<incclResult_t()> calls[] = {
      [&] { return incclBarrier(comm, nullptr); },
      [&] { return incclAllReduce(nullptr, nullptr, 1, incclInt32, incclSum, comm, nullptr); },
      [&] { return incclCommCount(comm, &number); },
      [&] { return incclCommUserRank(comm, &number); },
      [&] { return incclCommCuDevice(comm, &number); },
      [&] { return incclCommGetAsyncError(comm, &state); },
      [&] { return incclCommGetPlan(comm, "barrier", 0, plan, sizeof plan); },
      [&] { return incclCommDestroy(comm); },
      [&] { return incclCommAbort(comm); },
  };
  for (const auto& each : calls) {
    ++call;
    if (each() != incclInvalidUsage) return call;
    if (std::string(incclGetLastError(comm)).find("fork") == std::string::npos) return -call;
  }
  return 0;
}

TEST(Fork, EveryCallOnTheParentsCommunicatorIsRefusedWhateverThreadsDidAtTheFork) {
  incclComm_t comms[2];
  ASSERT_EQ(incclCommInitAll(comms, 2, nullptr), incclSuccess) << incclGetLastError(nullptr);
  std::thread waiting([&] { EXPECT_EQ(incclBarrier(comms[0], nullptr), incclSuccess); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  ASSERT_EQ(incclBarrier(comms[1], nullptr), incclSuccess);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    int wrong = firstCallThatIsNotRefused(comms[0]);
    if (wrong == 0 && incclGroupEnd() != incclInvalidUsage) wrong = 100;
    if (wrong == 0) wrong = firstCallThatIsNotRefused(comms[1]);
    ::_exit(wrong);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "it hung";
  EXPECT_EQ(static_cast<int8_t>(WEXITSTATUS(status)), 0) << "number of the call";
  EXPECT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  waiting.join();
  for (incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

}  // namespace
}  // namespace inccl::test
