// The harness itself: every rank runs, all at once, failures and exceptions are seen, hangs end.
#include "support/run_ranks.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <thread>
#include <vector>

namespace inccl::test {
namespace {

TEST(RunRanks, RunsEveryRankOnce) {
  for (const int rankCount : {0, 1, 2, 7, 16}) {
    std::vector<std::atomic<int>> runs(static_cast<size_t>(rankCount));
    runRanks(rankCount, [&](int rank) { ++runs[static_cast<size_t>(rank)]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST(RunRanks, RanksRunAtTheSameTime) {
  std::barrier meeting(5);
  std::atomic<int> met{0};
  runRanks(5, [&](int) {
    meeting.arrive_and_wait();
    ++met;
  });
  EXPECT_EQ(met, 5);
}

TEST(RunRanks, AFailedExpectationFailsTheTestAndNamesTheRank) {
  EXPECT_NONFATAL_FAILURE_ON_ALL_THREADS(runRanks(3, [](int rank) { EXPECT_NE(rank, 1); }),
                                         "rank 1");
}

TEST(RunRanks, AnExceptionIsAFailureWithItsText) {
  EXPECT_NONFATAL_FAILURE_ON_ALL_THREADS(runRanks(2,
                                                  [](int rank) {
                                                    if (rank == 1)
                                                      throw std::runtime_error("no luck");
                                                  }),
                                         "no luck");
}

TEST(RunRanksDeathTest, AHangEndsTheProcessAndNamesWhoHangs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(runRanks(
                   3,
                   [](int rank) {
                     if (rank == 2) std::this_thread::sleep_for(std::chrono::seconds(20));
                   },
                   100 * kMillisecond),
               "3 ranks.*within 0\\.1 s: 2");
}

}  // namespace
}  // namespace inccl::test
