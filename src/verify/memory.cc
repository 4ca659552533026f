#include "verify/memory.h"

namespace inccl::verify {

using schedule::Buffer;
using schedule::ChunkRef;
using schedule::StepKind;

// A barrier has no user memory that could be shared, an all-to-all no in-place form, and where only
// the root has an input or an output, only its two can be one.
bool MemoryMap::sharesOutput(int rank) const {
  return inPlace_ && schedule_.collective != Collective::kBarrier &&
         schedule_.collective != Collective::kAllToAll && schedule::hasInput(schedule_, rank) &&
         schedule::hasOutput(schedule_, rank);
}

Cell MemoryMap::cell(int rank, const ChunkRef& chunk) const {
  switch (chunk.buffer) {
    case Buffer::kInput:
      if (!sharesOutput(rank) || inputIsLarger()) return schedule_.outputChunks + chunk.index;
      return chunk.index + (outputIsLarger() ? ownBlock(rank) : 0);
    case Buffer::kOutput:
      if (sharesOutput(rank) && inputIsLarger())
        return schedule_.outputChunks + ownBlock(rank) + chunk.index;
      return chunk.index;
    case Buffer::kScratch:
      break;
  }
  return schedule_.outputChunks + schedule_.inputChunks + chunk.index;
}

bool MemoryMap::touchesNothing(int rank, const schedule::Step& step) const {
  return step.kind == StepKind::kCopy &&
         cell(rank, step.sources[0]) == cell(rank, *step.destination);
}

}  // namespace inccl::verify
