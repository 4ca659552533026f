// The reading half of msccl_xml.h: what a parsed file means, as lanes.
//
// A thread block becomes a main lane, and as many side lanes as its widest message has further
// chunks. A message of k chunks is k messages on channels of their own: chunk 0 in the main lane,
// the others beside it, and a nop in the main lane that waits for them. So a block still does one
// step after the other, and never needs more room in a FIFO than MSCCL would.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "schedule/lane_order.h"
#include "schedule/msccl_document.h"
#include "schedule/msccl_places.h"
#include "schedule/msccl_xml.h"
#include "schedule/validate.h"

namespace inccl::schedule {
namespace {

using msccl::Algorithm;
using msccl::failureAt;
using msccl::Gpu;
using msccl::Places;
using msccl::StepType;
using msccl::ThreadBlock;

// Enough for anything real; a file of a few megabytes must not become gigabytes.
constexpr uint64_t kMostStepsOfRank = 1u << 22;

bool isMessage(StepType type) {
  return type != StepType::kNop && type != StepType::kCopy && type != StepType::kReduce;
}

StepKind kindOf(StepType type) {
  switch (type) {
    case StepType::kNop:
      return StepKind::kNop;
    case StepType::kSend:
      return StepKind::kSend;
    case StepType::kRecv:
      return StepKind::kRecv;
    case StepType::kRecvCopySend:
      return StepKind::kRecvCopySend;
    case StepType::kRecvReduceSend:
      return StepKind::kRecvReduceSend;
    case StepType::kRecvReduceCopy:
      return StepKind::kRecvReduceCopy;
    case StepType::kRecvReduceCopySend:
      return StepKind::kRecvReduceCopySend;
    case StepType::kCopy:
      return StepKind::kCopy;
    case StepType::kReduce:
      return StepKind::kReduce;
  }
  return StepKind::kNop;
}

uint32_t widestMessage(const ThreadBlock& block) {
  uint32_t widest = 1;
  for (const msccl::Step& step : block.steps) {
    if (isMessage(step.type)) widest = std::max(widest, step.count);
  }
  return widest;
}

// Turns the thread blocks of one GPU into lanes.
class RankReader {
 public:
  // `layout` has everything of the schedule but the programs; `width` channels stand for each
  // channel of the file.
  RankReader(const Schedule& layout, const Algorithm& algorithm, int rank, uint32_t width)
      : gpu_(algorithm.gpus[static_cast<size_t>(rank)]),
        width_(width),
        places_(layout, algorithm.onlyInPlace, rank) {}

  Status read(RankProgram& program) {
    INCCL_TRY(makeLanes());
    for (size_t block = 0; block < gpu_.blocks.size(); ++block)
      INCCL_TRY(readBlock(static_cast<int>(block)));
    resolveDependencies();
    INCCL_TRY(addOwnCopies());
    INCCL_TRY(settlePlaces());
    addUntouchedResults();
    for (Draft& lane : lanes_) program.lanes.push_back(std::move(lane.lane));
    return {};
  }
  [[nodiscard]] uint32_t scratchChunks() const { return places_.scratchChunks(); }

 private:
  // What a step of a lane touches, until it is known where that lies.
  struct Touched {
    std::optional<msccl::Place> source, destination;
  };
  struct Draft {
    Lane lane;
    std::vector<Touched> touched;                          // by step
    std::vector<std::vector<msccl::Dependency>> waitsFor;  // by step, of the file's steps
  };

  Status makeLanes() {
    uint64_t steps = 0;
    for (const ThreadBlock& block : gpu_.blocks) {
      mainLanes_.push_back(static_cast<uint32_t>(lanes_.size()));
      for (uint32_t side = 0; side < widestMessage(block); ++side) {
        Draft& lane = lanes_.emplace_back();
        lane.lane.sendPeer = block.sendPeer;
        lane.lane.recvPeer = block.recvPeer;
        lane.lane.channel = block.channel * width_ + side;
      }
      for (const msccl::Step& step : block.steps) {
        steps += step.count + 1;
        if (step.waitsFor) awaited_.insert({step.waitsFor->block, step.waitsFor->step});
      }
      ends_.emplace_back(block.steps.size());
    }
    if (steps > kMostStepsOfRank) return failureAt(gpu_.line, "too many steps");
    return {};
  }

  Status readBlock(int blockIndex) {
    const ThreadBlock& block = gpu_.blocks[static_cast<size_t>(blockIndex)];
    std::vector<msccl::Dependency> waitsFor;  // of this step and the nops before it
    for (size_t index = 0; index < block.steps.size(); ++index) {
      const msccl::Step& step = block.steps[index];
      if (step.waitsFor) waitsFor.push_back(*step.waitsFor);
      const bool isAwaited = awaited_.contains({blockIndex, static_cast<int>(index)});
      if (step.type == StepType::kNop && !isAwaited && index + 1 < block.steps.size()) continue;
      INCCL_TRY(readStep(mainLanes_[static_cast<size_t>(blockIndex)], step, waitsFor));
      const uint32_t main = mainLanes_[static_cast<size_t>(blockIndex)];
      ends_[static_cast<size_t>(blockIndex)][index] = lastOf(main);
      waitsFor.clear();
    }
    return {};
  }

  Status readStep(uint32_t main, const msccl::Step& step,
                  const std::vector<msccl::Dependency>& waitsFor) {
    if (step.type == StepType::kNop) {
      add(main, step.type, {}, {}, waitsFor);
      return {};
    }
    const bool startsLane = lanes_[main].lane.steps.empty();
    const StepRef before = startsLane ? StepRef{} : lastOf(main);
    std::vector<StepRef> sides;
    for (uint32_t chunk = 0; chunk < step.count; ++chunk) {
      Touched touched;
      INCCL_TRY(touch(step, step.source, chunk, touched.source));
      INCCL_TRY(touch(step, step.destination, chunk, touched.destination));
      const bool isSide = chunk > 0 && isMessage(step.type);
      const bool first = chunk == 0 || isSide;
      std::vector<StepRef> after;
      if (isSide && !startsLane) after.push_back(before);
      const uint32_t lane = main + (isSide ? chunk : 0);
      add(lane, step.type, touched, std::move(after),
          first ? waitsFor : std::vector<msccl::Dependency>());
      if (isSide) sides.push_back(lastOf(lane));
    }
    if (!sides.empty()) add(main, StepType::kNop, {}, std::move(sides), {});
    return {};
  }

  Status touch(const msccl::Step& step, const msccl::Span& span, uint32_t chunk,
               std::optional<msccl::Place>& touched) {
    if (span.index < 0) return {};
    const uint32_t index = static_cast<uint32_t>(span.index) + chunk;
    touched = places_.find(span.buffer, index);
    if (!touched)
      return failureAt(step.line,
                       fmt::format("<step>: {} chunk {} does not exist", name(span.buffer), index));
    return {};
  }

  [[nodiscard]] StepRef lastOf(uint32_t lane) const {
    return {lane, static_cast<uint32_t>(lanes_[lane].lane.steps.size() - 1)};
  }

  void add(uint32_t lane, StepType type, const Touched& touched, std::vector<StepRef> after,
           const std::vector<msccl::Dependency>& waitsFor) {
    Draft& draft = lanes_[lane];
    Step& step = draft.lane.steps.emplace_back();
    step.kind = kindOf(type);
    step.after = std::move(after);
    draft.touched.push_back(touched);
    draft.waitsFor.push_back(waitsFor);
    if (touched.destination) places_.noteWrite(*touched.destination);
  }

  // What an older tool says by <copy>, unless a step does it.
  Status addOwnCopies() {
    for (const auto& [line, input, output] : gpu_.copies) {
      const auto from = places_.find(Buffer::kInput, input),
                 to = places_.find(Buffer::kOutput, output);
      if (!from || !to) return failureAt(line, "<copy>: no such chunks");
      if (*from == *to || places_.isWritten(*to)) continue;
      if (ownCopies_ == kNoLane) {
        ownCopies_ = static_cast<uint32_t>(lanes_.size());
        lanes_.emplace_back();
      }
      add(ownCopies_, StepType::kCopy, {from, to}, {}, {});
    }
    return {};
  }

  // A step waits for the end of what the file names; within one block the order is there already.
  void resolveDependencies() {
    for (uint32_t lane = 0; lane < lanes_.size(); ++lane) {
      std::vector<Step>& steps = lanes_[lane].lane.steps;
      for (uint32_t i = 0; i < steps.size(); ++i) {
        for (const auto& [block, step] : lanes_[lane].waitsFor[i]) {
          const StepRef end = ends_[static_cast<size_t>(block)][static_cast<size_t>(step)];
          const bool ordered = end.lane == lane && end.step < i;
          if (!ordered) steps[i].after.push_back(end);
        }
      }
    }
  }

  // Goes through the steps in an order in which they can run, and says where each place lies then.
  Status settlePlaces() {
    const auto stepsOf = [&](size_t lane) -> auto& { return lanes_[lane].lane.steps; };
    const auto done = visitInOrder(lanes_.size(), stepsOf, [&](size_t lane, size_t step) {
      settle(lanes_[lane].lane.steps[step], lanes_[lane].touched[step]);
    });
    for (size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (done[lane] < lanes_[lane].lane.steps.size())
        return failureAt(gpu_.line, "<gpu>: its steps wait for each other in a circle");
    }
    return {};
  }

  void settle(Step& step, const Touched& touched) {
    if (step.kind == StepKind::kReduce)  // re: destination = destination ⊕ source
      step.sources.push_back(places_.current(*touched.destination));
    if (touched.source) step.sources.push_back(places_.current(*touched.source));
    if (!touched.destination) return;
    step.destination = places_.home(*touched.destination);
    places_.wroteNow(*touched.destination);
  }

  void addUntouchedResults() {
    const auto copies = places_.untouchedResults();
    if (copies.empty()) return;
    Draft& draft = lanes_.emplace_back();
    for (const auto& [from, to] : copies) {
      Step& step = draft.lane.steps.emplace_back();
      step.kind = StepKind::kCopy;
      step.sources = {from};
      step.destination = to;
    }
  }

  const Gpu& gpu_;
  const uint32_t width_;
  Places places_;
  std::vector<Draft> lanes_;
  static constexpr uint32_t kNoLane = UINT32_MAX;
  uint32_t ownCopies_ = kNoLane;
  std::vector<uint32_t> mainLanes_;         // of each thread block
  std::vector<std::vector<StepRef>> ends_;  // by block and step: when it has happened
  std::set<std::pair<int, int>> awaited_;   // (block, step) that something waits for
};

// The format does not name the root: it is the one that nothing comes to, or nothing comes from.
Result<int> findRoot(const Algorithm& algorithm) {
  if (!isRooted(algorithm.collective) || algorithm.root != -1) return algorithm.root;
  const bool fromRoot = algorithm.collective == Collective::kBroadcast ||
                        algorithm.collective == Collective::kScatter;
  std::vector<int> candidates;
  for (size_t rank = 0; rank < algorithm.gpus.size(); ++rank) {
    const auto& blocks = algorithm.gpus[rank].blocks;
    const bool isEnd = std::ranges::none_of(blocks, [&](const ThreadBlock& block) {
      return (fromRoot ? block.recvPeer : block.sendPeer) != -1;
    });
    if (isEnd) candidates.push_back(static_cast<int>(rank));
  }
  if (candidates.size() == 1) return candidates[0];
  return failureAt(algorithm.line,
                   fmt::format("<algo>: {} ranks could be the root of this {}; say which by root=",
                               candidates.size(), name(algorithm.collective)));
}

Status checkDeclared(const Gpu& gpu, const char* what, uint32_t declared, uint32_t expected) {
  if (declared == 0 || declared == expected) return {};
  return failureAt(
      gpu.line, fmt::format("<gpu>: {} is {}, the collective needs {}", what, declared, expected));
}

Status layOut(const Algorithm& algorithm, Schedule& schedule) {
  schedule.name = algorithm.name;
  schedule.collective = algorithm.collective;
  schedule.rankCount = static_cast<int>(algorithm.gpus.size());
  INCCL_TRY_ASSIGN(schedule.root, findRoot(algorithm));
  schedule.minBytes = algorithm.minBytes;
  schedule.maxBytes = algorithm.maxBytes;
  if (algorithm.op) schedule.ops = {*algorithm.op};
  const uint32_t all = algorithm.chunksPerLoop;
  const auto ranks = static_cast<uint32_t>(schedule.rankCount);
  const bool blocks = hasBlocks(algorithm.collective);
  if (blocks && all % ranks != 0)
    return failureAt(algorithm.line, fmt::format("<algo>: nchunksperloop {} is not a multiple of "
                                                 "ngpus {}",
                                                 all, ranks));
  const bool oneIn =
      algorithm.collective == Collective::kAllGather || algorithm.collective == Collective::kGather;
  const bool oneOut = algorithm.collective == Collective::kReduceScatter ||
                      algorithm.collective == Collective::kScatter;
  schedule.inputChunks = oneIn ? all / ranks : all;
  schedule.outputChunks = oneOut ? all / ranks : all;
  for (const Gpu& gpu : algorithm.gpus) {
    INCCL_TRY(checkDeclared(gpu, "i_chunks", gpu.inputChunks, schedule.inputChunks));
    INCCL_TRY(checkDeclared(gpu, "o_chunks", gpu.outputChunks, schedule.outputChunks));
  }
  return {};
}

}  // namespace

Result<Schedule> fromMscclXml(std::string_view text) {
  INCCL_TRY_ASSIGN(const Algorithm algorithm, msccl::parseDocument(text));
  Schedule schedule;
  INCCL_TRY(layOut(algorithm, schedule));
  uint32_t width = 1;
  for (const Gpu& gpu : algorithm.gpus) {
    for (const ThreadBlock& block : gpu.blocks) width = std::max(width, widestMessage(block));
  }
  Schedule layout = schedule;
  for (int rank = 0; rank < schedule.rankCount; ++rank) {
    layout.scratchChunks = algorithm.gpus[static_cast<size_t>(rank)].scratchChunks;
    RankReader reader(layout, algorithm, rank, width);
    INCCL_TRY(reader.read(schedule.ranks.emplace_back()));
    schedule.scratchChunks = std::max(schedule.scratchChunks, reader.scratchChunks());
  }
  INCCL_TRY(validate(schedule));
  return schedule;
}

}  // namespace inccl::schedule
