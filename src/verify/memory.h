// Where chunks lie: places that may be one.
//
// Out of place every chunk of a rank is a place of its own. In place an input chunk and the output
// chunk that it is the start of are one place, and both names lead to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "schedule/schedule.h"

namespace inccl::verify {

// A number below MemoryMap::cellCount() for each place of one rank.
using Cell = uint32_t;

class MemoryMap {
 public:
  MemoryMap(const schedule::Schedule& schedule, bool inPlace)
      : schedule_(schedule), inPlace_(inPlace) {}

  [[nodiscard]] size_t cellCount() const {
    return size_t{schedule_.inputChunks} + schedule_.outputChunks + schedule_.scratchChunks;
  }
  [[nodiscard]] Cell cell(int rank, const schedule::ChunkRef& chunk) const;

  // A copy of a chunk onto itself touches nothing; executors skip it.
  [[nodiscard]] bool touchesNothing(int rank, const schedule::Step& step) const;

 private:
  [[nodiscard]] bool sharesOutput(int rank) const;
  // The smaller buffer lies in this rank's block of the larger one.
  [[nodiscard]] bool inputIsLarger() const {
    return schedule_.inputChunks > schedule_.outputChunks;
  }
  [[nodiscard]] bool outputIsLarger() const {
    return schedule_.outputChunks > schedule_.inputChunks;
  }
  [[nodiscard]] uint32_t ownBlock(int rank) const {
    return schedule::blockChunks(schedule_) * static_cast<uint32_t>(rank);
  }

  const schedule::Schedule& schedule_;
  bool inPlace_;
};

}  // namespace inccl::verify
