// A switch that dies, stops or forgets while real processes sum through it: no wrong sum, no wait
// without end, and the communicator goes on without it.
#include <gmock/gmock.h>

#include <thread>

#include "api/forked_switch.h"
#include "api/rank_world.h"
#include "support/seed.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;

// In place, rooted ones between, so that ranks return at different times.
void callOnce(incclComm_t comm, const RankProcess& process, size_t count, uint32_t round) {
  const int ranks = process.size(), rank = process.rank();
  const int root = static_cast<int>(round) % ranks;
  auto data = values<int>(rank, count, round);
  const auto sumAt = [&](size_t i) {
    int sum = 0;
    for (int from = 0; from < ranks; ++from) sum += valueOf<int>(from, i, round);
    return sum;
  };
  if (round % 3 == 1) {
    ASSERT_EQ(
        incclReduce(data.data(), data.data(), count, incclInt32, incclSum, root, comm, nullptr),
        incclSuccess)
        << incclGetLastError(comm);
    for (size_t i = 0; rank == root && i < count; ++i) ASSERT_EQ(data[i], sumAt(i)) << i;
  } else if (round % 3 == 2) {
    ASSERT_EQ(incclBroadcast(data.data(), data.data(), count, incclInt32, root, comm, nullptr),
              incclSuccess)
        << incclGetLastError(comm);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(data[i], valueOf<int>(root, i, round)) << i;
  } else {
    ASSERT_EQ(incclAllReduce(data.data(), data.data(), count, incclInt32, incclSum, comm, nullptr),
              incclSuccess)
        << incclGetLastError(comm);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(data[i], sumAt(i)) << i;
  }
}

// Rank 0 does `mishap` after so long, while all call on.
void callThrough(RankProcess& process, Nanos after, const std::function<void()>& mishap) {
  const incclComm_t comm = join(process, "tcp");
  ASSERT_NE(comm, nullptr);
  callOnce(comm, process, 100, 0);
  process.meetAll();
  std::thread villain;
  if (process.rank() == 0)
    villain = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::nanoseconds(after));
      mishap();
    });
  for (uint32_t round = 1; round < 60; ++round) {
    callOnce(comm, process, round % 7 == 0 ? 100000 : 10 + round * 37, round);
    if (testing::Test::HasFatalFailure()) break;
  }
  if (villain.joinable()) villain.join();
  EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

TEST(InNetworkFaults, AKilledSwitchCostsTimeAndNothingElse) {
  for (int trial = 0; trial < testTrials(4); ++trial) {
    auto random = trialRandom(trial);
    const int ranks = 2 + static_cast<int>(random() % 3);
    const auto after = static_cast<Nanos>(random() % 40) * kMillisecond;
    ForkedSwitch theSwitch;
    ::setenv("INCCL_ALGO", "ina", 1);
    onProcesses(ranks, [&](RankProcess& process) {
      callThrough(process, after, [&] { ::kill(theSwitch.pid(), SIGKILL); });
    });
  }
}

TEST(InNetworkFaults, ASwitchThatStopsAndGoesOnChangesNoSum) {
  for (int trial = 0; trial < testTrials(2); ++trial) {
    auto random = trialRandom(trial);
    const auto after = static_cast<Nanos>(random() % 20) * kMillisecond;
    const auto pause = (trial % 2 == 0 ? 3 * kSecond : 300 * kMillisecond);
    ForkedSwitch theSwitch;
    ::setenv("INCCL_ALGO", "ina", 1);
    onProcesses(3, [&](RankProcess& process) {
      callThrough(process, after, [&] {
        ::kill(theSwitch.pid(), SIGSTOP);
        std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
        ::kill(theSwitch.pid(), SIGCONT);
      });
    });
  }
}

// Floats whose fixed-point sums have begun have the same bits on all ranks all the same.
TEST(InNetworkFaults, FloatsOfAKilledSwitchAreEqualOnAllRanks) {
  ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  ::setenv("INCCL_INA_FLOATS", "1", 1);
  const pid_t pid = theSwitch.pid();
  onProcesses(3, [pid](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    process.meetAll();
    std::thread villain;
    if (process.rank() == 0)
      villain = std::thread([pid] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        ::kill(pid, SIGKILL);
      });
    for (uint32_t round = 0; round < 20; ++round) {
      auto data = values<float>(process.rank(), 200000, round);
      data[5] = process.rank() == 1 ? std::numeric_limits<float>::infinity() : 1.0f;
      ASSERT_EQ(incclAllReduce(data.data(), data.data(), data.size(), incclFloat32, incclSum, comm,
                               nullptr),
                incclSuccess)
          << incclGetLastError(comm);
      ASSERT_EQ(data[5], std::numeric_limits<float>::infinity());
      for (size_t i = 6; i < data.size(); ++i) {
        float sum = 0;
        for (int from = 0; from < process.size(); ++from) sum += valueOf<float>(from, i, round);
        ASSERT_EQ(data[i], sum) << i;
      }
    }
    if (villain.joinable()) villain.join();
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  ::unsetenv("INCCL_INA_FLOATS");
}

// Who has returned may compute on for long: its service thread answers for it.
TEST(InNetworkFaults, ARankThatIsAwayHoldsNobodyUp) {
  ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  const pid_t pid = theSwitch.pid();
  onProcesses(3, [pid](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    callOnce(comm, process, 1000, 0);
    process.meetAll();
    if (process.rank() == 0) ::kill(pid, SIGKILL);
    process.meetAll();
    if (process.rank() == 2) std::this_thread::sleep_for(std::chrono::seconds(4));
    callOnce(comm, process, 1000, 3);
    callOnce(comm, process, 1000, 4);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
