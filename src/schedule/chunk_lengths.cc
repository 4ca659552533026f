#include "schedule/chunk_lengths.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::schedule {
namespace {

constexpr uint32_t kNothing = UINT32_MAX;

class LengthFlow {
 public:
  LengthFlow(const StepGraph& graph, BlockLengths lengths)
      : graph_(graph),
        schedule_(graph.schedule()),
        lengths_(lengths),
        classes_(graph.stepCount(), 0),
        scratch_(size_t{schedule_.scratchChunks} * schedule_.rankCount, kNothing) {}

  Status run(StepId id) {
    const Step& step = graph_.step(id);
    uint32_t length = kNothing;
    if (receives(step.kind)) length = classes_[graph_.senderOf(id)];
    for (const ChunkRef& source : step.sources)
      INCCL_TRY(meet(id, source, classAt(id, source), length));
    if (step.destination) {
      const bool isScratch = step.destination->buffer == Buffer::kScratch;
      // What a switch hands out is as long as the place that it is for.
      if (length == kNothing && !isScratch) length = classAt(id, *step.destination);
      if (isScratch)
        scratchAt(id, *step.destination) = length == kNothing ? 0 : length;
      else
        INCCL_TRY(meet(id, *step.destination, classAt(id, *step.destination), length));
    }
    classes_[id] = length == kNothing ? 0 : length;
    return {};
  }

  std::vector<uint32_t> take() { return std::move(classes_); }

 private:
  uint32_t& scratchAt(StepId id, const ChunkRef& chunk) {
    return scratch_[size_t{schedule_.scratchChunks} * graph_.place(id).rank + chunk.index];
  }
  uint32_t classAt(StepId id, const ChunkRef& chunk) {
    if (chunk.buffer == Buffer::kScratch) return scratchAt(id, chunk);
    return lengthClass(schedule_, graph_.place(id).rank, chunk, lengths_);
  }

  // `chunk` takes part in the step whose other parts have the class `length`.
  Status meet(StepId id, const ChunkRef& chunk, uint32_t its, uint32_t& length) const {
    if (its == kNothing)
      return invalidArgument(fmt::format("{}: reads {} before anything was written to it",
                                         describe(schedule_, graph_.place(id)), describe(chunk)));
    if (length != kNothing && length != its)
      return invalidArgument(
          fmt::format("{}: {} has the length of chunk {}, what meets it that of chunk {}",
                      describe(schedule_, graph_.place(id)), describe(chunk), its, length));
    length = its;
    return {};
  }

  const StepGraph& graph_;
  const Schedule& schedule_;
  const BlockLengths lengths_;
  std::vector<uint32_t> classes_;
  std::vector<uint32_t> scratch_;  // class of what each rank's scratch chunks hold
};

}  // namespace

bool holdsAllBlocks(Collective collective, Buffer buffer) {
  return buffer == (collective == Collective::kAllGather ? Buffer::kOutput : Buffer::kInput);
}

uint32_t lengthClass(const Schedule& schedule, int rank, const ChunkRef& chunk,
                     BlockLengths lengths) {
  const uint32_t chunks = blockChunks(schedule);
  if (lengths == BlockLengths::kEqual) return chunk.index % chunks;
  if (holdsAllBlocks(schedule.collective, chunk.buffer)) return chunk.index;
  return static_cast<uint32_t>(rank) * chunks + chunk.index;
}

Result<std::vector<uint32_t>> inferLengthClasses(const StepGraph& graph,
                                                 const std::vector<StepId>& order,
                                                 BlockLengths lengths) {
  const Collective collective = graph.schedule().collective;
  if (lengths == BlockLengths::kDifferent && collective != Collective::kAllGather &&
      collective != Collective::kReduceScatter)
    return invalidArgument(
        fmt::format("{} has no blocks that all ranks know the lengths of", name(collective)));
  LengthFlow flow(graph, lengths);
  for (const StepId id : order) INCCL_TRY(flow.run(id));
  return flow.take();
}

}  // namespace inccl::schedule
