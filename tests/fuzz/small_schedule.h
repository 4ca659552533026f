// The verifier takes time and memory for each chunk and step; a fuzzer needs many runs.
#pragma once

#include "schedule/schedule.h"

namespace inccl::fuzz {

inline bool isSmall(const schedule::Schedule& schedule) {
  size_t steps = 0;
  for (const schedule::RankProgram& program : schedule.ranks)
    for (const schedule::Lane& lane : program.lanes) steps += lane.steps.size();
  const uint64_t chunks =
      uint64_t{schedule.inputChunks} + schedule.outputChunks + schedule.scratchChunks;
  return steps <= 256 && chunks * static_cast<uint64_t>(schedule.rankCount) <= 1024;
}

}  // namespace inccl::fuzz
