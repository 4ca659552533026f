#include "schedule/builder.h"

#include <fmt/format.h>

#include <utility>

#include "schedule/validate.h"

namespace inccl::schedule {
namespace {

Step makeStep(StepKind kind, std::vector<ChunkRef> sources, std::optional<ChunkRef> destination,
              LaneBuilder::After after) {
  return {kind, std::move(sources), destination, std::move(after), std::nullopt};
}

}  // namespace

StepRef LaneBuilder::send(ChunkRef source, After after) {
  return add(makeStep(StepKind::kSend, {source}, {}, std::move(after)));
}
StepRef LaneBuilder::recv(ChunkRef destination, After after) {
  return add(makeStep(StepKind::kRecv, {}, destination, std::move(after)));
}
StepRef LaneBuilder::copy(ChunkRef source, ChunkRef destination, After after) {
  return add(makeStep(StepKind::kCopy, {source}, destination, std::move(after)));
}
StepRef LaneBuilder::reduce(ChunkRef first, ChunkRef second, ChunkRef destination, After after) {
  return add(makeStep(StepKind::kReduce, {first, second}, destination, std::move(after)));
}
StepRef LaneBuilder::reduceMany(std::vector<ChunkRef> sources, ChunkRef destination, After after) {
  return add(makeStep(StepKind::kReduceMany, std::move(sources), destination, std::move(after)));
}
StepRef LaneBuilder::recvReduceCopy(ChunkRef source, ChunkRef destination, After after) {
  return add(makeStep(StepKind::kRecvReduceCopy, {source}, destination, std::move(after)));
}
StepRef LaneBuilder::recvCopySend(ChunkRef destination, After after) {
  return add(makeStep(StepKind::kRecvCopySend, {}, destination, std::move(after)));
}
StepRef LaneBuilder::recvReduceSend(ChunkRef source, After after) {
  return add(makeStep(StepKind::kRecvReduceSend, {source}, {}, std::move(after)));
}
StepRef LaneBuilder::recvReduceCopySend(ChunkRef source, ChunkRef destination, After after) {
  return add(makeStep(StepKind::kRecvReduceCopySend, {source}, destination, std::move(after)));
}
StepRef LaneBuilder::nop(After after) {
  return add(makeStep(StepKind::kNop, {}, {}, std::move(after)));
}
StepRef LaneBuilder::add(Step step) { return owner_->addStep(rank_, lane_, std::move(step)); }

ScheduleBuilder::ScheduleBuilder(std::string name, Collective collective, int rankCount) {
  schedule_.name = std::move(name);
  schedule_.collective = collective;
  schedule_.rankCount = rankCount;
  if (rankCount < 1 || rankCount > kMaxRanks)
    fail(fmt::format("rank count {} is not in 1 … {}", rankCount, kMaxRanks));
  else
    schedule_.ranks.resize(rankCount);
}

ScheduleBuilder& ScheduleBuilder::root(int rank) {
  schedule_.root = rank;
  return *this;
}
ScheduleBuilder& ScheduleBuilder::chunks(uint32_t input, uint32_t output, uint32_t scratch) {
  schedule_.inputChunks = input;
  schedule_.outputChunks = output;
  schedule_.scratchChunks = scratch;
  return *this;
}
ScheduleBuilder& ScheduleBuilder::limitBytes(uint64_t minBytes, uint64_t maxBytes) {
  schedule_.minBytes = minBytes;
  schedule_.maxBytes = maxBytes;
  return *this;
}
ScheduleBuilder& ScheduleBuilder::limitTypes(std::vector<DataType> types) {
  schedule_.types = std::move(types);
  return *this;
}
ScheduleBuilder& ScheduleBuilder::limitOps(std::vector<RedOp> ops) {
  schedule_.ops = std::move(ops);
  return *this;
}

LaneBuilder ScheduleBuilder::lane(int rank, uint32_t channel, int sendPeer, int recvPeer) {
  if (rank < 0 || static_cast<size_t>(rank) >= schedule_.ranks.size()) {
    fail(fmt::format("a lane of rank {}, which does not exist", rank));
    return LaneBuilder(*this, -1, 0);
  }
  std::vector<Lane>& lanes = schedule_.ranks[rank].lanes;
  const auto [known, isNew] =
      lanes_.try_emplace({rank, channel, sendPeer, recvPeer}, static_cast<uint32_t>(lanes.size()));
  if (isNew) lanes.push_back({channel, sendPeer, recvPeer, {}});
  return LaneBuilder(*this, rank, known->second);
}

Result<Schedule> ScheduleBuilder::build() && {
  INCCL_TRY(failure_);
  INCCL_TRY(validate(schedule_).within(schedule_.name));
  return std::move(schedule_);
}

void ScheduleBuilder::fail(std::string reason) {
  if (failure_.ok()) failure_ = invalidArgument(schedule_.name + ": " + reason);
}

StepRef ScheduleBuilder::addStep(int rank, uint32_t lane, Step step) {
  if (rank < 0) return {};  // of a lane that was refused
  std::vector<Step>& steps = schedule_.ranks[rank].lanes[lane].steps;
  steps.push_back(std::move(step));
  return {lane, static_cast<uint32_t>(steps.size() - 1)};
}

}  // namespace inccl::schedule
