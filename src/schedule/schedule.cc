// Names of the IR's words, as JSON and messages write them.
#include "schedule/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace inccl::schedule {
namespace {

constexpr std::array kStepKinds = {
    StepKind::kSend,
    StepKind::kRecv,
    StepKind::kCopy,
    StepKind::kReduce,
    StepKind::kReduceMany,
    StepKind::kRecvReduceCopy,
    StepKind::kRecvCopySend,
    StepKind::kRecvReduceSend,
    StepKind::kRecvReduceCopySend,
    StepKind::kAggregate,
    StepKind::kNop,
};

}  // namespace

std::string_view name(StepKind kind) {
  switch (kind) {
    case StepKind::kSend:
      return "send";
    case StepKind::kRecv:
      return "recv";
    case StepKind::kCopy:
      return "copy";
    case StepKind::kReduce:
      return "reduce";
    case StepKind::kReduceMany:
      return "reduceMany";
    case StepKind::kRecvReduceCopy:
      return "recvReduceCopy";
    case StepKind::kRecvCopySend:
      return "recvCopySend";
    case StepKind::kRecvReduceSend:
      return "recvReduceSend";
    case StepKind::kRecvReduceCopySend:
      return "recvReduceCopySend";
    case StepKind::kAggregate:
      return "aggregate";
    case StepKind::kNop:
      return "nop";
  }
  return "unknown step";
}

std::optional<StepKind> parseStepKind(std::string_view text) {
  for (const StepKind kind : kStepKinds) {
    if (name(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string_view name(Buffer buffer) {
  switch (buffer) {
    case Buffer::kInput:
      return "input";
    case Buffer::kOutput:
      return "output";
    case Buffer::kScratch:
      return "scratch";
  }
  return "unknown buffer";
}

bool sends(StepKind kind) {
  switch (kind) {
    case StepKind::kSend:
    case StepKind::kRecvCopySend:
    case StepKind::kRecvReduceSend:
    case StepKind::kRecvReduceCopySend:
      return true;
    case StepKind::kRecv:
    case StepKind::kCopy:
    case StepKind::kReduce:
    case StepKind::kReduceMany:
    case StepKind::kRecvReduceCopy:
    case StepKind::kAggregate:
    case StepKind::kNop:
      return false;
  }
  return false;
}

bool receives(StepKind kind) {
  switch (kind) {
    case StepKind::kRecv:
    case StepKind::kRecvReduceCopy:
    case StepKind::kRecvCopySend:
    case StepKind::kRecvReduceSend:
    case StepKind::kRecvReduceCopySend:
      return true;
    case StepKind::kSend:
    case StepKind::kCopy:
    case StepKind::kReduce:
    case StepKind::kReduceMany:
    case StepKind::kAggregate:
    case StepKind::kNop:
      return false;
  }
  return false;
}

uint32_t blockChunks(const Schedule& schedule) {
  uint32_t chunks = schedule.inputChunks;
  if (schedule.collective == Collective::kReduceScatter ||
      schedule.collective == Collective::kScatter)
    chunks = schedule.outputChunks;
  if (schedule.collective == Collective::kAllToAll)
    chunks = schedule.inputChunks / static_cast<uint32_t>(std::max(schedule.rankCount, 1));
  return std::max(chunks, 1u);
}

bool hasInput(const Schedule& schedule, int rank) {
  const bool ofRoot =
      schedule.collective == Collective::kBroadcast || schedule.collective == Collective::kScatter;
  return !ofRoot || rank == schedule.root;
}

bool hasOutput(const Schedule& schedule, int rank) {
  const bool ofRoot =
      schedule.collective == Collective::kReduce || schedule.collective == Collective::kGather;
  return !ofRoot || rank == schedule.root;
}

std::string describe(const Schedule& schedule, const StepPlace& place) {
  const Step& step = schedule.ranks[place.rank].lanes[place.lane].steps[place.step];
  return fmt::format("rank {} lane {} step {} ({})", place.rank, place.lane, place.step,
                     name(step.kind));
}

std::string describe(const ChunkRef& chunk) {
  return fmt::format("{} chunk {}", name(chunk.buffer), chunk.index);
}

}  // namespace inccl::schedule
