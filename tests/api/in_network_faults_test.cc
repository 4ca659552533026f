// A switch that dies, stops or forgets while real processes sum through it: no wrong sum, no wait
// without end, and the communicator goes on without it.
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <thread>

#include "api/forked_switch.h"
#include "api/rank_world.h"
#include "base/hash.h"
#include "support/seed.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;

// In place, rooted ones between, so that ranks return at different times. A wrong result is a fatal
// failure; a call that fails is `result`.
void callOnce(incclComm_t comm, const RankProcess& process, size_t count, uint32_t round,
              incclResult_t& result) {
  const int ranks = process.size(), rank = process.rank();
  const int root = static_cast<int>(round) % ranks;
  auto data = values<int>(rank, count, round);
  const auto sumAt = [&](size_t i) {
    int sum = 0;
    for (int from = 0; from < ranks; ++from) sum += valueOf<int>(from, i, round);
    return sum;
  };
  if (round % 3 == 1)
    result =
        incclReduce(data.data(), data.data(), count, incclInt32, incclSum, root, comm, nullptr);
  else if (round % 3 == 2)
    result = incclBroadcast(data.data(), data.data(), count, incclInt32, root, comm, nullptr);
  else
    result = incclAllReduce(data.data(), data.data(), count, incclInt32, incclSum, comm, nullptr);
  if (result != incclSuccess || (round % 3 == 1 && rank != root)) return;
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(data[i], round % 3 == 2 ? valueOf<int>(root, i, round) : sumAt(i)) << i;
}

void callWell(incclComm_t comm, const RankProcess& process, size_t count, uint32_t round) {
  incclResult_t result = incclSuccess;
  callOnce(comm, process, count, round, result);
  ASSERT_EQ(result, incclSuccess) << incclGetLastError(comm);
}

// What strikes in the middle of calls back to back.
enum class Mishap {
  kRankKilled,
  kRankStopped,
  kSwitchKilled,
  kSwitchStopped,
  kBothKilled,
  kSilentFromRank,  // one direction of one rank's link
  kSilentToRank,
};
constexpr int kMishaps = 7;

bool endsTheJob(Mishap mishap) {
  return mishap == Mishap::kRankKilled || mishap == Mishap::kRankStopped ||
         mishap == Mishap::kBothKilled;
}

emulator::ServerOptions optionsFor(Mishap mishap, uint64_t datagrams) {
  using Direction = ports::Blackout::Direction;
  emulator::ServerOptions options;
  if (mishap == Mishap::kSilentFromRank) options.blackout = {Direction::kArriving, datagrams};
  if (mishap == Mishap::kSilentToRank) options.blackout = {Direction::kLeaving, datagrams};
  return options;
}

// Until `rounds` are done, or a call has failed: true.
bool failed(incclComm_t comm, RankProcess& process, uint32_t rounds) {
  for (uint32_t round = 0; round < rounds; ++round) {
    incclResult_t result = incclSuccess;
    callOnce(comm, process, round % 7 == 0 ? 30000 : 10 + round * 37 % 5000, round, result);
    if (result != incclSuccess) return true;
    if (testing::Test::HasFatalFailure()) return false;
    process.setProgress(round + 1);
  }
  return false;
}

void strike(Mishap mishap, ForkedSwitch& theSwitch, RankProcesses& processes, int victim) {
  if (mishap == Mishap::kSwitchKilled || mishap == Mishap::kBothKilled) theSwitch.kill();
  if (mishap == Mishap::kSwitchStopped) ::kill(theSwitch.pid(), SIGSTOP);
  if (mishap == Mishap::kRankKilled || mishap == Mishap::kBothKilled)
    processes.signal(victim, SIGKILL);
  if (mishap == Mishap::kRankStopped) processes.signal(victim, SIGSTOP);
}

void runTrial(int trial) {
  auto random = trialRandom(static_cast<uint64_t>(trial));
  const auto mishap = static_cast<Mishap>(trial % kMishaps);
  const int ranks = 2 + static_cast<int>(random() % 4);
  const int victim = static_cast<int>(random() % static_cast<uint64_t>(ranks));
  const auto delay = std::chrono::microseconds(random() % 40000);
  SCOPED_TRACE(testing::Message() << "trial " << trial << " mishap " << static_cast<int>(mishap)
                                  << " ranks " << ranks << " victim " << victim);
  ForkedSwitch theSwitch(optionsFor(mishap, random() % 3000));
  ::setenv("INCCL_ALGO", "ina", 1);
  RankProcesses processes(
      ranks,
      [&](RankProcess& process) {
        ::setenv("INCCL_HEARTBEAT_SUSPECT", "0.4", 1);
        ::setenv("INCCL_HEARTBEAT_TIMEOUT", "1.5", 1);
        const incclComm_t comm = join(process, "tcp");
        ASSERT_NE(comm, nullptr);
        const bool lost = failed(comm, process, endsTheJob(mishap) ? UINT32_MAX : 400);
        const std::string why = incclGetLastError(comm);
        EXPECT_EQ(lost, endsTheJob(mishap)) << why;
        if (!lost) {
          EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
          return;
        }
        EXPECT_THAT(why, HasSubstr("rank " + std::to_string(victim)));
        EXPECT_EQ(incclCommAbort(comm), incclSuccess);
      },
      50 * kSecond);
  ASSERT_TRUE(processes.awaitProgress(victim, 3));
  std::this_thread::sleep_for(delay);
  strike(mishap, theSwitch, processes, victim);
  std::vector<int> survivors;
  for (int rank = 0; rank < ranks; ++rank) {
    if (!endsTheJob(mishap) || rank != victim) survivors.push_back(rank);
  }
  EXPECT_TRUE(processes.awaitEnd(survivors)) << "a survivor hangs";
  if (endsTheJob(mishap)) processes.signal(victim, SIGKILL);
  for (const ProcessEnd& end : processes.wait()) {
    EXPECT_TRUE(end.clean() || (endsTheJob(mishap) && end.rank == victim)) << end.describe();
  }
}

TEST(InNetworkFaults, MishapsEndInRightSumsOrANamedError) {
#ifdef INCCL_SANITIZED
  const int trials = testTrials(kMishaps);
#else
  const int trials = testTrials(20);
#endif
  for (int trial = 0; trial < trials && !testing::Test::HasFailure(); ++trial) runTrial(trial);
}

// Shorter than what makes ranks give it up, and longer.
TEST(InNetworkFaults, ASwitchThatStopsAndGoesOnChangesNoSum) {
  for (const Nanos pause : {300 * kMillisecond, 3 * kSecond}) {
    ForkedSwitch theSwitch;
    ::setenv("INCCL_ALGO", "ina", 1);
    RankProcesses processes(3, [](RankProcess& process) {
      const incclComm_t comm = join(process, "tcp");
      EXPECT_FALSE(failed(comm, process, 400)) << incclGetLastError(comm);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
    ASSERT_TRUE(processes.awaitProgress(0, 5));
    ::kill(theSwitch.pid(), SIGSTOP);
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause));
    ::kill(theSwitch.pid(), SIGCONT);
    EXPECT_EQ(notClean(processes.wait()), "");
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

// One hash over a ring, trees, a switch, and the repair of one that was killed.
TEST(InNetworkFaults, StrictSumsHaveTheSameBitsOnEveryWay) {
  ::setenv("INCCL_DETERMINISM", "strict", 1);
  std::map<std::string, std::string> hashes;
  for (const char* way : {"allreduce:ring", "allreduce:double_tree", "ina", "ina, killed"}) {
    ForkedSwitch theSwitch;
    const bool killed = std::string_view(way) == "ina, killed";
    ::setenv("INCCL_ALGO", killed ? "ina" : way, 1);
    RankProcesses processes(3, [](RankProcess& process) {
      const incclComm_t comm = join(process, "tcp");
      ASSERT_NE(comm, nullptr);
      uint64_t hash = 0;
      std::vector<float> data(150000);
      for (uint32_t round = 0; round < 12; ++round) {
        for (size_t i = 0; i < data.size(); ++i)
          data[i] = std::ldexp(static_cast<float>(mixHash(i + round, process.rank() + 1) >> 40),
                               -static_cast<int>(i % 23));
        ASSERT_EQ(incclAllReduce(data.data(), data.data(), data.size(), incclFloat32, incclSum,
                                 comm, nullptr),
                  incclSuccess)
            << incclGetLastError(comm);
        hash = hashBytes({reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float)},
                         hash);
        process.setProgress(round + 1);
      }
      process.say(fmt::format("{:016x}", hash));
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
    ASSERT_TRUE(processes.awaitProgress(0, 3));
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    if (killed) theSwitch.kill();
    EXPECT_EQ(notClean(processes.wait()), "") << way;
    for (int rank = 0; rank < 3; ++rank)
      hashes[fmt::format("{} rank {}", way, rank)] = processes.said(rank);
  }
  for (const auto& [way, hash] : hashes) EXPECT_EQ(hash, hashes.begin()->second) << way;
  ::unsetenv("INCCL_DETERMINISM");
}

// Who has returned may compute on for long: its service thread answers for it.
TEST(InNetworkFaults, ARankThatIsAwayHoldsNobodyUp) {
  ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  const pid_t pid = theSwitch.pid();
  onProcesses(3, [pid](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    callWell(comm, process, 1000, 0);
    process.meetAll();
    if (process.rank() == 0) ::kill(pid, SIGKILL);
    process.meetAll();
    if (process.rank() == 2) std::this_thread::sleep_for(std::chrono::seconds(4));
    callWell(comm, process, 1000, 3);
    callWell(comm, process, 1000, 4);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
