#include "verify/memory.h"

namespace inccl::verify {

using schedule::Buffer;
using schedule::ChunkRef;
using schedule::StepKind;

// A barrier has no user memory that could be shared.
bool MemoryMap::sharesOutput() const {
  return inPlace_ && schedule_.collective != Collective::kBarrier;
}

Cell MemoryMap::cell(int rank, const ChunkRef& chunk) const {
  switch (chunk.buffer) {
    case Buffer::kInput: {
      if (!sharesOutput()) return schedule_.outputChunks + chunk.index;
      const bool ownBlock = schedule_.collective == Collective::kAllGather;
      return chunk.index + (ownBlock ? schedule_.inputChunks * static_cast<uint32_t>(rank) : 0);
    }
    case Buffer::kOutput:
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
