#include "schedule/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "schedule/lane_order.h"

namespace inccl::schedule {
namespace {

// What a kind of step must carry. kAggregate is checked on its own.
struct Shape {
  size_t fewestSources;
  size_t mostSources;
  bool destination;
};

Shape shapeOf(StepKind kind) {
  switch (kind) {
    case StepKind::kSend:
      return {1, 1, false};
    case StepKind::kRecv:
      return {0, 0, true};
    case StepKind::kCopy:
      return {1, 1, true};
    case StepKind::kReduce:
      return {2, 2, true};
    case StepKind::kReduceMany:
      return {2, kMaxChunks, true};
    case StepKind::kRecvReduceCopy:
      return {1, 1, true};
    case StepKind::kRecvCopySend:
      return {0, 0, true};
    case StepKind::kRecvReduceSend:
      return {1, 1, false};
    case StepKind::kRecvReduceCopySend:
      return {1, 1, true};
    case StepKind::kAggregate:
      return {0, 1, false};
    case StepKind::kNop:
      return {0, 0, false};
  }
  return {0, 0, false};
}

Status checkChunkCounts(const Schedule& s) {
  const uint64_t ofOneRank = uint64_t{s.inputChunks} + s.outputChunks + s.scratchChunks;
  if (std::max({s.inputChunks, s.outputChunks, s.scratchChunks}) > kMaxChunks ||
      ofOneRank * static_cast<uint64_t>(s.rankCount) > kMaxChunksOfAllRanks)
    return invalidArgument(fmt::format("too many chunks: input {}, output {}, scratch {}",
                                       s.inputChunks, s.outputChunks, s.scratchChunks));
  const uint64_t block = blockChunks(s), blocks = block * static_cast<uint64_t>(s.rankCount);
  uint64_t expectedInput = block, expectedOutput = block;
  switch (s.collective) {
    case Collective::kAllReduce:
    case Collective::kBroadcast:
    case Collective::kReduce:
      break;
    case Collective::kAllGather:
    case Collective::kGather:
      expectedOutput = blocks;
      break;
    case Collective::kReduceScatter:
    case Collective::kScatter:
      expectedInput = blocks;
      break;
    case Collective::kAllToAll:
      expectedInput = expectedOutput = blocks;
      break;
    case Collective::kBarrier:
      return {};
    case Collective::kSend:
    case Collective::kRecv:
      return invalidArgument(fmt::format("{} has no schedule", name(s.collective)));
  }
  if (s.inputChunks != expectedInput || s.outputChunks != expectedOutput)
    return invalidArgument(fmt::format("{} of {} ranks with {} input and {} output chunks",
                                       name(s.collective), s.rankCount, s.inputChunks,
                                       s.outputChunks));
  return {};
}

Status checkHeader(const Schedule& s) {
  if (s.rankCount < 1 || s.rankCount > kMaxRanks)
    return invalidArgument(fmt::format("rank count {} is not in 1 … {}", s.rankCount, kMaxRanks));
  if (s.ranks.size() != static_cast<size_t>(s.rankCount))
    return invalidArgument(
        fmt::format("programs for {} ranks, rank count {}", s.ranks.size(), s.rankCount));
  const bool rooted = isRooted(s.collective);
  if (rooted && (s.root < 0 || s.root >= s.rankCount))
    return invalidArgument(fmt::format("root {} is not in 0 … {}", s.root, s.rankCount - 1));
  if (!rooted && s.root != -1)
    return invalidArgument(
        fmt::format("root {} given, but {} has none", s.root, name(s.collective)));
  if (s.maxBytes != 0 && s.minBytes > s.maxBytes)
    return invalidArgument(fmt::format("minBytes {} above maxBytes {}", s.minBytes, s.maxBytes));
  return checkChunkCounts(s);
}

// Checks the program of one rank.
class ProgramCheck {
 public:
  ProgramCheck(const Schedule& schedule, int rank)
      : schedule_(schedule), rank_(rank), lanes_(schedule.ranks[rank].lanes) {}

  Status run() {
    for (uint32_t lane = 0; lane < lanes_.size(); ++lane) {
      INCCL_TRY(checkPeers(lane));
      for (uint32_t step = 0; step < lanes_[lane].steps.size(); ++step)
        INCCL_TRY(checkStep(lane, step));
    }
    return checkOrder();
  }

 private:
  using Direction = std::set<std::pair<int, uint32_t>>;

  Status checkPeer(uint32_t lane, int peer, const char* verb, Direction& taken) {
    if (peer == -1) return {};
    if (peer < 0 || peer >= schedule_.rankCount || peer == rank_)
      return invalidArgument(
          fmt::format("rank {} lane {}: cannot {} rank {}", rank_, lane, verb, peer));
    if (!taken.emplace(peer, lanes_[lane].channel).second)
      return invalidArgument(
          fmt::format("rank {} lane {}: another lane does already {} rank {} on channel {}", rank_,
                      lane, verb, peer, lanes_[lane].channel));
    return {};
  }

  Status checkPeers(uint32_t lane) {
    if (lanes_[lane].channel >= kMaxChannels)
      return invalidArgument(fmt::format("rank {} lane {}: channel {} is not below {}", rank_, lane,
                                         lanes_[lane].channel, kMaxChannels));
    INCCL_TRY(checkPeer(lane, lanes_[lane].sendPeer, "send to", sending_));
    return checkPeer(lane, lanes_[lane].recvPeer, "receive from", receiving_);
  }

  Status refuse(uint32_t lane, uint32_t step, std::string_view reason) const {
    return invalidArgument(fmt::format("{}: {}", describe(schedule_, {rank_, lane, step}), reason));
  }

  Status checkStep(uint32_t laneIndex, uint32_t stepIndex) const {
    const Lane& lane = lanes_[laneIndex];
    const Step& step = lane.steps[stepIndex];
    const Shape shape = shapeOf(step.kind);
    if (step.sources.size() < shape.fewestSources || step.sources.size() > shape.mostSources)
      return refuse(laneIndex, stepIndex, fmt::format("has {} sources", step.sources.size()));
    if (step.kind != StepKind::kAggregate && step.destination.has_value() != shape.destination)
      return refuse(laneIndex, stepIndex,
                    shape.destination ? "needs a destination" : "takes no destination");
    if (sends(step.kind) && lane.sendPeer < 0)
      return refuse(laneIndex, stepIndex, "its lane has no peer to send to");
    if (receives(step.kind) && lane.recvPeer < 0)
      return refuse(laneIndex, stepIndex, "its lane has no peer to receive from");
    INCCL_TRY(checkChunks(laneIndex, stepIndex));
    INCCL_TRY(checkAggregate(laneIndex, stepIndex));
    for (const StepRef& ref : step.after) {
      if (ref.lane >= lanes_.size() || ref.step >= lanes_[ref.lane].steps.size())
        return refuse(
            laneIndex, stepIndex,
            fmt::format("waits for lane {} step {}, which does not exist", ref.lane, ref.step));
    }
    return {};
  }

  Status checkChunks(uint32_t lane, uint32_t stepIndex) const {
    const Step& step = lanes_[lane].steps[stepIndex];
    for (const ChunkRef& source : step.sources) INCCL_TRY(checkChunk(lane, stepIndex, source));
    if (!step.destination) return {};
    if (step.destination->buffer == Buffer::kInput)
      return refuse(lane, stepIndex, "writes to the input");
    return checkChunk(lane, stepIndex, *step.destination);
  }

  Status checkChunk(uint32_t lane, uint32_t step, const ChunkRef& chunk) const {
    uint32_t count = 0;
    switch (chunk.buffer) {
      case Buffer::kInput:
        count = schedule_.inputChunks;
        break;
      case Buffer::kOutput:
        count = schedule_.outputChunks;
        break;
      case Buffer::kScratch:
        count = schedule_.scratchChunks;
        break;
    }
    if (chunk.index < count) return {};
    return refuse(lane, step,
                  fmt::format("{} does not exist, there are {}", describe(chunk), count));
  }

  Status checkAggregate(uint32_t lane, uint32_t stepIndex) const {
    const Step& step = lanes_[lane].steps[stepIndex];
    if (step.aggregate.has_value() != (step.kind == StepKind::kAggregate))
      return refuse(
          lane, stepIndex,
          step.aggregate ? "carries the members of an aggregate step" : "names no members");
    if (!step.aggregate) return {};
    const auto& [mode, switchId, group, contributors, receivers] = *step.aggregate;
    for (const std::vector<int>* members : {&contributors, &receivers}) {
      if (std::adjacent_find(members->begin(), members->end(), std::greater_equal<>()) !=
              members->end() ||
          (!members->empty() && (members->front() < 0 || members->back() >= schedule_.rankCount)))
        return refuse(lane, stepIndex, "its members are not ascending ranks");
    }
    const auto isIn = [&](const std::vector<int>& members) {
      return std::binary_search(members.begin(), members.end(), rank_);
    };
    if (isIn(contributors) != (step.sources.size() == 1))
      return refuse(lane, stepIndex, "a contributor, and only it, has one source");
    if (isIn(receivers) != step.destination.has_value())
      return refuse(lane, stepIndex, "a receiver, and only it, has a destination");
    return {};
  }

  // Runs the lanes as far as `after` lets them; what is left waits in a circle.
  Status checkOrder() const {
    const auto stepsOf = [&](size_t lane) -> const auto& { return lanes_[lane].steps; };
    const auto done = visitInOrder(lanes_.size(), stepsOf, [](size_t, size_t) {});
    for (uint32_t lane = 0; lane < lanes_.size(); ++lane) {
      if (done[lane] < lanes_[lane].steps.size())
        return refuse(lane, static_cast<uint32_t>(done[lane]), "waits for itself through `after`");
    }
    return {};
  }

  const Schedule& schedule_;
  const int rank_;
  const std::vector<Lane>& lanes_;
  Direction sending_;
  Direction receiving_;
};

}  // namespace

Status validate(const Schedule& schedule) {
  INCCL_TRY(checkHeader(schedule));
  for (int rank = 0; rank < schedule.rankCount; ++rank)
    INCCL_TRY(ProgramCheck(schedule, rank).run());
  return {};
}

}  // namespace inccl::schedule
