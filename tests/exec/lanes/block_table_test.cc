// Every all-gather and reduce-scatter with blocks of different lengths at places of each rank's
// own: exact results, and nothing between the blocks is touched.
#include <gmock/gmock.h>

#include "experiment.h"
#include "schedule/builder.h"
#include "support/seed.h"

namespace inccl::exec {
namespace {

// Sanitizers see the same in a few.
#ifdef INCCL_SANITIZED
const std::vector<int> kRanks = {1, 2, 3, 5, 8};
constexpr int kLongBlock = 20011;
#else
const std::vector<int> kRanks = {1, 2, 3, 4, 5, 7, 8, 13};
constexpr int kLongBlock = 100003;
#endif

using schedule::BlockLengths;
using testing::HasSubstr;
using Lengths = std::vector<uint64_t>;

constexpr uint64_t kGap = 3;  // elements between blocks

// Even ranks have the blocks in order, odd ones the other way round.
std::vector<ElementRange> tableOf(int rank, const Lengths& lengths) {
  std::vector<ElementRange> table(lengths.size());
  uint64_t next = kGap;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const size_t block = rank % 2 == 0 ? i : lengths.size() - 1 - i;
    table[block] = {next, lengths[block]};
    next += lengths[block] + kGap;
  }
  return table;
}

uint64_t elementsOf(const Lengths& lengths) {
  return std::accumulate(lengths.begin(), lengths.end(), kGap * (lengths.size() + 1));
}

// The ranks' memory in one call of a v-collective.
class TableCalls {
 public:
  TableCalls(Collective collective, Lengths lengths, bool inPlace)
      : gathers_(collective == Collective::kAllGather),
        inPlace_(inPlace),
        lengths_(std::move(lengths)),
        n_(static_cast<int>(lengths_.size())) {
    for (int rank = 0; rank < n_; ++rank) {
      tables_.push_back(tableOf(rank, lengths_));
      all_.emplace_back(elementsOf(lengths_), kGarbage);
      own_.emplace_back(lengths_[rank], kGarbage);
      for (int block = 0; block < n_; ++block) {
        if (gathers_ && (block != rank || !inPlace_)) continue;
        for (uint64_t i = 0; i < lengths_[block]; ++i)
          all_[rank][tables_[rank][block].first + i] = input(rank, block, i);
      }
      for (uint64_t i = 0; gathers_ && i < lengths_[rank]; ++i)
        own_[rank][i] = input(rank, rank, i);
    }
  }

  LanesCall call(int rank, uint32_t sequence) {
    int32_t* const all = all_[rank].data();
    int32_t* const own = inPlace_ ? all + tables_[rank][rank].first : own_[rank].data();
    LanesCall made;
    made.input = gathers_ ? own : all;
    made.output = gathers_ ? all : own;
    made.elementBytes = sizeof(int32_t);
    made.kernels = reduce::find(DataType::kInt32, RedOp::kSum);
    made.tag = OpTag(sequence, 77);
    made.blocks = tables_[rank];
    return made;
  }

  [[nodiscard]] uint64_t wrongElements() const {
    uint64_t wrong = 0;
    for (int rank = 0; rank < n_; ++rank) {
      std::vector<int32_t> all(all_[rank].size(), kGarbage), own(own_[rank].size(), kGarbage);
      for (int block = 0; block < n_; ++block) {
        for (uint64_t i = 0; i < lengths_[block]; ++i) {
          const bool isResult = gathers_ || (inPlace_ && block == rank);
          all[tables_[rank][block].first + i] = isResult ? result(block, i) : input(rank, block, i);
          if (block == rank && (gathers_ || !inPlace_)) own[i] = result(block, i);
        }
      }
      for (size_t i = 0; i < all.size(); ++i) wrong += all[i] != all_[rank][i] ? 1 : 0;
      for (size_t i = 0; i < own.size(); ++i) wrong += own[i] != own_[rank][i] ? 1 : 0;
    }
    return wrong;
  }

 private:
  static int32_t input(int rank, int block, uint64_t i) {
    return valueAt<int32_t>(rank, i + static_cast<uint64_t>(block) * 1000);
  }
  [[nodiscard]] int32_t result(int block, uint64_t i) const {
    if (gathers_) return input(block, block, i);
    int32_t sum = 0;
    for (int rank = 0; rank < n_; ++rank) sum += input(rank, block, i);
    return sum;
  }

  bool gathers_, inPlace_;
  Lengths lengths_;
  int n_;
  std::vector<std::vector<ElementRange>> tables_;  // by rank
  std::vector<std::vector<int32_t>> all_, own_;    // each rank's buffers
};

std::vector<Lengths> lengthsFor(int ranks) {
  const auto with = [ranks](auto lengthOf) {
    Lengths lengths;
    for (int block = 0; block < ranks; ++block) lengths.push_back(lengthOf(block));
    return lengths;
  };
  return {with([](int) { return 0; }),
          with([](int) { return 5; }),
          with([](int block) { return block % 3 == 1 ? 0 : block + 1; }),
          with([](int block) { return block == 1 ? kLongBlock : 1; }),
          with([](int block) { return block == 0 ? 1009 : 0; }),
          with([](int block) { return 997 * (block + 1); })};
}

void checkCalls(const schedule::Schedule& schedule, size_t slotBytes) {
  RankGroup group(schedule, {slotBytes, 2, true, test::testSeed()}, slotBytes,
                  BlockLengths::kDifferent);
  uint32_t sequence = 0;
  for (const Lengths& lengths : lengthsFor(schedule.rankCount)) {
    for (const bool inPlace : {false, true}) {
      SCOPED_TRACE(testing::Message()
                   << schedule.name << " " << name(schedule.collective) << " ranks "
                   << schedule.rankCount << " lengths " << testing::PrintToString(lengths)
                   << " slot " << slotBytes << " in place " << inPlace);
      TableCalls calls(schedule.collective, lengths, inPlace);
      ++sequence;
      for (int rank = 0; rank < schedule.rankCount; ++rank)
        ASSERT_TRUE(group.begin(rank, calls.call(rank, sequence)).ok());
      for (const Progress end : group.run()) ASSERT_EQ(end, Progress::kDone);
      ASSERT_TRUE(group.fabric().isEmpty());
      ASSERT_EQ(calls.wrongElements(), 0u);
    }
  }
}

TEST(BlockTableTest, EveryScheduleGivesExactResults) {
  for (const Algorithm algorithm : algo::kAllAlgorithms) {
    for (const Collective collective : {Collective::kAllGather, Collective::kReduceScatter}) {
      if (!algo::supports(algorithm, collective)) continue;
      for (const int ranks : kRanks) {
        const auto schedule = algo::generate(algorithm, collective, ranks).value();
        for (const size_t slotBytes : {256, 8192}) {
          checkCalls(schedule, slotBytes);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Blocks of two chunks, which a schedule of ours does not have.
TEST(BlockTableTest, BlocksMayHaveSeveralChunks) {
  schedule::ScheduleBuilder builder("halves", Collective::kAllGather, 2);
  builder.chunks(2, 4);
  for (int rank = 0; rank < 2; ++rank) {
    for (uint32_t chunk = 0; chunk < 2; ++chunk) {
      schedule::LaneBuilder lane = builder.lane(rank, chunk, 1 - rank, 1 - rank);
      lane.send(schedule::input(chunk));
      lane.copy(schedule::input(chunk), schedule::output(2 * static_cast<uint32_t>(rank) + chunk));
      lane.recv(schedule::output(2 * static_cast<uint32_t>(1 - rank) + chunk));
    }
  }
  checkCalls(std::move(builder).build().value(), 64);
}

TEST(BlockTableTest, CallsMustSuitTheProgram) {
  const auto ring = algo::generate(Algorithm::kRing, Collective::kAllGather, 2).value();
  TableCalls calls(Collective::kAllGather, {1, 2}, false);
  RankGroup equal(ring, {64, 2, true, 1}, 64);
  EXPECT_THAT(std::string(equal.begin(0, calls.call(0, 1)).message()),
              HasSubstr("2 blocks in a call of a program for 0"));
  RankGroup different(ring, {64, 2, true, 1}, 64, BlockLengths::kDifferent);
  LanesCall without = calls.call(0, 1);
  without.blocks = {};
  EXPECT_THAT(std::string(different.begin(0, without).message()),
              HasSubstr("0 blocks in a call of a program for 2"));
  EXPECT_TRUE(different.begin(0, calls.call(0, 1)).ok());
}

TEST(BlockTableTest, OtherCollectivesHaveNoTable) {
  for (const Collective collective : {Collective::kAllReduce, Collective::kAllToAll}) {
    const auto direct = algo::generate(Algorithm::kDirect, collective, 3).value();
    EXPECT_THAT(
        std::string(
            CompiledProgram::compile(direct, 0, BlockLengths::kDifferent).status().message()),
        HasSubstr("no blocks that all ranks know the lengths of"));
  }
}

}  // namespace
}  // namespace inccl::exec
