// The verifier's refusals, one wrong schedule for each, and the acceptances that lie close to them.
#include "verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/builder.h"

namespace inccl::verify {
namespace {

using namespace schedule;
using ::testing::HasSubstr;

std::string refusal(const Schedule& schedule, VerifyOptions options = {}) {
  const Status status = verify(schedule, options);
  EXPECT_EQ(status.code(), status.ok() ? Code::kOk : Code::kInvalidArgument);
  return std::string(status.message());
}

// All-reduce of two ranks that exchange their vectors; each adds the other's to its own.
Schedule exchange() {
  ScheduleBuilder builder("exchange", Collective::kAllReduce, 2);
  builder.chunks(1, 1);
  for (int rank = 0; rank < 2; ++rank) {
    LaneBuilder lane = builder.lane(rank, 0, 1 - rank, 1 - rank);
    lane.send(input(0));
    lane.recvReduceCopy(input(0), output(0));
  }
  return std::move(builder).build().value();
}

// Each of three ranks receives the others' vectors and adds them in the order in which they come.
Schedule allPairsInOrderOfArrival() {
  ScheduleBuilder builder("pairs", Collective::kAllReduce, 3);
  builder.chunks(1, 1);
  for (int rank = 0; rank < 3; ++rank) {
    const int next = (rank + 1) % 3, previous = (rank + 2) % 3;
    LaneBuilder up = builder.lane(rank, 0, next, previous);
    LaneBuilder down = builder.lane(rank, 1, previous, next);
    up.send(input(0));
    down.send(input(0));
    const StepRef first = up.recvReduceCopy(input(0), output(0));
    down.recvReduceCopy(output(0), output(0), {first});
  }
  return std::move(builder).build().value();
}

Step& step(Schedule& s, int rank, int lane, int index) {
  return s.ranks[rank].lanes[lane].steps[index];
}

TEST(VerifyTest, AcceptsAnExchangeBothWays) {
  EXPECT_EQ(refusal(exchange()), "");
  EXPECT_EQ(refusal(exchange(), {.inPlace = true}), "");
  EXPECT_TRUE(verifyBothWays(exchange()).ok());
}

TEST(VerifyTest, DifferentTreesAreRefusedForFloatingSumsOnly) {
  EXPECT_EQ(
      refusal(allPairsInOrderOfArrival()),
      "rank 1 lane 1 step 1 (recvReduceCopy): output chunk 0, written last here, is summed in "
      "another order than on rank 0: (r2 + (r0 + r1)) against (r1 + (r0 + r2)); "
      "floating-point sums and products would differ between ranks, so limit the schedule to "
      "integers or to min and max");
  using Types = std::vector<DataType>;
  using Ops = std::vector<RedOp>;
  struct Case {
    Types types;
    Ops ops;
    bool accepted;
  };
  const Case cases[] = {
      {{DataType::kInt32, DataType::kUint8, DataType::kInt64}, {}, true},
      {{}, {RedOp::kMin, RedOp::kMax}, true},
      {{DataType::kFloat32}, {RedOp::kMax}, true},
      {{DataType::kInt32}, {RedOp::kSum}, true},
      {{DataType::kInt32, DataType::kFloat32}, {}, false},
      {{DataType::kBfloat16}, {RedOp::kProd}, false},
      {{}, {RedOp::kMin, RedOp::kAvg}, false},
  };
  for (const auto& [types, ops, accepted] : cases) {
    Schedule schedule = allPairsInOrderOfArrival();
    schedule.types = types;
    schedule.ops = ops;
    EXPECT_EQ(verify(schedule).ok(), accepted);
    EXPECT_EQ(needsEqualTrees(schedule), !accepted);
  }
}

// In one step 16-bit floats are rounded once, in two steps twice.
TEST(VerifyTest, ReduceManyEqualsReducesInStepsForWideTypesOnly) {
  ScheduleBuilder builder("mixed", Collective::kAllReduce, 3);
  builder.chunks(1, 1, 2);
  for (int rank = 0; rank < 3; ++rank) {
    std::vector<ChunkRef> inOrder(3);
    inOrder[rank] = input(0);
    LaneBuilder::After arrivals;
    for (int d = 1; d < 3; ++d) {
      const int peer = (rank + d) % 3;
      LaneBuilder lane = builder.lane(rank, 0, peer, peer);
      lane.send(input(0));
      arrivals.push_back(lane.recv(scratch(d - 1)));
      inOrder[peer] = scratch(d - 1);
    }
    LaneBuilder local = builder.lane(rank, 0);
    if (rank == 0) {
      local.reduce(inOrder[0], inOrder[1], output(0), arrivals);
      local.reduce(output(0), inOrder[2], output(0));
    } else {
      local.reduceMany(inOrder, output(0), arrivals);
    }
  }
  Schedule schedule = std::move(builder).build().value();
  EXPECT_THAT(refusal(schedule), HasSubstr("is summed in another order"));
  schedule.types = {DataType::kFloat32, DataType::kFloat64};
  EXPECT_EQ(refusal(schedule), "");
}

TEST(VerifyTest, RefusesContributionsThatAreMissingDoubledOrForeign) {
  Schedule missing = exchange();
  step(missing, 1, 0, 1) = {StepKind::kRecv, {}, output(0), {}, {}};
  EXPECT_EQ(refusal(missing),
            "rank 1 lane 0 step 1 (recv): output chunk 0, written last here, lacks "
            "input chunk 0 of rank 1");
  Schedule doubled = exchange();
  doubled.ranks[1].lanes[0].steps.push_back(
      {StepKind::kReduce, {output(0), input(0)}, output(0), {}, {}});
  EXPECT_EQ(refusal(doubled),
            "rank 1 lane 0 step 2 (reduce): output chunk 0, written last here, holds "
            "input chunk 0 of rank 1 more than once");
  Schedule unwritten = exchange();
  unwritten.inputChunks = unwritten.outputChunks = 2;
  EXPECT_EQ(refusal(unwritten), "rank 0: output chunk 1 is never written");
}

TEST(VerifyTest, RefusesReadingWhatHoldsNothing) {
  Schedule schedule = exchange();
  step(schedule, 0, 0, 0).sources[0] = output(0);
  EXPECT_EQ(refusal(schedule),
            "rank 0 lane 0 step 0 (send): reads output chunk 0, which holds nothing yet");
  EXPECT_EQ(refusal(schedule, {.inPlace = true}), "");  // there it holds the input
  ScheduleBuilder builder("wrong source", Collective::kBroadcast, 2);
  builder.root(0).chunks(1, 1);
  builder.lane(1, 0, 0).send(input(0));
  builder.lane(0, 0, -1, 1).recv(output(0));
  EXPECT_THAT(refusal(std::move(builder).build().value()),
              HasSubstr("rank 1 lane 0 step 0 (send): reads input chunk 0, which holds nothing"));
}

TEST(VerifyTest, RefusesDeadlocks) {
  Schedule schedule = exchange();
  for (int rank = 0; rank < 2; ++rank)
    std::swap(step(schedule, rank, 0, 0), step(schedule, rank, 0, 1));
  EXPECT_THAT(refusal(schedule),
              HasSubstr("deadlock with 2 slots per channel: rank 0 lane 0 step 0"));
  // Three messages each way before anyone receives: more than two slots hold.
  ScheduleBuilder builder("flood", Collective::kAllGather, 2);
  builder.chunks(3, 6);
  for (int rank = 0; rank < 2; ++rank) {
    LaneBuilder lane = builder.lane(rank, 0, 1 - rank, 1 - rank);
    for (int i = 0; i < 3; ++i) lane.send(input(i));
    for (int i = 0; i < 3; ++i) lane.recv(output(3 * (1 - rank) + i));
    for (int i = 0; i < 3; ++i) lane.copy(input(i), output(3 * rank + i));
  }
  const Schedule flood = std::move(builder).build().value();
  EXPECT_THAT(refusal(flood), HasSubstr("deadlock with 2 slots"));
  EXPECT_EQ(refusal(flood, {.slotsPerChannel = 3}), "");
}

TEST(VerifyTest, RefusesRacesBetweenLanes) {
  Schedule schedule = allPairsInOrderOfArrival();
  schedule.types = {DataType::kInt32};
  step(schedule, 2, 1, 1).after.clear();
  EXPECT_EQ(refusal(schedule),
            "rank 2 lane 0 step 1 (recvReduceCopy): writes output chunk 0 in no fixed order with "
            "rank 2 lane 1 step 1 (recvReduceCopy), which reads output chunk 0");
  // A message that goes round orders nothing in memory.
  ScheduleBuilder builder("echo", Collective::kBroadcast, 2);
  builder.root(0).chunks(1, 1, 1);
  builder.lane(0, 0, 1).send(output(0), {StepRef{1, 0}});
  builder.lane(0, 1).copy(input(0), output(0));
  LaneBuilder echo = builder.lane(1, 0, 0, 0);
  echo.recvCopySend(output(0));
  builder.lane(0, 0, -1, 1).recv(output(0));
  EXPECT_THAT(refusal(std::move(builder).build().value()),
              HasSubstr("writes output chunk 0 in no fixed order"));
}

TEST(VerifyTest, InPlaceHazardsAreRefusedInPlaceOnly) {
  // The sum overwrites the input before it was sent.
  ScheduleBuilder late("late", Collective::kAllReduce, 2);
  late.chunks(1, 1);
  LaneBuilder first = late.lane(0, 0, 1, 1);
  first.send(input(0));
  first.recvReduceCopy(input(0), output(0));
  LaneBuilder second = late.lane(1, 0, 0, 0);
  second.recvReduceCopy(input(0), output(0));
  second.send(input(0));
  const Schedule tooLate = std::move(late).build().value();
  EXPECT_EQ(refusal(tooLate), "");
  EXPECT_THAT(refusal(tooLate, {.inPlace = true}),
              HasSubstr("holds input chunk 0 of rank 0 more than once"));
  EXPECT_THAT(std::string(verifyBothWays(tooLate).message()), HasSubstr("in place: "));

  // Sent by one lane while another overwrites it.
  Schedule race = allPairsInOrderOfArrival();
  race.types = {DataType::kInt32};
  EXPECT_EQ(refusal(race), "");
  EXPECT_THAT(refusal(race, {.inPlace = true}), HasSubstr("in no fixed order"));
}

TEST(VerifyTest, CopyOntoItselfIsNoAccess) {
  ScheduleBuilder builder("gather", Collective::kAllGather, 2);
  builder.chunks(1, 2);
  for (int rank = 0; rank < 2; ++rank) {
    builder.lane(rank, 0).copy(input(0), output(rank));
    LaneBuilder lane = builder.lane(rank, 0, 1 - rank, 1 - rank);
    lane.send(input(0));
    lane.recv(output(1 - rank));
  }
  EXPECT_TRUE(verifyBothWays(std::move(builder).build().value()).ok());
}

TEST(VerifyTest, RefusesUnmatchedMessagesLengthsAndSwitches) {
  Schedule unmatched = exchange();
  unmatched.ranks[0].lanes[0].steps.pop_back();
  EXPECT_THAT(refusal(unmatched), HasSubstr("rank 1 lane 0 step 0 (send): rank 0 has no receive"));

  ScheduleBuilder uneven("uneven", Collective::kBroadcast, 2);
  uneven.root(0).chunks(2, 2);
  for (const uint32_t chunk : {0u, 1u}) {
    uneven.lane(0, 0, 1).send(input(chunk));
    uneven.lane(0, 1).copy(input(chunk), output(chunk));
    uneven.lane(1, 0, -1, 0).recv(output(1 - chunk));
  }
  EXPECT_THAT(refusal(std::move(uneven).build().value()), HasSubstr("has the length of chunk"));

  ScheduleBuilder network("switch", Collective::kAllReduce, 1);
  network.chunks(1, 1);
  network.lane(0, 0).add({StepKind::kAggregate,
                          {input(0)},
                          output(0),
                          {},
                          Aggregate{AggregateMode::kBoth, "sw", 0, {0}, {0}}});
  EXPECT_THAT(refusal(std::move(network).build().value()), HasSubstr("cannot be verified"));
}

TEST(VerifyTest, ABarrierIsLeftByNobodyBeforeAllHaveEntered) {
  const auto circle = [](int rounds) {
    ScheduleBuilder builder("circle", Collective::kBarrier, 4);
    builder.chunks(1, 0, 1);
    for (int rank = 0; rank < 4; ++rank) {
      LaneBuilder lane = builder.lane(rank, 0, (rank + 1) % 4, (rank + 3) % 4);
      for (int round = 0; round < rounds; ++round) {
        lane.send(input(0));
        lane.recv(scratch(0));
      }
    }
    return std::move(builder).build().value();
  };
  EXPECT_EQ(refusal(circle(3)), "");
  EXPECT_EQ(refusal(circle(2)), "rank 0 may leave the barrier before rank 1 has entered it");
}

TEST(VerifyTest, RefusesWhatIsNotWellFormed) {
  Schedule schedule = exchange();
  schedule.ranks[0].lanes[0].steps[0].sources[0].index = 9;
  EXPECT_THAT(refusal(schedule), HasSubstr("input chunk 9 does not exist"));
  EXPECT_FALSE(verify(Schedule{}).ok());
}

}  // namespace
}  // namespace inccl::verify
