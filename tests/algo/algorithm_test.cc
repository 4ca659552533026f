// Every generator, for every number of ranks from 1 to 17 and every root, is proved right by the
// verifier, in place and out of place; and has the steps and bytes that its file claims.
#include "algo/algorithm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "algo/tree_shape.h"
#include "schedule/schedule_json.h"
#include "schedule/step_graph.h"
#include "verify/verify.h"

namespace inccl::algo {
namespace {

using schedule::Schedule;

constexpr int kMostRanks = 17;
constexpr Collective kCollectives[] = {
    Collective::kAllReduce, Collective::kBroadcast, Collective::kAllGather,
    Collective::kBarrier,   Collective::kReduce,    Collective::kReduceScatter,
    Collective::kAllToAll,  Collective::kGather,    Collective::kScatter};

// Proves the schedule of one algorithm for every root.
void prove(Algorithm algorithm, Collective collective, int n, const Options& options = {}) {
  for (int root = 0; root < (isRooted(collective) ? n : 1); ++root) {
    const Result<Schedule> schedule = generate(algorithm, collective, n, root, options);
    ASSERT_TRUE(schedule.ok()) << schedule.status().message();
    const Status status = verify::verifyBothWays(schedule.value());
    ASSERT_TRUE(status.ok()) << name(algorithm) << " " << inccl::name(collective) << " n " << n
                             << " root " << root << ": " << status.message();
    EXPECT_EQ(schedule.value().name, name(algorithm));
  }
}

class EveryAlgorithm : public testing::TestWithParam<Algorithm> {};

TEST_P(EveryAlgorithm, IsRightForEveryNumberOfRanksAndEveryRoot) {
  int collectives = 0;
  for (const Collective collective : kCollectives) {
    if (!supports(GetParam(), collective)) continue;
    ++collectives;
    for (int n = 1; n <= kMostRanks; ++n) {
      prove(GetParam(), collective, n);
      if (HasFatalFailure()) return;
    }
    for (const int n : {31, 32, 33, 64}) {
      const Schedule schedule = generate(GetParam(), collective, n, n / 3).value();
      const Status status = verify::verifyBothWays(schedule);
      ASSERT_TRUE(status.ok()) << inccl::name(collective) << " n " << n << ": " << status.message();
    }
  }
  EXPECT_GT(collectives, 0);
}

INSTANTIATE_TEST_SUITE_P(All, EveryAlgorithm, testing::ValuesIn(kAllAlgorithms),
                         [](const auto& instance) { return std::string(name(instance.param)); });

TEST(AlgorithmTest, EveryCollectiveHasAChoice) {
  for (const Collective collective : kCollectives) {
    const auto choices = std::count_if(std::begin(kAllAlgorithms), std::end(kAllAlgorithms),
                                       [&](Algorithm it) { return supports(it, collective); });
    EXPECT_GE(choices, 2) << inccl::name(collective);
  }
}

TEST(AlgorithmTest, OptionsGiveRightSchedulesToo) {
  for (const int n : {2, 3, 5, 8, 13}) {
    for (const int channels : {2, 3, 4})
      prove(Algorithm::kRing, Collective::kAllReduce, n, {.channels = channels});
    for (const uint32_t pieces : {1u, 3u, 8u}) {
      for (const Collective collective :
           {Collective::kAllReduce, Collective::kBroadcast, Collective::kReduce}) {
        prove(Algorithm::kTree, collective, n, {.pieces = pieces});
        prove(Algorithm::kDoubleTree, collective, n, {.pieces = pieces});
      }
      prove(Algorithm::kRing, Collective::kBroadcast, n, {.pieces = pieces});
      prove(Algorithm::kRing, Collective::kReduce, n, {.pieces = pieces});
    }
    for (const int radix : {2, 3, 5, 100}) {
      for (const Collective collective :
           {Collective::kBroadcast, Collective::kReduce, Collective::kGather, Collective::kScatter})
        prove(Algorithm::kKnomial, collective, n, {.radix = radix});
    }
  }
  EXPECT_FALSE(generate(Algorithm::kRing, Collective::kAllReduce, 4, -1, {.channels = 0}).ok());
  EXPECT_FALSE(
      generate(Algorithm::kRing, Collective::kAllReduce, 4, -1, {.channels = 1 << 30}).ok());
  EXPECT_FALSE(generate(Algorithm::kKnomial, Collective::kGather, 4, 0, {.radix = 1}).ok());
}

TEST(AlgorithmTest, TwoLevelTakesHostsOfAnySizeAndOrder) {
  const auto proveOn = [](const std::vector<std::vector<int>>& hosts, int n) {
    prove(Algorithm::kTwoLevel, Collective::kAllReduce, n, {.hosts = hosts});
  };
  proveOn({{0, 1}, {2, 3}}, 4);
  proveOn({{3, 0}, {1, 2}}, 4);
  proveOn({{0, 1, 2, 3, 4}}, 5);
  proveOn({{0}, {1}, {2}, {3}, {4}}, 5);
  proveOn({{0, 1, 2, 3}, {4}, {5, 6}}, 7);
  proveOn({{8, 0, 4}, {7, 1, 3}, {6, 2, 5}}, 9);
  for (int hostCount = 1; hostCount <= 4; ++hostCount) {
    for (int perHost = 1; perHost <= 5; ++perHost) {
      std::vector<std::vector<int>> hosts(hostCount);
      for (int rank = 0; rank < hostCount * perHost; ++rank)
        hosts[rank % hostCount].push_back(rank);
      if (hostCount * perHost > 1) proveOn(hosts, hostCount * perHost);
    }
  }
  const auto refusal = [](const std::vector<std::vector<int>>& hosts) {
    return std::string(
        generate(Algorithm::kTwoLevel, Collective::kAllReduce, 3, -1, {.hosts = hosts})
            .status()
            .message());
  };
  EXPECT_EQ(refusal({{0, 1}, {}, {2}}), "two_level: a host without ranks");
  EXPECT_EQ(refusal({{0, 1}}), "two_level: hosts of 2 ranks, not of 3");
  EXPECT_EQ(refusal({{0, 1}, {1, 2}}), "two_level: rank 1 is on two hosts or does not exist");
  EXPECT_EQ(refusal({{0, 1}, {3}}), "two_level: rank 3 is on two hosts or does not exist");
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

// The longest chain of messages, each sent by a rank that waited for the one before it.
int rounds(const Schedule& schedule) {
  const auto graph = schedule::StepGraph::build(schedule).value();
  std::vector<int> after(graph.stepCount(), 0);
  int longest = 0;
  const std::vector<schedule::StepId> order = graph.order(1 << 20).value();
  for (const schedule::StepId id : order) {
    graph.forEachPredecessor(id, [&](schedule::StepId before) {
      const bool message = before == graph.senderOf(id);
      after[id] = std::max(after[id], after[before] + (message ? 1 : 0));
    });
    longest = std::max(longest, after[id]);
  }
  return longest;
}

int ceilLog(int n, int radix) {
  int rounds = 0;
  for (int64_t reached = 1; reached < n; reached *= radix) ++rounds;
  return rounds;
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
      EXPECT_EQ(messages(Algorithm::kRing, Collective::kReduceScatter), un - 1);
      EXPECT_EQ(messages(Algorithm::kHalf, Collective::kAllReduce), 2 * (un - 1));
      EXPECT_EQ(messages(Algorithm::kDirect, Collective::kAllReduce), un - 1);
      EXPECT_EQ(messages(Algorithm::kRecursiveDoubling, Collective::kAllGather), un - 1);
      EXPECT_EQ(messages(Algorithm::kRabenseifner, Collective::kAllReduce), 2 * (un - 1));
      EXPECT_EQ(messages(Algorithm::kRabenseifner, Collective::kReduceScatter), un - 1);
      EXPECT_EQ(messages(Algorithm::kPat, Collective::kAllGather), un - 1);
      EXPECT_EQ(messages(Algorithm::kPat, Collective::kReduceScatter), un - 1);
      EXPECT_EQ(messages(Algorithm::kPairwise, Collective::kAllToAll), un - 1);
      size_t bits = 0;
      for (unsigned way = 1; way < un; ++way) bits += static_cast<size_t>(std::popcount(way));
      EXPECT_EQ(messages(Algorithm::kBruck, Collective::kAllToAll), bits);
    }
  }
  const Schedule doubling =
      generate(Algorithm::kRecursiveDoubling, Collective::kAllReduce, 8).value();
  EXPECT_EQ(sendsOf(doubling, 3), 3u);
  const Schedule barrier = generate(Algorithm::kRecursiveDoubling, Collective::kBarrier, 9).value();
  EXPECT_EQ(sendsOf(barrier, 3), 4u);
}

// Messages side by side, as those of one round, count as one.
TEST(AlgorithmTest, WaitsAsOftenAsItClaims) {
  for (const int n : {2, 3, 4, 5, 7, 8, 13, 16, 17}) {
    const auto roundsOf = [&](Algorithm algorithm, Collective collective, Options options = {}) {
      return rounds(generate(algorithm, collective, n, 0, options).value());
    };
    const int log = ceilLog(n, 2);
    const Options whole{.pieces = 1};
    EXPECT_EQ(roundsOf(Algorithm::kRing, Collective::kAllReduce), 2 * (n - 1));
    EXPECT_EQ(roundsOf(Algorithm::kDirect, Collective::kAllToAll), 1);
    EXPECT_EQ(roundsOf(Algorithm::kPairwise, Collective::kAllToAll), n - 1);
    EXPECT_LE(roundsOf(Algorithm::kBinomial, Collective::kBroadcast), log);
    EXPECT_LE(roundsOf(Algorithm::kBinomial, Collective::kReduce), log);
    EXPECT_LE(roundsOf(Algorithm::kKnomial, Collective::kReduce), ceilLog(n, 4));
    EXPECT_LE(roundsOf(Algorithm::kBruck, Collective::kAllToAll), log);
    EXPECT_LE(roundsOf(Algorithm::kBruck, Collective::kAllGather), log);
    EXPECT_LE(roundsOf(Algorithm::kRabenseifner, Collective::kAllReduce), 2 * log);
    EXPECT_LE(roundsOf(Algorithm::kRabenseifner, Collective::kReduceScatter), log);
    EXPECT_LE(roundsOf(Algorithm::kPat, Collective::kReduceScatter), log);
    EXPECT_LE(roundsOf(Algorithm::kPat, Collective::kAllGather), log);
    EXPECT_LE(roundsOf(Algorithm::kTree, Collective::kReduce, whole), log);
    EXPECT_LE(roundsOf(Algorithm::kTree, Collective::kAllReduce, whole), 2 * log);
    EXPECT_LE(roundsOf(Algorithm::kDoubleTree, Collective::kAllReduce, whole), 2 * log);
  }
}

// In the two trees together no rank but the root passes on more than two halves.
TEST(AlgorithmTest, TwoTreesShareTheWork) {
  for (int n = 2; n <= 40; ++n) {
    for (const int root : {0, n / 2, n - 1}) {
      const auto [first, second] = twoTrees(n, root);
      for (int rank = 0; rank < n; ++rank) {
        if (rank == root) {
          EXPECT_EQ(first.children[rank].size() + second.children[rank].size(), 2u);
        } else {
          EXPECT_TRUE(first.children[rank].empty() || second.children[rank].empty());
          EXPECT_LE(first.children[rank].size() + second.children[rank].size(), 2u);
        }
      }
      EXPECT_EQ(first.subtree(root).size(), static_cast<size_t>(n));
      EXPECT_EQ(second.subtree(root).size(), static_cast<size_t>(n));
    }
  }
}

TEST(AlgorithmTest, PassingBlocksNeedsLittleMemory) {
  for (const int n : {16, 64, 200}) {
    const auto scratch = [&](Algorithm algorithm, Collective collective) {
      return generate(algorithm, collective, n, 0).value().scratchChunks;
    };
    const auto log = static_cast<uint32_t>(ceilLog(n, 2));
    EXPECT_LE(scratch(Algorithm::kBinomial, Collective::kGather), 2 * log);
    EXPECT_LE(scratch(Algorithm::kBinomial, Collective::kScatter), 4u);
    EXPECT_LE(scratch(Algorithm::kPat, Collective::kReduceScatter), log);
  }
}

TEST(AlgorithmTest, NamesAreParsedBack) {
  for (const Algorithm algorithm : kAllAlgorithms)
    EXPECT_EQ(parseAlgorithm(name(algorithm)), algorithm);
  EXPECT_EQ(parseAlgorithm("rd"), Algorithm::kRecursiveDoubling);
  for (const std::string_view text : {"", "Ring", "ring ", "trees"})
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
