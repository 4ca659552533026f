#include "exec/lanes/compiled_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "schedule/step_graph.h"
#include "schedule/validate.h"

namespace inccl::exec {
namespace {

using schedule::Buffer;
using schedule::ChunkRef;
using schedule::Schedule;
using schedule::Step;
using schedule::StepGraph;
using schedule::StepKind;

// The fewest messages that a channel has room for; what the verifier assumes too.
constexpr uint32_t kSlotsPerChannel = 2;
// The scratch of two slices is in use at a time (lanes_operation.h).
constexpr size_t kScratchParities = 2;

bool callsReduce(StepKind kind) {
  switch (kind) {
    case StepKind::kReduce:
    case StepKind::kReduceMany:
    case StepKind::kRecvReduceCopy:
    case StepKind::kRecvReduceSend:
    case StepKind::kRecvReduceCopySend:
      return true;
    case StepKind::kSend:
    case StepKind::kRecv:
    case StepKind::kCopy:
    case StepKind::kRecvCopySend:
    case StepKind::kAggregate:
    case StepKind::kNop:
      return false;
  }
  return false;
}

int indexOf(std::vector<ChannelKey>& channels, ChannelKey key) {
  if (key.peer < 0) return -1;
  const auto known = std::find(channels.begin(), channels.end(), key);
  if (known != channels.end()) return static_cast<int>(known - channels.begin());
  channels.push_back(key);
  return static_cast<int>(channels.size() - 1);
}

}  // namespace

Result<CompiledProgram> CompiledProgram::compile(const Schedule& schedule, int rank,
                                                 schedule::BlockLengths lengths) {
  INCCL_TRY(validate(schedule));
  if (rank < 0 || rank >= schedule.rankCount)
    return invalidArgument(fmt::format("rank {} is not in 0 … {}", rank, schedule.rankCount - 1));
  INCCL_TRY_ASSIGN(const StepGraph graph, StepGraph::build(schedule));
  INCCL_TRY_ASSIGN(const auto order, graph.order(kSlotsPerChannel));
  INCCL_TRY_ASSIGN(const std::vector<uint32_t> classes, inferLengthClasses(graph, order, lengths));

  CompiledProgram program;
  program.collective_ = schedule.collective;
  program.rank_ = rank;
  if (lengths == schedule::BlockLengths::kDifferent)
    program.blockCount_ = static_cast<uint32_t>(schedule.rankCount);
  program.chunksPerSlice_ = schedule::blockChunks(schedule);
  program.scratchChunks_ = schedule.scratchChunks;
  const std::vector<schedule::Lane>& lanes = schedule.ranks[rank].lanes;
  for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
    program.addLane(lanes[lane]);
    for (uint32_t step = 0; step < lanes[lane].steps.size(); ++step) {
      const schedule::StepPlace place{rank, lane, step};
      if (lanes[lane].steps[step].kind == StepKind::kAggregate)
        return invalidArgument(
            fmt::format("{}: lanes run no in-network steps", describe(schedule, place)));
      program.addStep(lanes[lane].steps[step], classes[graph.find(place)]);
    }
  }
  return program;
}

CompiledChunk CompiledProgram::compileChunk(const ChunkRef& chunk) const {
  if (chunk.buffer == Buffer::kScratch) return {chunk.buffer, chunk.index};
  const bool isAlone = blockCount_ > 0 && !schedule::holdsAllBlocks(collective_, chunk.buffer);
  return {chunk.buffer, isAlone ? blockCount_ : chunk.index / chunksPerSlice_};
}

void CompiledProgram::addLane(const schedule::Lane& lane) {
  lanes_.push_back({static_cast<uint32_t>(steps_.size()), static_cast<uint32_t>(lane.steps.size()),
                    indexOf(sendChannels_, {lane.sendPeer, lane.channel}),
                    indexOf(recvChannels_, {lane.recvPeer, lane.channel}), lane.sendPeer,
                    lane.recvPeer});
}

void CompiledProgram::addStep(const Step& step, uint32_t lengthClass) {
  CompiledStep compiled;
  compiled.kind = step.kind;
  compiled.chunk = lengthClass % chunksPerSlice_;
  compiled.block = lengthClass / chunksPerSlice_;
  compiled.firstSource = static_cast<uint32_t>(chunks_.size());
  compiled.sourceCount = static_cast<uint32_t>(step.sources.size());
  for (const ChunkRef& source : step.sources) chunks_.push_back(compileChunk(source));
  if (!step.sources.empty()) compiled.source = compileChunk(step.sources[0]);
  if (step.destination) compiled.destination = compileChunk(*step.destination);
  compiled.firstAfter = static_cast<uint32_t>(after_.size());
  compiled.afterCount = static_cast<uint32_t>(step.after.size());
  after_.insert(after_.end(), step.after.begin(), step.after.end());
  mostSources_ = std::max(mostSources_, compiled.sourceCount);
  reduces_ = reduces_ || callsReduce(step.kind);
  steps_.push_back(compiled);
}

size_t CompiledProgram::scratchBytes(size_t messageBytes) const {
  return kScratchParities * scratchChunks_ * roundToCacheLine(messageBytes);
}

}  // namespace inccl::exec
