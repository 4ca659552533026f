// Writing a schedule as one would say it.
//
//   ScheduleBuilder ring("ring", Collective::kAllGather, n);
//   ring.chunks(1, n);
//   LaneBuilder lane = ring.lane(rank, 0, next, previous);
//   const StepRef sent = lane.send(input(0));
//   ring.lane(rank, 1).copy(input(0), output(rank), {sent});
//   return std::move(ring).build();
//
// A lane is named by (rank, channel, send peer, receive peer): the same four words give the same
// lane, at whose end steps are added. Mistakes are kept, not raised: the first one is what build()
// returns, together with everything that validate() finds.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule {

inline ChunkRef input(uint32_t index) { return {Buffer::kInput, index}; }
inline ChunkRef output(uint32_t index) { return {Buffer::kOutput, index}; }
inline ChunkRef scratch(uint32_t index) { return {Buffer::kScratch, index}; }

class ScheduleBuilder;

// Adds steps to one lane. Cheap to copy; valid as long as its builder stays where it is. Each call
// returns the step's reference, for the `after` of other steps of the same rank.
class LaneBuilder {
 public:
  using After = std::vector<StepRef>;

  StepRef send(ChunkRef source, After after = {});
  StepRef recv(ChunkRef destination, After after = {});
  StepRef copy(ChunkRef source, ChunkRef destination, After after = {});
  StepRef reduce(ChunkRef first, ChunkRef second, ChunkRef destination, After after = {});
  StepRef reduceMany(std::vector<ChunkRef> sources, ChunkRef destination, After after = {});
  StepRef recvReduceCopy(ChunkRef source, ChunkRef destination, After after = {});
  StepRef recvCopySend(ChunkRef destination, After after = {});
  StepRef recvReduceSend(ChunkRef source, After after = {});
  StepRef recvReduceCopySend(ChunkRef source, ChunkRef destination, After after = {});
  StepRef nop(After after);
  StepRef add(Step step);

 private:
  friend class ScheduleBuilder;
  LaneBuilder(ScheduleBuilder& owner, int rank, uint32_t lane)
      : owner_(&owner), rank_(rank), lane_(lane) {}

  ScheduleBuilder* owner_;
  int rank_;
  uint32_t lane_;
};

class ScheduleBuilder {
 public:
  ScheduleBuilder(std::string name, Collective collective, int rankCount);

  ScheduleBuilder& root(int rank);
  ScheduleBuilder& chunks(uint32_t input, uint32_t output, uint32_t scratch = 0);
  ScheduleBuilder& limitBytes(uint64_t minBytes, uint64_t maxBytes);
  ScheduleBuilder& limitTypes(std::vector<DataType> types);
  ScheduleBuilder& limitOps(std::vector<RedOp> ops);

  // A peer of -1 means that the lane does not send, or not receive.
  LaneBuilder lane(int rank, uint32_t channel, int sendPeer = -1, int recvPeer = -1);

  Result<Schedule> build() &&;

 private:
  friend class LaneBuilder;
  void fail(std::string reason);
  StepRef addStep(int rank, uint32_t lane, Step step);

  Schedule schedule_;
  Status failure_;
  std::map<std::tuple<int, uint32_t, int, int>, uint32_t> lanes_;
};

}  // namespace inccl::schedule
