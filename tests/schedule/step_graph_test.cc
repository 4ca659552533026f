// Matching of messages, orders of execution, deadlocks and lengths.
#include "schedule/step_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_schedule.h"
#include "schedule/chunk_lengths.h"

namespace inccl::schedule {
namespace {

using ::testing::HasSubstr;

std::string orderFailure(const Schedule& schedule, uint32_t slots) {
  const Result<StepGraph> graph = StepGraph::build(schedule);
  if (!graph.ok()) return std::string(graph.status().message());
  return std::string(graph.value().order(slots).status().message());
}

// n ranks in a ring, each starting `ahead` messages before it passes others on.
Schedule passRound(int n, int ahead) {
  ScheduleBuilder builder("round", Collective::kBarrier, n);
  builder.chunks(1, 0, 8);
  for (int rank = 0; rank < n; ++rank) {
    LaneBuilder lane = builder.lane(rank, 0, (rank + 1) % n, (rank + n - 1) % n);
    for (int i = 0; i < ahead; ++i) lane.send(input(0));
    for (int i = 0; i < 4; ++i) lane.recvCopySend(scratch(i));
    for (int i = 0; i < ahead; ++i) lane.recv(scratch(i));
  }
  return std::move(builder).build().value();
}

TEST(StepGraphTest, MatchesTheKthSendWithTheKthReceive) {
  const Schedule schedule = passRound(3, 1);
  const StepGraph graph = StepGraph::build(schedule).value();
  EXPECT_EQ(graph.stepCount(), 18u);
  for (uint32_t step = 1; step < 6; ++step) {
    const StepId receiver = graph.find({1, 0, step});
    EXPECT_EQ(graph.place(receiver), (StepPlace{1, 0, step}));
    EXPECT_EQ(graph.place(graph.senderOf(receiver)), (StepPlace{0, 0, step - 1}));
  }
  EXPECT_EQ(graph.senderOf(graph.find({2, 0, 0})), kNoStep);
}

TEST(StepGraphTest, OrderRespectsLanesDependenciesAndMessages) {
  const Schedule schedule = everyWord();
  const StepGraph graph = StepGraph::build(schedule).value();
  const std::vector<StepId> order = graph.order(2).value();
  ASSERT_EQ(order.size(), graph.stepCount());
  std::vector<size_t> position(order.size());
  for (size_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  size_t edges = 0;
  for (StepId id = 0; id < graph.stepCount(); ++id) {
    graph.forEachPredecessor(id, [&](StepId before) {
      ++edges;
      EXPECT_LT(position[before], position[id]);
    });
  }
  EXPECT_GT(edges, 30u);
}

TEST(StepGraphTest, ARingNeedsTwoSlots) {
  for (const int n : {2, 3, 8}) {
    EXPECT_EQ(orderFailure(passRound(n, 1), 2), "") << n;
    EXPECT_THAT(orderFailure(passRound(n, 1), 1), HasSubstr("deadlock with 1 slots per channel"));
    EXPECT_EQ(orderFailure(passRound(n, 2), 3), "") << n;
    EXPECT_THAT(orderFailure(passRound(n, 2), 2), HasSubstr("deadlock with 2 slots per channel"))
        << n;
  }
}

TEST(StepGraphTest, SayWhoWaitsForWhom) {
  ScheduleBuilder builder("x", Collective::kBarrier, 2);
  builder.chunks(1, 0, 1);
  for (int rank = 0; rank < 2; ++rank) {
    LaneBuilder lane = builder.lane(rank, 0, 1 - rank, 1 - rank);
    lane.recv(scratch(0));
    lane.send(input(0));
  }
  EXPECT_EQ(orderFailure(std::move(builder).build().value(), 2),
            "deadlock with 2 slots per channel: rank 0 lane 0 step 0 (recv) waits for "
            "rank 1 lane 0 step 1 (send) waits for rank 1 lane 0 step 0 (recv) waits for "
            "rank 0 lane 0 step 1 (send) waits for rank 0 lane 0 step 0 (recv)");
}

TEST(StepGraphTest, RefusesMessagesWithoutPartner) {
  Schedule schedule = twoRankGather();
  schedule.ranks[1].lanes[0].steps.pop_back();
  EXPECT_EQ(orderFailure(schedule, 2),
            "rank 0 lane 0 step 0 (send): rank 1 has no receive for this message on channel 3");
  schedule = twoRankGather();
  schedule.ranks[0].lanes[0].steps[0].kind = StepKind::kNop;
  schedule.ranks[0].lanes[0].steps[0].sources.clear();
  EXPECT_EQ(orderFailure(schedule, 2),
            "rank 1 lane 0 step 1 (recv): rank 0 sends no such message on channel 3");
  schedule = twoRankGather();
  schedule.ranks[0].lanes[0].channel = 4;
  EXPECT_FALSE(StepGraph::build(schedule).ok());
}

Result<std::vector<uint32_t>> lengths(const Schedule& schedule,
                                      BlockLengths blocks = BlockLengths::kEqual) {
  const StepGraph graph = StepGraph::build(schedule).value();
  return inferLengthClasses(graph, graph.order(2).value(), blocks);
}

// Rank 0 sends input chunk `chunk`; rank 1 keeps it in scratch and copies it to output chunk 2.
Schedule throughScratch(uint32_t chunk) {
  ScheduleBuilder builder("x", Collective::kAllReduce, 2);
  builder.chunks(3, 3, 1);
  builder.lane(0, 0, 1).send(input(chunk));
  LaneBuilder lane = builder.lane(1, 0, -1, 0);
  lane.recv(scratch(0));
  lane.copy(scratch(0), output(2));
  return std::move(builder).build().value();
}

TEST(ChunkLengthsTest, FollowTheDataThroughMessagesAndScratch) {
  EXPECT_EQ(lengths(throughScratch(2)).value(), (std::vector<uint32_t>{2, 2, 2}));
}

TEST(ChunkLengthsTest, RefuseChunksOfDifferentLengthInOnePlace) {
  EXPECT_EQ(lengths(throughScratch(1)).status().message(),
            "rank 1 lane 0 step 1 (copy): output chunk 2 has the length of chunk 2, what meets it "
            "that of chunk 1");
  Schedule schedule = throughScratch(2);
  schedule.ranks[1].lanes[0].steps[1] = {
      StepKind::kReduce, {scratch(0), input(1)}, output(2), {}, std::nullopt};
  EXPECT_FALSE(lengths(schedule).ok());
}

TEST(ChunkLengthsTest, RefuseScratchThatHoldsNothing) {
  Schedule schedule = throughScratch(2);
  std::vector<Step>& steps = schedule.ranks[1].lanes[0].steps;
  std::swap(steps[0], steps[1]);
  EXPECT_THAT(std::string(lengths(schedule).status().message()),
              HasSubstr("reads scratch chunk 0 before anything was written"));
}

TEST(ChunkLengthsTest, BlocksOfAnAllGatherRepeatTheChunksOfOneRank) {
  Schedule schedule;
  schedule.collective = Collective::kAllGather;
  schedule.inputChunks = 3;
  EXPECT_EQ(lengthClass(schedule, 0, output(3 * 5 + 2)), 2u);
  EXPECT_EQ(lengthClass(schedule, 0, input(1)), 1u);
}

// Rank 0 sends its block of two chunks; rank 1 keeps it by way of scratch, in the chunks from
// `first`.
Schedule halfAGather(uint32_t first) {
  ScheduleBuilder builder("x", Collective::kAllGather, 2);
  builder.chunks(2, 4, 2);
  for (uint32_t chunk = 0; chunk < 2; ++chunk) {
    builder.lane(0, 0, 1).send(input(chunk));
    LaneBuilder lane = builder.lane(1, 0, -1, 0);
    lane.recv(scratch(chunk));
    lane.copy(scratch(chunk), output(first + chunk));
  }
  builder.lane(1, 0).copy(input(1), output(3));
  return std::move(builder).build().value();
}

TEST(ChunkLengthsTest, OfDifferentBlocksTellBlockAndChunk) {
  EXPECT_EQ(lengths(halfAGather(0)).value(), (std::vector<uint32_t>{0, 1, 0, 0, 1, 1, 1}));
  EXPECT_EQ(lengths(halfAGather(0), BlockLengths::kDifferent).value(),
            (std::vector<uint32_t>{0, 1, 0, 0, 1, 1, 3}));
}

TEST(ChunkLengthsTest, RefuseToMixBlocksOfDifferentLengths) {
  EXPECT_TRUE(lengths(halfAGather(2)).ok());
  EXPECT_EQ(lengths(halfAGather(2), BlockLengths::kDifferent).status().message(),
            "rank 1 lane 0 step 1 (copy): output chunk 2 has the length of chunk 2, what meets it "
            "that of chunk 0");
}

TEST(ChunkLengthsTest, OnlyGatheringAndScatteringCallsSayLengthsOfBlocks) {
  EXPECT_EQ(lengths(throughScratch(2), BlockLengths::kDifferent).status().message(),
            "all_reduce has no blocks that all ranks know the lengths of");
}

}  // namespace
}  // namespace inccl::schedule
