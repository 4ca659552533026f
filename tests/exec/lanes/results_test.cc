// Every generated schedule, run by lanes: exact results, the same bits on every rank, for odd
// ranks, counts and types, in place and out of place, in many small slices and in one.
#include <gtest/gtest.h>

#include "experiment.h"
#include "support/seed.h"

namespace inccl::exec {
namespace {

// Sanitizers see the same in a few.
#ifdef INCCL_SANITIZED
const std::vector<int> kRanks = {2, 3, 5, 8};
const std::vector<uint64_t> kCounts = {0, 7, 1009};
constexpr uint64_t kLong = 20011;
#else
const std::vector<int> kRanks = {1, 2, 3, 4, 5, 7, 8};
const std::vector<uint64_t> kCounts = {0, 1, 2, 3, 7, 1009};
constexpr uint64_t kLong = 100003;
#endif

std::shared_ptr<RankGroup> makeGroup(const Setting& setting) {
  const schedule::Schedule schedule = algo::generate(setting.algorithm, setting.collective,
                                                     setting.ranks, setting.root, setting.options)
                                          .value();
  return std::make_shared<RankGroup>(
      schedule, MemoryFabricShape{setting.slotBytes, 2, setting.lazy, test::testSeed()},
      setting.slotBytes);
}

template <typename T>
void check(const Setting& setting, const std::shared_ptr<RankGroup>& group, uint32_t& sequence) {
  SCOPED_TRACE(testing::Message() << setting << " type " << name(TypeOf<T>::value));
  Experiment<T> experiment(setting, group);
  ASSERT_TRUE(experiment.run(valueAt<T>, ++sequence));
  ASSERT_EQ(experiment.wrongElements(valueAt<T>), 0u);
  ASSERT_TRUE(experiment.inputsAreUntouched(valueAt<T>));
  ASSERT_TRUE(experiment.run(roughAt<T>, ++sequence));
  ASSERT_TRUE(experiment.sameBitsEverywhere());
}

void checkTypes(const Setting& setting) {
  // One group for all calls: operations are reused with other counts, types and memory.
  const std::shared_ptr<RankGroup> group = makeGroup(setting);
  uint32_t sequence = 0;
  for (const bool inPlace : {false, true}) {
    Setting way = setting;
    way.inPlace = inPlace;
    check<float>(way, group, sequence);
    if (setting.count > 10000) continue;
    check<int32_t>(way, group, sequence);
    check<int64_t>(way, group, sequence);
    check<double>(way, group, sequence);
  }
}

class LanesResults : public testing::TestWithParam<std::tuple<Algorithm, Collective>> {};

TEST_P(LanesResults, AreExactAndEqualOnAllRanks) {
  const auto [algorithm, collective] = GetParam();
  if (!algo::supports(algorithm, collective)) {
    EXPECT_FALSE(algo::generate(algorithm, collective, 2, 0).ok());
    return;
  }
  for (const int ranks : kRanks) {
    for (const uint64_t count : kCounts) {
      const int root = isRooted(collective) ? (ranks - 1) / 2 : -1;
      for (const bool lazy : {false, true}) {
        checkTypes({algorithm, collective, ranks, root, count, 64, lazy, false});
        if (HasFatalFailure()) return;
      }
    }
    checkTypes({algorithm, collective, ranks, 0, 1000, 8192, true, false});
    if (HasFatalFailure()) return;
  }
}

TEST_P(LanesResults, OfLongVectorsAreExact) {
  const auto [algorithm, collective] = GetParam();
  if (!algo::supports(algorithm, collective)) return;
  for (const int ranks : {2, 3, 5, 8}) {
    // Thousands of slices for some, tens for all.
    if (ranks <= 3) checkTypes({algorithm, collective, ranks, ranks - 1, kLong, 64, false, false});
    checkTypes({algorithm, collective, ranks, ranks - 1, kLong, 4096, true, false});
    if (HasFatalFailure()) return;
  }
}

TEST_P(LanesResults, EveryRootWorks) {
  const auto [algorithm, collective] = GetParam();
  if (!isRooted(collective) || !algo::supports(algorithm, collective)) return;
  for (const int ranks : {1, 2, 3, 4, 5, 7, 8, 13}) {
    for (int root = 0; root < ranks; ++root) {
      checkTypes({algorithm, collective, ranks, root, 37, 64, true, false});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(LanesOptionsTest, OptionsGiveExactResults) {
  const std::vector<std::vector<int>> hosts = {{4, 0, 2}, {1, 3}};
  for (const uint64_t count : {0, 1, 7, 1009}) {
    for (const size_t slotBytes : {64, 4096}) {
      const auto run = [&](Algorithm algorithm, Collective collective,
                           const algo::Options& options) {
        checkTypes({algorithm, collective, 5, 3, count, slotBytes, true, false, options});
      };
      run(Algorithm::kRing, Collective::kAllReduce, {.channels = 3});
      run(Algorithm::kTwoLevel, Collective::kAllReduce, {.hosts = hosts});
      run(Algorithm::kDoubleTree, Collective::kReduce, {.pieces = 6});
      run(Algorithm::kTree, Collective::kBroadcast, {.pieces = 1});
      run(Algorithm::kKnomial, Collective::kGather, {.radix = 3});
      run(Algorithm::kKnomial, Collective::kScatter, {.radix = 3});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, LanesResults,
    testing::Combine(testing::ValuesIn(algo::kAllAlgorithms),
                     testing::Values(Collective::kAllReduce, Collective::kBroadcast,
                                     Collective::kAllGather, Collective::kReduce,
                                     Collective::kReduceScatter, Collective::kAllToAll,
                                     Collective::kGather, Collective::kScatter)),
    [](const auto& instance) {
      return std::string(algo::name(std::get<0>(instance.param))) + "_" +
             std::string(name(std::get<1>(instance.param)));
    });

TEST(LanesBarrierTest, NobodyLeavesBeforeAllHaveEntered) {
  for (const Algorithm algorithm : {Algorithm::kDirect, Algorithm::kRecursiveDoubling}) {
    for (const int ranks : {1, 2, 3, 4, 5, 7, 8}) {
      for (const bool lazy : {false, true}) {
        RankGroup group(algo::generate(algorithm, Collective::kBarrier, ranks).value(),
                        {64, 2, lazy, test::testSeed()}, 64);
        for (uint32_t call = 1; call <= 3; ++call) {
          const int late = static_cast<int>(call) % ranks;
          for (int rank = 0; rank < ranks; ++rank) {
            LanesCall barrier;
            barrier.tag = OpTag(call, 5);
            ASSERT_TRUE(group.begin(rank, barrier).ok());
          }
          for (int turn = 0; turn < 50 * ranks; ++turn) {
            const int rank = turn % ranks;
            if (rank == late) continue;
            ASSERT_EQ(group.operation(rank).step(), Progress::kPending);
          }
          for (const Progress end : group.run()) ASSERT_EQ(end, Progress::kDone);
          ASSERT_TRUE(group.fabric().isEmpty());
        }
      }
    }
  }
}

}  // namespace
}  // namespace inccl::exec
