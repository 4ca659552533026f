// Every generator, for every odd number of ranks and every root, is proved right by the verifier,
// in place and out of place; and has the steps and bytes that its file claims.
#include "algo/algorithm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schedule/schedule_json.h"
#include "verify/verify.h"

namespace inccl::algo {
namespace {

using schedule::Schedule;

constexpr int kRankCounts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17};
constexpr Collective kCollectives[] = {Collective::kAllReduce, Collective::kBroadcast,
                                       Collective::kAllGather, Collective::kBarrier};

TEST(AlgorithmTest, EverySchedulesIsRight) {
  int verified = 0;
  for (const Algorithm algorithm : kAllAlgorithms) {
    for (const Collective collective : kCollectives) {
      if (!supports(algorithm, collective)) continue;
      for (const int n : kRankCounts) {
        const int roots = collective == Collective::kBroadcast ? n : 1;
        for (int root = 0; root < roots; ++root) {
          const Result<Schedule> schedule = generate(algorithm, collective, n, root);
          ASSERT_TRUE(schedule.ok()) << schedule.status().message();
          const Status status = verify::verifyBothWays(schedule.value());
          ASSERT_TRUE(status.ok()) << name(algorithm) << " " << inccl::name(collective) << " n "
                                   << n << " root " << root << ": " << status.message();
          EXPECT_EQ(schedule.value().name, name(algorithm));
          ++verified;
        }
      }
    }
  }
  EXPECT_EQ(verified, 9 * 13 + 3 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 12 + 13 + 16 + 17));
}

TEST(AlgorithmTest, SchedulesSurviveJson) {
  for (const Algorithm algorithm : kAllAlgorithms) {
    for (const Collective collective : kCollectives) {
      if (!supports(algorithm, collective)) continue;
      const Schedule schedule = generate(algorithm, collective, 5, 3).value();
      EXPECT_EQ(schedule::fromJson(schedule::toJson(schedule)).value(), schedule);
    }
  }
}

size_t sendsOf(const Schedule& schedule, int rank) {
  size_t count = 0;
  for (const schedule::Lane& lane : schedule.ranks[rank].lanes)
    count += static_cast<size_t>(std::count_if(lane.steps.begin(), lane.steps.end(),
                                               [](const auto& step) { return sends(step.kind); }));
  return count;
}

TEST(AlgorithmTest, MovesWhatItClaims) {
  for (const int n : {2, 3, 5, 8, 16}) {
    const auto un = static_cast<size_t>(n);
    for (int rank = 0; rank < n; ++rank) {
      const auto messages = [&](Algorithm algorithm, Collective collective) {
        return sendsOf(generate(algorithm, collective, n).value(), rank);
      };
      EXPECT_EQ(messages(Algorithm::kRing, Collective::kAllReduce), 2 * (un - 1));
      EXPECT_EQ(messages(Algorithm::kRing, Collective::kAllGather), un - 1);
      EXPECT_EQ(messages(Algorithm::kHalf, Collective::kAllReduce), 2 * (un - 1));
      EXPECT_EQ(messages(Algorithm::kDirect, Collective::kAllReduce), un - 1);
      EXPECT_EQ(messages(Algorithm::kRecursiveDoubling, Collective::kAllGather), un - 1);
    }
  }
  const Schedule doubling =
      generate(Algorithm::kRecursiveDoubling, Collective::kAllReduce, 8).value();
  EXPECT_EQ(sendsOf(doubling, 3), 3u);
  const Schedule barrier = generate(Algorithm::kRecursiveDoubling, Collective::kBarrier, 9).value();
  EXPECT_EQ(sendsOf(barrier, 3), 4u);
}

TEST(AlgorithmTest, NamesAreParsedBack) {
  for (const Algorithm algorithm : kAllAlgorithms)
    EXPECT_EQ(parseAlgorithm(name(algorithm)), algorithm);
  EXPECT_EQ(parseAlgorithm("rd"), Algorithm::kRecursiveDoubling);
  for (const std::string_view text : {"", "Ring", "ring ", "tree"})
    EXPECT_EQ(parseAlgorithm(text), std::nullopt);
}

TEST(AlgorithmTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(generate(Algorithm::kHalf, Collective::kBroadcast, 4, 0).status().message(),
            "the algorithm half has no broadcast");
  EXPECT_EQ(generate(Algorithm::kRing, Collective::kBarrier, 4).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(generate(Algorithm::kDirect, Collective::kSend, 4).status().code(),
            Code::kInvalidArgument);
  for (const int n : {0, -1, 1 << 30})
    EXPECT_EQ(generate(Algorithm::kRing, Collective::kAllReduce, n).status().code(),
              Code::kInvalidArgument);
  for (const int root : {-1, 4, 1000})
    EXPECT_EQ(generate(Algorithm::kRing, Collective::kBroadcast, 4, root).status().code(),
              Code::kInvalidArgument);
  // Unrooted collectives do not look at the root.
  EXPECT_TRUE(generate(Algorithm::kRing, Collective::kAllReduce, 4, 77).ok());
}

}  // namespace
}  // namespace inccl::algo
