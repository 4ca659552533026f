// Every generated schedule, run by lanes: exact results, the same bits on every rank, for odd
// ranks, counts and types, in place and out of place, in many small slices and in one.
#include <gtest/gtest.h>

#include <cstring>

#include "algo/algorithm.h"
#include "rank_group.h"
#include "reduce/reduce.h"
#include "support/seed.h"

namespace inccl::exec {
namespace {

using algo::Algorithm;
using transport::Progress;

constexpr int8_t kGarbage = -77;

struct Setting {
  Algorithm algorithm;
  Collective collective;
  int ranks;
  int root;
  uint64_t count;
  size_t slotBytes;
  bool lazy;
  bool inPlace;
};

std::ostream& operator<<(std::ostream& out, const Setting& s) {
  return out << algo::name(s.algorithm) << " " << name(s.collective) << " ranks " << s.ranks
             << " root " << s.root << " count " << s.count << " slot " << s.slotBytes << " lazy "
             << s.lazy << " in place " << s.inPlace;
}

template <typename T>
struct TypeOf;
template <>
struct TypeOf<int32_t> {
  static constexpr DataType value = DataType::kInt32;
};
template <>
struct TypeOf<int64_t> {
  static constexpr DataType value = DataType::kInt64;
};
template <>
struct TypeOf<float> {
  static constexpr DataType value = DataType::kFloat32;
};
template <>
struct TypeOf<double> {
  static constexpr DataType value = DataType::kFloat64;
};

// Values whose sums are exact in every type, in any order, and depend on rank and place.
template <typename T>
T valueAt(int rank, uint64_t index) {
  return static_cast<T>((index * 7 + static_cast<uint64_t>(rank) * 31) % 1021) -
         static_cast<T>(200 * rank);
}

// Values whose sums are not: other orders of adding give other bits.
template <typename T>
T roughAt(int rank, uint64_t index) {
  const uint64_t mixed =
      (index + 1) * 0x9e3779b97f4a7c15ull ^ (static_cast<uint64_t>(rank) * 0xbf58476d1ce4e5b9ull);
  return static_cast<T>(mixed >> 40) / static_cast<T>(3 + (mixed & 0xff) * (mixed & 0xff));
}

template <typename T>
class Experiment {
 public:
  Experiment(const Setting& setting, std::shared_ptr<RankGroup> group)
      : setting_(setting), group_(std::move(group)) {}

  // Runs one call on all ranks; false when one did not end well.
  bool run(T (*value)(int, uint64_t), uint32_t sequence) {
    const uint64_t blocks = setting_.collective == Collective::kAllGather ? setting_.ranks : 1;
    inputs_.assign(setting_.ranks, std::vector<T>(setting_.count));
    outputs_.assign(setting_.ranks, std::vector<T>(setting_.count * blocks));
    for (int rank = 0; rank < setting_.ranks; ++rank) {
      std::fill(outputs_[rank].begin(), outputs_[rank].end(), kGarbage);
      T* input = inputs_[rank].data();
      if (setting_.inPlace)
        input = outputs_[rank].data() + (blocks > 1 ? rank * setting_.count : 0);
      const bool contributes =
          setting_.collective != Collective::kBroadcast || rank == setting_.root;
      for (uint64_t i = 0; contributes && i < setting_.count; ++i) input[i] = value(rank, i);
      const bool given = contributes || setting_.inPlace;
      const LanesCall call{given ? input : nullptr,
                           outputs_[rank].data(),
                           {},
                           setting_.count,
                           sizeof(T),
                           reduce::find(TypeOf<T>::value, RedOp::kSum),
                           OpTag(sequence, 77)};
      if (!group_->begin(rank, call).ok()) return false;
    }
    const std::vector<Progress> ends = group_->run();
    return std::all_of(ends.begin(), ends.end(),
                       [](Progress end) { return end == Progress::kDone; }) &&
           group_->fabric().isEmpty();
  }

  [[nodiscard]] T expected(T (*value)(int, uint64_t), uint64_t index) const {
    if (setting_.collective == Collective::kBroadcast) return value(setting_.root, index);
    if (setting_.collective == Collective::kAllGather)
      return value(static_cast<int>(index / setting_.count), index % setting_.count);
    T sum = value(0, index);
    for (int rank = 1; rank < setting_.ranks; ++rank) sum += value(rank, index);
    return sum;
  }

  [[nodiscard]] uint64_t wrongElements(T (*value)(int, uint64_t)) const {
    uint64_t wrong = 0;
    for (const std::vector<T>& output : outputs_) {
      for (uint64_t i = 0; i < output.size(); ++i) wrong += output[i] != expected(value, i) ? 1 : 0;
    }
    return wrong;
  }
  [[nodiscard]] bool inputsAreUntouched(T (*value)(int, uint64_t)) const {
    for (int rank = 0; rank < setting_.ranks && !setting_.inPlace; ++rank) {
      const bool contributes =
          setting_.collective != Collective::kBroadcast || rank == setting_.root;
      for (uint64_t i = 0; contributes && i < setting_.count; ++i) {
        if (inputs_[rank][i] != value(rank, i)) return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool sameBitsEverywhere() const {
    return std::all_of(outputs_.begin(), outputs_.end(), [&](const std::vector<T>& output) {
      return output.empty() ||
             std::memcmp(output.data(), outputs_[0].data(), output.size() * sizeof(T)) == 0;
    });
  }

 private:
  Setting setting_;
  std::shared_ptr<RankGroup> group_;
  std::vector<std::vector<T>> inputs_, outputs_;
};

std::shared_ptr<RankGroup> makeGroup(const Setting& setting) {
  const schedule::Schedule schedule =
      algo::generate(setting.algorithm, setting.collective, setting.ranks, setting.root).value();
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
  for (const int ranks : {1, 2, 3, 4, 5, 7, 8}) {
    for (const uint64_t count : {0, 1, 2, 3, 7, 1000}) {
      const int root = collective == Collective::kBroadcast ? (ranks - 1) / 2 : -1;
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
    if (ranks <= 3) checkTypes({algorithm, collective, ranks, ranks - 1, 100003, 64, false, false});
    checkTypes({algorithm, collective, ranks, ranks - 1, 100003, 4096, true, false});
    if (HasFatalFailure()) return;
  }
}

TEST_P(LanesResults, EveryRootWorks) {
  const auto [algorithm, collective] = GetParam();
  if (collective != Collective::kBroadcast || !algo::supports(algorithm, collective)) return;
  for (const int ranks : {1, 2, 3, 4, 5, 7, 8, 13}) {
    for (int root = 0; root < ranks; ++root) {
      checkTypes({algorithm, collective, ranks, root, 37, 64, true, false});
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LanesResults,
                         testing::Combine(testing::ValuesIn(algo::kAllAlgorithms),
                                          testing::Values(Collective::kAllReduce,
                                                          Collective::kBroadcast,
                                                          Collective::kAllGather)),
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
