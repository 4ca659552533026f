// The process harness: ids travel, ends are told apart, the late are killed, nothing is left.
#include "support/run_processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include "support/process_resources.h"

namespace inccl::test {
namespace {

struct Id {
  char bytes[128];
};

TEST(RunProcesses, CleanRunsAreCleanForOddRankCounts) {
  for (const int rankCount : {0, 1, 2, 7}) {
    const auto ends = runProcesses(rankCount, [](RankProcess&) {});
    EXPECT_EQ(ends.size(), static_cast<size_t>(rankCount));
    EXPECT_EQ(notClean(ends), "");
  }
}

TEST(RunProcesses, RanksAreProcessesAndTheIdOfRankZeroReachesAll) {
  const pid_t parent = getpid();
  const auto ends = runProcesses(5, [&](RankProcess& self) {
    EXPECT_NE(getpid(), parent);
    EXPECT_EQ(self.size(), 5);
    const Id id = self.sharedId<Id>([&] {
      Id made{};
      EXPECT_EQ(self.rank(), 0);
      for (int i = 0; i < 128; ++i) made.bytes[i] = static_cast<char>(i);
      return made;
    });
    for (int i = 0; i < 128; ++i) EXPECT_EQ(id.bytes[i], i);
  });
  EXPECT_EQ(notClean(ends), "");
}

TEST(RunProcesses, StatusSignalExceptionAndFailureAreToldApart) {
  const auto ends = runProcesses(5, [](RankProcess& self) {
    if (self.rank() == 1) std::_Exit(3);
    if (self.rank() == 2) raise(SIGKILL);
    if (self.rank() == 3) throw std::runtime_error("meant to be thrown");
    if (self.rank() == 4) ADD_FAILURE() << "meant to fail, in a child";
  });
  EXPECT_TRUE(ends[0].clean());
  EXPECT_EQ(ends[1].exitStatus, 3);
  EXPECT_EQ(ends[2].signal, SIGKILL);
  EXPECT_FALSE(ends[2].late);
  EXPECT_EQ(ends[3].exitStatus, 98);
  EXPECT_EQ(ends[4].exitStatus, 1);
  EXPECT_TRUE(ends[2].describe().starts_with("rank 2 (pid " + std::to_string(ends[2].pid) +
                                             ") was ended by signal 9 after "));
}

TEST(RunProcesses, TheLateAreKilledAndReaped) {
  const auto ends = runProcesses(
      3,
      [](RankProcess& self) {
        if (self.rank() == 1) sleep(30);
        if (self.rank() == 2) raise(SIGSTOP);
      },
      300 * kMillisecond);
  EXPECT_TRUE(ends[0].clean());
  for (const int rank : {1, 2}) {
    const ProcessEnd& end = ends[static_cast<size_t>(rank)];
    EXPECT_TRUE(end.late);
    EXPECT_LT(end.elapsed, 10 * kSecond);
    EXPECT_EQ(kill(end.pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
  }
}

TEST(RunProcesses, AWaitForAnIdThatNeverComesEnds) {
  const auto ends = runProcesses(
      2,
      [](RankProcess& self) {
        if (self.rank() == 1) self.sharedId<Id>([] { return Id{}; });
      },
      200 * kMillisecond);
  EXPECT_TRUE(ends[0].clean());
  EXPECT_FALSE(ends[1].clean());
}

TEST(RankProcesses, MeetingsHoldEveryoneBack) {
  RankProcesses run(4, [](RankProcess& self) {
    for (uint64_t round = 1; round <= 50; ++round) {
      self.setProgress(round);
      self.meetAll();
    }
  });
  EXPECT_TRUE(run.awaitProgress(2, 10));
  for (int rank = 0; rank < 4; ++rank) EXPECT_GE(run.progress(rank), 9u);
  EXPECT_EQ(notClean(run.wait()), "");
}

TEST(RankProcesses, AParentMaySignalARankAndReadWhatOthersSaid) {
  RankProcesses run(2, [](RankProcess& self) {
    self.say("rank " + std::to_string(self.rank()) + " is here");
    self.setProgress(1);
    if (self.rank() == 1) sleep(30);
  });
  ASSERT_TRUE(run.awaitProgress(1, 1));
  run.signal(1, SIGKILL);
  EXPECT_TRUE(run.awaitEnd({1}));
  run.signal(1, SIGKILL);  // after its end: goes nowhere
  const auto ends = run.wait();
  EXPECT_TRUE(ends[0].clean());
  EXPECT_EQ(ends[1].signal, SIGKILL);
  EXPECT_FALSE(ends[1].late);
  EXPECT_EQ(run.said(0), "rank 0 is here");
  EXPECT_EQ(run.said(1), "rank 1 is here");
}

TEST(RankProcesses, ProgressOfADeadRankIsNotAwaited) {
  RankProcesses run(1, [](RankProcess& self) { self.setProgress(1); });
  EXPECT_TRUE(run.awaitEnd({0}));
  EXPECT_TRUE(run.awaitProgress(0, 1));
  EXPECT_FALSE(run.awaitProgress(0, 2));
}

TEST(RankProcesses, LongSentencesAreCut) {
  RankProcesses run(1, [](RankProcess& self) { self.say(std::string(2000, 'x')); });
  EXPECT_EQ(notClean(run.wait()), "");
  EXPECT_EQ(run.said(0), std::string(511, 'x'));
}

TEST(RankProcesses, LeavesNothingBehind) {
  pid_t pid = 0;
  {
    const ExpectNoLeaks check;
    const RankProcesses run(1, [](RankProcess&) { sleep(30); });
    pid = run.pid(0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace inccl::test
