// Which places are one, in place and out of place.
#include "verify/memory.h"

#include <gtest/gtest.h>

#include <set>

#include "schedule/builder.h"

namespace inccl::verify {
namespace {

using namespace schedule;

Schedule layout(Collective collective, uint32_t inputs, uint32_t outputs, int root = -1) {
  Schedule schedule;
  schedule.collective = collective;
  schedule.rankCount = 3;
  schedule.root = root;
  schedule.inputChunks = inputs;
  schedule.outputChunks = outputs;
  schedule.scratchChunks = 2;
  return schedule;
}

// The pairs (input chunk, output chunk) of `rank` that are one place. No other two chunks are.
std::set<std::pair<uint32_t, uint32_t>> shared(const Schedule& schedule, int rank) {
  const MemoryMap memory(schedule, true);
  std::set<std::pair<uint32_t, uint32_t>> pairs;
  std::set<Cell> cells;
  for (uint32_t i = 0; i < schedule.inputChunks; ++i) {
    EXPECT_TRUE(cells.insert(memory.cell(rank, input(i))).second);
    for (uint32_t o = 0; o < schedule.outputChunks; ++o) {
      if (memory.cell(rank, input(i)) == memory.cell(rank, output(o))) pairs.emplace(i, o);
    }
  }
  for (uint32_t o = 0; o < schedule.outputChunks; ++o) cells.insert(memory.cell(rank, output(o)));
  for (uint32_t s = 0; s < schedule.scratchChunks; ++s)
    EXPECT_TRUE(cells.insert(memory.cell(rank, scratch(s))).second);
  EXPECT_EQ(cells.size(), memory.cellCount() - pairs.size());
  EXPECT_LT(*cells.rbegin(), memory.cellCount());
  return pairs;
}

using Pairs = std::set<std::pair<uint32_t, uint32_t>>;

TEST(MemoryMapTest, EqualBuffersAreOne) {
  EXPECT_EQ(shared(layout(Collective::kAllReduce, 2, 2), 1), (Pairs{{0, 0}, {1, 1}}));
  for (int rank = 0; rank < 3; ++rank) {
    const Pairs expected = rank == 2 ? Pairs{{0, 0}, {1, 1}} : Pairs{};
    EXPECT_EQ(shared(layout(Collective::kReduce, 2, 2, 2), rank), expected);
    EXPECT_EQ(shared(layout(Collective::kBroadcast, 2, 2, 2), rank), expected);
  }
}

TEST(MemoryMapTest, TheSmallerBufferIsTheOwnBlockOfTheLarger) {
  for (uint32_t rank = 0; rank < 3; ++rank) {
    const int it = static_cast<int>(rank);
    const Pairs inOutput = {{0, 2 * rank}, {1, 2 * rank + 1}};
    const Pairs inInput = {{2 * rank, 0}, {2 * rank + 1, 1}};
    EXPECT_EQ(shared(layout(Collective::kAllGather, 2, 6), it), inOutput);
    EXPECT_EQ(shared(layout(Collective::kReduceScatter, 6, 2), it), inInput);
    EXPECT_EQ(shared(layout(Collective::kGather, 2, 6, it), it), inOutput);
    EXPECT_EQ(shared(layout(Collective::kScatter, 6, 2, it), it), inInput);
    EXPECT_EQ(shared(layout(Collective::kGather, 2, 6, (it + 1) % 3), it), Pairs{});
    EXPECT_EQ(shared(layout(Collective::kScatter, 6, 2, (it + 1) % 3), it), Pairs{});
  }
}

TEST(MemoryMapTest, AnAllToAllHasNoFormInPlace) {
  EXPECT_EQ(shared(layout(Collective::kAllToAll, 6, 6), 1), Pairs{});
}

TEST(MemoryMapTest, OutOfPlaceNothingIsShared) {
  for (const auto& schedule :
       {layout(Collective::kAllReduce, 2, 2), layout(Collective::kAllGather, 2, 6),
        layout(Collective::kReduceScatter, 6, 2)}) {
    const MemoryMap memory(schedule, false);
    std::set<Cell> cells;
    for (uint32_t i = 0; i < schedule.inputChunks; ++i) cells.insert(memory.cell(1, input(i)));
    for (uint32_t o = 0; o < schedule.outputChunks; ++o) cells.insert(memory.cell(1, output(o)));
    for (uint32_t s = 0; s < schedule.scratchChunks; ++s) cells.insert(memory.cell(1, scratch(s)));
    EXPECT_EQ(cells.size(), memory.cellCount());
  }
}

}  // namespace
}  // namespace inccl::verify
