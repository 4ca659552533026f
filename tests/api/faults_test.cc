// A rank is killed or stopped in the middle of collectives: every survivor gets an error that names
// it, in bounded time, and nobody ever gets wrong data. Seeds are printed; INCCL_TEST_TRIALS sets
// the number of trials.
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "api/rank_world.h"
#include "base/clock.h"
#include "support/seed.h"

namespace inccl::test {
namespace {

// What goes from all to all, and to a root and from it; false when a result was wrong.
bool exchangeBlocks(incclComm_t comm, int ranks, int rank, size_t count, uint32_t round,
                    incclResult_t& failure) {
  const auto n = static_cast<size_t>(ranks), me = static_cast<size_t>(rank);
  const int root = static_cast<int>(round) % ranks;
  const auto input = values<int64_t>(rank, count * n, round);
  std::vector<int64_t> output(count * n, 0);
  failure = incclAlltoAll(input.data(), output.data(), count, incclInt64, comm, nullptr);
  if (failure != incclSuccess) return true;
  for (size_t i = 0; i < count * n; i += 1 + count / 16) {
    if (output[i] != valueOf<int64_t>(static_cast<int>(i / count), count * me + i % count, round))
      return false;
  }
  failure =
      incclReduce(input.data(), output.data(), count, incclInt64, incclSum, root, comm, nullptr);
  if (failure != incclSuccess) return true;
  failure = incclBroadcast(output.data(), output.data(), count, incclInt64, root, comm, nullptr);
  if (failure != incclSuccess) return true;
  for (size_t i = 0; i < count; i += 1 + count / 16) {
    int64_t expected = 0;
    for (int from = 0; from < ranks; ++from) expected += valueOf<int64_t>(from, i, round);
    if (output[i] != expected) return false;
  }
  return true;
}

// One operation after the other until one fails; false when a result was wrong.
bool workUntilFailure(RankProcess& process, incclComm_t comm, incclResult_t& failure) {
  const int ranks = process.size(), rank = process.rank();
  const size_t counts[] = {1, 100, 5000, 200000};
  std::vector<int64_t> output;
  for (uint32_t round = 0;; ++round) {
    const size_t count = counts[round % 4];
    const auto input = values<int64_t>(rank, count, round);
    output.assign(count, 0);
    failure = round % 5 == 4 ? incclBarrier(comm, nullptr)
                             : incclAllReduce(input.data(), output.data(), count, incclInt64,
                                              incclSum, comm, nullptr);
    if (failure != incclSuccess) return true;
    if (round % 5 == 4) {
      if (!exchangeBlocks(comm, ranks, rank, counts[round / 5 % 4], round, failure)) return false;
      if (failure != incclSuccess) return true;
      continue;
    }
    for (size_t i = 0; i < count; i += 1 + count / 64) {
      int64_t expected = 0;
      for (int from = 0; from < ranks; ++from) expected += valueOf<int64_t>(from, i, round);
      if (output[i] != expected) return false;
    }
    process.setProgress(round + 1);
  }
}

void checkSurvivor(RankProcess& process, const char* transport, int victim) {
  incclComm_t comm = join(process, transport, 30000);
  ASSERT_NE(comm, nullptr);
  incclResult_t failure = incclSuccess;
  ASSERT_TRUE(workUntilFailure(process, comm, failure)) << "a wrong sum";
  EXPECT_EQ(failure, incclRemoteError) << incclGetLastError(comm);
  const std::string text = incclGetLastError(comm);
  EXPECT_NE(text.find("rank " + std::to_string(victim)), std::string::npos) << text;
  process.say(text);
  EXPECT_EQ(incclCommAbort(comm), incclSuccess);
}

void runTrial(uint64_t trial, int signalNumber) {
  auto random = trialRandom(trial * 2 + (signalNumber == SIGKILL ? 1 : 0));
  const int ranks = 2 + static_cast<int>(random() % 4);
  const int victim = static_cast<int>(random() % static_cast<uint64_t>(ranks));
  const char* const transport = random() % 2 ? "shm" : "tcp";
  const char* const kernels = random() % 2 ? "auto" : "^publish";
  const auto delay = std::chrono::microseconds(random() % 30000);
  SCOPED_TRACE(testing::Message() << "trial " << trial << " signal " << signalNumber << " ranks "
                                  << ranks << " victim " << victim << " " << transport << " "
                                  << kernels);
  RankProcesses processes(
      ranks,
      [&](RankProcess& process) {
        ::setenv("INCCL_PROTO", kernels, 1);
        ::setenv("INCCL_HEARTBEAT_SUSPECT", "0.4", 1);
        ::setenv("INCCL_HEARTBEAT_TIMEOUT", "1.5", 1);
        checkSurvivor(process, transport, victim);
      },
      40 * kSecond);
  ASSERT_TRUE(processes.awaitProgress(victim, 3));
  std::this_thread::sleep_for(delay);
  const Nanos struck = nowNs();
  processes.signal(victim, signalNumber);
  std::vector<int> survivors;
  for (int rank = 0; rank < ranks; ++rank) {
    if (rank != victim) survivors.push_back(rank);
  }
  EXPECT_TRUE(processes.awaitEnd(survivors)) << "a survivor hangs";
  EXPECT_LT(nowNs() - struck, (signalNumber == SIGKILL ? 3 : 6) * kSecond);
  if (signalNumber != SIGKILL) processes.signal(victim, SIGKILL);
  for (const ProcessEnd& end : processes.wait()) {
    if (end.rank != victim) {
      EXPECT_TRUE(end.clean()) << end.describe();
    }
  }
}

TEST(Faults, AKilledRankIsNamedByAllSurvivors) {
  for (int trial = 0; trial < testTrials(12); ++trial)
    runTrial(static_cast<uint64_t>(trial), SIGKILL);
}

TEST(Faults, AStoppedRankIsNamedByAllSurvivors) {
  for (int trial = 0; trial < testTrials(4); ++trial)
    runTrial(static_cast<uint64_t>(trial), SIGSTOP);
}

TEST(Faults, AbortEndsEverythingWithin100Milliseconds) {
  for (int trial = 0; trial < testTrials(10); ++trial) {
    SCOPED_TRACE(testing::Message() << "trial " << trial);
    onProcesses(2, [trial](RankProcess& process) {
      auto random = trialRandom(5000 + static_cast<uint64_t>(trial));
      incclComm_t comm = join(process, trial % 2 ? "shm" : "tcp", 30000);
      ASSERT_NE(comm, nullptr);
      const auto delay = std::chrono::microseconds(random() % 200000);
      // Every other trial, rank 1 does not take part, so that rank 0 waits when the abort comes.
      std::thread worker([&] {
        incclResult_t failure = incclSuccess;
        if (process.rank() == 0 || trial % 4 < 2) {
          EXPECT_TRUE(workUntilFailure(process, comm, failure));
        }
      });
      std::this_thread::sleep_for(delay);
      const Nanos start = nowNs();
      EXPECT_EQ(incclCommAbort(comm), incclSuccess);
      worker.join();
      const double ms = static_cast<double>(nowNs() - start) / kMillisecond;
      EXPECT_LT(ms, 100) << "abort and the calls that it ended";
      EXPECT_EQ(incclBarrier(comm, nullptr), incclInvalidArgument) << "the handle is gone";
    });
  }
}

// Memory is not shared with a stranger: the ranks of one host go on over tcp, all of them.
TEST(Faults, RanksOfAnotherUserAreReachedByTcp) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run ranks as two users";
  onProcesses(3, [](RankProcess& process) {
    if (process.rank() == 2) {
      ASSERT_EQ(::seteuid(65534), 0);
    }
    incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    char plan[64] = "";
    EXPECT_EQ(incclCommGetPlan(comm, "all_reduce", 4, plan, sizeof plan), incclSuccess);
    EXPECT_EQ(std::string(plan).substr(0, 4), "tcp ") << plan;
    const int32_t one = 1;
    int32_t sum = 0;
    EXPECT_EQ(incclAllReduce(&one, &sum, 1, incclInt32, incclSum, comm, nullptr), incclSuccess)
        << incclGetLastError(comm);
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    // The leak sanitizer looks at its own process as a debugger does, which needs the old rights.
    if (process.rank() == 2) {
      EXPECT_EQ(::seteuid(0), 0);
    }
  });
}

TEST(Faults, AMessageOutlivesTheSendersFarewell) {
  for (const char* transport : {"shm", "tcp"}) {
    SCOPED_TRACE(transport);
    onProcesses(2, [transport](RankProcess& process) {
      incclComm_t comm = join(process, transport, 20000);
      ASSERT_NE(comm, nullptr);
      const auto data = values<int32_t>(0, 1000, 4);
      if (process.rank() == 0) {
        ASSERT_EQ(incclSend(data.data(), 1000, incclInt32, 1, comm, nullptr), incclSuccess);
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      std::vector<int32_t> got(1000);
      EXPECT_EQ(incclRecv(got.data(), 1000, incclInt32, 0, comm, nullptr), incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(got, data);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

TEST(Faults, ARankThatLeavesIsNamedToThoseWhoGoOn) {
  for (const char* transport : {"shm", "tcp"}) {
    SCOPED_TRACE(transport);
    onProcesses(3, [transport](RankProcess& process) {
      incclComm_t comm = join(process, transport, 20000);
      ASSERT_NE(comm, nullptr);
      ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess);
      if (process.rank() == 1) {
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
        process.meetAll();
        return;
      }
      const Nanos start = nowNs();
      EXPECT_EQ(incclBarrier(comm, nullptr), incclRemoteError);
      EXPECT_LT(nowNs() - start, 3 * kSecond);
      const std::string text = incclGetLastError(comm);
      EXPECT_NE(text.find("rank 1"), std::string::npos) << text;
      process.meetAll();
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

}  // namespace
}  // namespace inccl::test
