// What goes wrong around lanes, and what they say then; and that they allocate nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "algo/algorithm.h"
#include "rank_group.h"
#include "schedule/builder.h"
#include "support/fail_nth_allocation.h"
#include "support/seed.h"

namespace inccl::exec {
namespace {

using algo::Algorithm;
using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::ScheduleBuilder;
using schedule::scratch;
using ::testing::HasSubstr;
using transport::Progress;

schedule::Schedule allReduce(Algorithm algorithm, int ranks) {
  return algo::generate(algorithm, Collective::kAllReduce, ranks).value();
}

// `count` ints per rank, each with its own tag.
std::vector<Algorithm> allReducers() {
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : algo::kAllAlgorithms) {
    if (algo::supports(algorithm, Collective::kAllReduce)) algorithms.push_back(algorithm);
  }
  return algorithms;
}

struct IntCalls {
  IntCalls(RankGroup& group, size_t count, const std::vector<OpTag>& tags)
      : inputs(group.size(), std::vector<int32_t>(count, 1)),
        outputs(group.size(), std::vector<int32_t>(count, -1)) {
    for (int rank = 0; rank < group.size(); ++rank) {
      const LanesCall call{inputs[rank].data(),
                           outputs[rank].data(),
                           {},
                           count,
                           4,
                           reduce::find(DataType::kInt32, RedOp::kSum),
                           tags[rank]};
      EXPECT_TRUE(group.begin(rank, call).ok());
    }
  }
  std::vector<std::vector<int32_t>> inputs, outputs;
};

TEST(LanesFailureTest, AnotherTagIsAMismatchThatNamesItsSender) {
  for (const Algorithm algorithm : allReducers()) {
    for (const bool lazy : {false, true}) {
      const OpTag right(4, 1), wrong(4, 2);
      RankGroup group(allReduce(algorithm, 3), {64, 2, lazy, test::testSeed()}, 64);
      IntCalls calls(group, 100, {right, wrong, right});
      std::fill(calls.inputs[1].begin(), calls.inputs[1].end(), 100);
      // Rank 1 goes first, so that it sends before it can see that it is alone.
      EXPECT_EQ(group.operation(1).step(), Progress::kPending);
      const std::vector<Progress> ends = group.run();
      EXPECT_THAT(ends, ::testing::Contains(Progress::kMismatch));
      if (!lazy) {
        EXPECT_TRUE(ends[0] == Progress::kMismatch || ends[2] == Progress::kMismatch);
      }
      for (int rank = 0; rank < 3; ++rank) {
        EXPECT_NE(ends[rank], Progress::kDone);
        // Rank 1's data was not looked at; sums of what the others sent may lie there.
        if (rank != 1) {
          EXPECT_THAT(calls.outputs[rank], ::testing::Each(::testing::Lt(100)))
              << algo::name(algorithm);
        }
        if (ends[rank] != Progress::kMismatch) continue;
        const int blamed = group.operation(rank).blamedRank();
        EXPECT_TRUE(rank == 1 ? blamed != 1 : blamed == 1) << rank << " blames " << blamed;
        EXPECT_EQ(group.operation(rank).failure().code(), Code::kInvalidUsage);
        EXPECT_EQ(group.operation(rank).step(), Progress::kMismatch);  // and stays so
      }
    }
  }
}

TEST(LanesFailureTest, AnotherCountIsAMismatch) {
  RankGroup group(allReduce(Algorithm::kRecursiveDoubling, 2), {64, 2, false, 1}, 64);
  std::vector<int32_t> memory(16, 1);
  for (int rank = 0; rank < 2; ++rank) {
    const LanesCall call{memory.data(),
                         memory.data() + 8,
                         {},
                         rank == 0 ? 5u : 6u,
                         4,
                         reduce::find(DataType::kInt32, RedOp::kSum),
                         OpTag(1, 1)};
    ASSERT_TRUE(group.begin(rank, call).ok());
  }
  for (const Progress end : group.run()) EXPECT_EQ(end, Progress::kMismatch);
}

TEST(LanesFailureTest, ABrokenChannelIsBrokenAndNamesItsPeer) {
  for (const Algorithm algorithm : allReducers()) {
    for (const bool towardsRank1 : {false, true}) {
      RankGroup group(allReduce(algorithm, 2), {64, 2, false, 1}, 64);
      const IntCalls calls(group, 100, {OpTag(1, 1), OpTag(1, 1)});
      group.fabric().fifo(towardsRank1 ? 0 : 1, towardsRank1 ? 1 : 0, 0).cut();
      const std::vector<Progress> ends = group.run();
      EXPECT_THAT(ends, ::testing::Each(Progress::kBroken)) << algo::name(algorithm);
      for (int rank = 0; rank < 2; ++rank) {
        EXPECT_EQ(group.operation(rank).blamedRank(), 1 - rank);
        EXPECT_EQ(group.operation(rank).failure().message(), "the line was cut");
      }
    }
  }
}

TEST(LanesFailureTest, ALineThatBreaksWhileRoomIsNeededIsBroken) {
  RankGroup group(allReduce(Algorithm::kRing, 3), {64, 2, false, 1}, 64);
  const IntCalls calls(group, 12, {OpTag(1, 1), OpTag(1, 1), OpTag(1, 1)});
  EXPECT_EQ(group.operation(1).step(), Progress::kPending);  // its first message goes
  EXPECT_EQ(group.operation(0).step(), Progress::kPending);  // and there is one for it
  group.fabric().fifo(1, 2, 0).cut();
  EXPECT_EQ(group.operation(1).step(), Progress::kBroken);  // which it cannot pass on
  EXPECT_EQ(group.operation(1).blamedRank(), 2);
  EXPECT_EQ(group.operation(1).failure().message(), "the line was cut");
}

TEST(LanesFailureTest, ALineThatBreaksBeforeTheLastFlushIsBroken) {
  RankGroup group(algo::generate(Algorithm::kDirect, Collective::kBroadcast, 2, 0).value(),
                  {64, 2, true, 1}, 64);
  MemoryFifo& line = group.fabric().fifo(0, 1, 0);
  line.holdBack();
  int32_t value = 5;
  ASSERT_TRUE(group.begin(0, {&value, &value, {}, 1, 4, {}, OpTag(1, 1)}).ok());
  for (int turn = 0; turn < 50; ++turn) ASSERT_EQ(group.operation(0).step(), Progress::kPending);
  EXPECT_EQ(group.operation(0).steps(), 2u);  // all is sent and copied, but not gone
  EXPECT_EQ(group.operation(0).awaitedRank(), 1);
  std::vector<transport::WaitHandle> handles;
  group.operation(0).addWaitHandles(handles);
  ASSERT_EQ(handles.size(), 1u);
  EXPECT_EQ(handles[0].fd, 100);  // MemorySend's
  line.cut();
  EXPECT_EQ(group.operation(0).step(), Progress::kBroken);
  EXPECT_EQ(group.operation(0).blamedRank(), 1);
  EXPECT_EQ(group.operation(0).failure().message(), "the line was cut");
}

TEST(LanesFailureTest, TellsWhomItWaitsForAndOnWhat) {
  RankGroup group(allReduce(Algorithm::kRing, 3), {64, 2, false, 1}, 64);
  const IntCalls calls(group, 30, {OpTag(1, 1), OpTag(1, 1), OpTag(1, 1)});
  EXPECT_EQ(group.operation(1).step(), Progress::kPending);
  EXPECT_EQ(group.operation(1).awaitedRank(), 0);
  EXPECT_EQ(group.operation(1).steps(), 1u);
  EXPECT_EQ(group.operation(1).tag(), OpTag(1, 1));
  std::vector<transport::WaitHandle> handles;
  group.operation(1).addWaitHandles(handles);
  ASSERT_EQ(handles.size(), 1u);
  EXPECT_EQ(handles[0].fd, 200);  // MemoryRecv's

  // A root waits for room when its peer does not come.
  RankGroup flat(algo::generate(Algorithm::kDirect, Collective::kBroadcast, 2, 0).value(),
                 {64, 2, false, 1}, 64);
  std::vector<int32_t> data(1000, 1);
  ASSERT_TRUE(flat.begin(0, {data.data(), data.data(), {}, 1000, 4, {}, OpTag(1, 1)}).ok());
  EXPECT_EQ(flat.operation(0).step(), Progress::kPending);
  EXPECT_EQ(flat.operation(0).awaitedRank(), 1);
  handles.clear();
  flat.operation(0).addWaitHandles(handles);
  ASSERT_EQ(handles.size(), 1u);
  EXPECT_EQ(handles[0].fd, 100);  // MemorySend's
}

TEST(LanesFailureTest, ReturnsFromLongRunsToLetTheCallerLook) {
  RankGroup alone(allReduce(Algorithm::kRing, 1), {4096, 2, false, 1}, 4096);
  const size_t count = 3 * LanesOperation::kBytesPerStep / 4;
  const IntCalls calls(alone, count, {OpTag(1, 1)});
  int turns = 1;
  while (alone.operation(0).step() == Progress::kPending) ++turns;
  EXPECT_GE(turns, 3);
  EXPECT_EQ(calls.outputs[0], calls.inputs[0]);
}

TEST(LanesSetupTest, RefusesChannelsThatDoNotFit) {
  const auto program = std::make_shared<const CompiledProgram>(
      CompiledProgram::compile(allReduce(Algorithm::kRing, 2), 0).value());
  MemoryFabric fabric({64, 2, false, 1});
  const auto create = [&](std::vector<transport::SendChannel*> sends,
                          std::vector<transport::RecvChannel*> recvs, size_t messageBytes) {
    return std::string(
        LanesOperation::create(program, std::move(sends), std::move(recvs), messageBytes)
            .status()
            .message());
  };
  EXPECT_EQ(create({fabric.send(0, 1, 0)}, {fabric.recv(1, 0, 0)}, 64), "");
  EXPECT_THAT(create({fabric.send(0, 1, 0)}, {fabric.recv(1, 0, 0)}, 65),
              HasSubstr("needed are 2 of 65"));
  EXPECT_THAT(create({}, {fabric.recv(1, 0, 0)}, 64), HasSubstr("not those of the program"));
  EXPECT_THAT(create({nullptr}, {fabric.recv(1, 0, 0)}, 64), HasSubstr("no channel 0 to rank 1"));
  MemoryFabric narrow({64, 1, false, 1});
  EXPECT_THAT(create({narrow.send(0, 1, 0)}, {narrow.recv(1, 0, 0)}, 64),
              HasSubstr("1 slots of 64"));
}

TEST(LanesSetupTest, RefusesCallsThatDoNotFit) {
  RankGroup group(allReduce(Algorithm::kDirect, 2), {64, 2, false, 1}, 64);
  LanesOperation& operation = group.operation(0);
  std::vector<int32_t> data(100);
  LanesCall call{data.data(), data.data(), group.scratch(0),
                 100,         4,           reduce::find(DataType::kInt32, RedOp::kSum),
                 OpTag(1, 1)};
  EXPECT_TRUE(operation.begin(call).ok());
  LanesCall wide = call;
  wide.elementBytes = 65;
  EXPECT_FALSE(operation.begin(wide).ok());
  LanesCall noKernel = call;
  noKernel.kernels = {};
  EXPECT_EQ(operation.begin(noKernel).code(), Code::kInvalidArgument);
  LanesCall noScratch = call;
  noScratch.scratch = {};
  EXPECT_THAT(std::string(operation.begin(noScratch).message()),
              HasSubstr("scratch of 0 bytes, needed are 128"));
  noScratch.count = 0;  // empty messages need none
  EXPECT_TRUE(operation.begin(noScratch).ok());
}

TEST(CompiledProgramTest, NamesItsChannelsOnce) {
  const CompiledProgram program =
      CompiledProgram::compile(allReduce(Algorithm::kHalf, 4), 1).value();
  EXPECT_EQ(program.rank(), 1);
  EXPECT_EQ(program.collective(), Collective::kAllReduce);
  ASSERT_EQ(program.sendChannels().size(), 3u);
  EXPECT_EQ(program.sendChannels()[0], (ChannelKey{2, 0}));
  EXPECT_EQ(program.chunksPerSlice(), 4u);
  EXPECT_EQ(program.scratchBytes(100), 2u * 3 * 128);
  EXPECT_TRUE(program.reduces());
  EXPECT_TRUE(program.reducesMany());
}

TEST(CompiledProgramTest, RefusesWhatItCannotRun) {
  const schedule::Schedule ring = allReduce(Algorithm::kRing, 2);
  EXPECT_FALSE(CompiledProgram::compile(ring, 2).ok());
  EXPECT_FALSE(CompiledProgram::compile(ring, -1).ok());
  schedule::Schedule unmatched = ring;
  unmatched.ranks[1].lanes[0].steps.pop_back();
  EXPECT_FALSE(CompiledProgram::compile(unmatched, 0).ok());
  ScheduleBuilder network("switch", Collective::kAllReduce, 1);
  network.chunks(1, 1);
  network.lane(0, 0).add({schedule::StepKind::kAggregate,
                          {input(0)},
                          output(0),
                          {},
                          schedule::Aggregate{schedule::AggregateMode::kBoth, "sw", 0, {0}, {0}}});
  EXPECT_THAT(
      std::string(
          CompiledProgram::compile(std::move(network).build().value(), 0).status().message()),
      HasSubstr("lanes run no in-network steps"));
}

// Scratch chunk 0 is filled by one lane and emptied by another, slice after slice. A lane that ran
// ahead would overwrite it.
TEST(LanesScratchTest, LanesDoNotRunIntoEachOthersSlices) {
  ScheduleBuilder builder("relay", Collective::kBroadcast, 3);
  builder.root(0).chunks(1, 1, 1);
  builder.lane(0, 0, 1).send(input(0));
  builder.lane(0, 1).copy(input(0), output(0));
  const schedule::StepRef filled = builder.lane(1, 0, -1, 0).recv(scratch(0));
  builder.lane(1, 0, 2).send(scratch(0), {filled});
  builder.lane(1, 1).copy(scratch(0), output(0), {filled});
  builder.lane(2, 0, -1, 1).recv(output(0));
  const schedule::Schedule relay = std::move(builder).build().value();
  for (uint64_t trial = 0; trial < 20; ++trial) {
    RankGroup group(relay, {64, 2, true, test::testSeed() + trial}, 64);
    std::vector<std::vector<int32_t>> memory(3, std::vector<int32_t>(5000, -1));
    std::iota(memory[0].begin(), memory[0].end(), 0);
    for (int rank = 0; rank < 3; ++rank)
      ASSERT_TRUE(
          group
              .begin(rank, {memory[rank].data(), memory[rank].data(), {}, 5000, 4, {}, OpTag(1, 1)})
              .ok());
    for (const Progress end : group.run()) ASSERT_EQ(end, Progress::kDone);
    EXPECT_EQ(memory[1], memory[0]);
    EXPECT_EQ(memory[2], memory[0]);
  }
}

TEST(LanesAllocationTest, NeitherBeginNorStepAllocates) {
  for (const Algorithm algorithm : allReducers()) {
    RankGroup group(allReduce(algorithm, 3), {64, 2, false, 1}, 64);
    std::vector<std::vector<int32_t>> memory(3, std::vector<int32_t>(1000, 1));
    std::vector<LanesCall> calls(3);
    for (int rank = 0; rank < 3; ++rank)
      calls[rank] = {memory[rank].data(),
                     memory[rank].data(),
                     group.scratch(rank),
                     1000,
                     4,
                     reduce::find(DataType::kInt32, RedOp::kSum),
                     OpTag(1, 1)};
    uint64_t allocations = 0;
    int done = 0;
    {
      const test::FailNthAllocation counter(0, true);
      for (int rank = 0; rank < 3; ++rank)
        done += group.operation(rank).begin(calls[rank]).ok() ? 0 : 100;
      for (int turn = 0; turn < 100000 && done < 3; ++turn) {
        done = 0;
        for (int rank = 0; rank < 3; ++rank)
          done += group.operation(rank).step() == Progress::kDone ? 1 : 0;
      }
      allocations = counter.allocations();
    }
    EXPECT_EQ(done, 3);
    EXPECT_EQ(allocations, 0u) << algo::name(algorithm);
    EXPECT_EQ(memory[2], std::vector<int32_t>(1000, 3));
  }
}

}  // namespace
}  // namespace inccl::exec
