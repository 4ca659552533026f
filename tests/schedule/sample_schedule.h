// Small schedules that the tests of this folder start from.
#pragma once

#include "schedule/builder.h"

namespace inccl::schedule {

// Two ranks gather one chunk each, with a copy in a lane of its own that waits for the send.
inline Schedule twoRankGather() {
  ScheduleBuilder builder("two", Collective::kAllGather, 2);
  builder.chunks(1, 2);
  for (int rank = 0; rank < 2; ++rank) {
    LaneBuilder lane = builder.lane(rank, 3, 1 - rank, 1 - rank);
    const StepRef sent = lane.send(input(0));
    lane.recv(output(1 - rank));
    builder.lane(rank, 0).copy(input(0), output(rank), {sent});
  }
  return std::move(builder).build().value();
}

// One of everything that the IR knows, limits and switches included. It is well formed, not right.
inline Schedule everyWord() {
  ScheduleBuilder builder("every \"word\"\nünïcode", Collective::kAllReduce, 3);
  builder.chunks(2, 2, 4).limitBytes(8, 1ull << 40);
  builder.limitTypes({DataType::kInt32, DataType::kBfloat16}).limitOps({RedOp::kMin, RedOp::kSum});
  for (int rank = 0; rank < 3; ++rank) {
    LaneBuilder lane = builder.lane(rank, 7, (rank + 1) % 3, (rank + 2) % 3);
    const StepRef first = lane.send(input(0));
    lane.recvReduceCopy(input(0), scratch(1));
    lane.send(input(0));
    lane.recvReduceSend(input(0));
    const StepRef last = lane.recvReduceCopySend(input(0), output(0));
    lane.recvCopySend(scratch(0));
    lane.recv(scratch(2));
    LaneBuilder local = builder.lane(rank, 0);
    local.nop({first, last});
    local.copy(input(1), output(1));
    local.reduce(input(1), output(1), scratch(3));
    local.reduceMany({input(1), output(1), scratch(3)}, output(1));
    Step aggregate{StepKind::kAggregate, {input(1)}, output(1), {}, Aggregate{}};
    *aggregate.aggregate = {AggregateMode::kBoth, "sw \"0\"", 4000000000u, {0, 1, 2}, {0, 1, 2}};
    local.add(aggregate);
  }
  Schedule schedule = std::move(builder).build().value();
  schedule.topology = "0123abcd";
  return schedule;
}

}  // namespace inccl::schedule
