// Small random damage to a schedule, such as a wrong generator or a damaged file would do.
#pragma once

#include <random>
#include <string>

#include "schedule/schedule.h"

namespace inccl::verify {

enum class Mutation {
  kDropStep,  // the step is gone; references behind it move up
  kDuplicateStep,
  kSwapOrder,   // of two neighbours in a lane
  kSwapChunk,   // another index for one source or destination
  kSwapBuffer,  // another buffer
  kDropDependency,
  kMoveDependency,  // to another step
  kOtherKind,       // receive only instead of receive and add, and the like
  kSwapSources,     // of a sum
  kOtherPeer,       // for all that a lane sends, or receives
};
inline constexpr Mutation kAllMutations[] = {Mutation::kDropStep,       Mutation::kDuplicateStep,
                                             Mutation::kSwapOrder,      Mutation::kSwapChunk,
                                             Mutation::kSwapBuffer,     Mutation::kDropDependency,
                                             Mutation::kMoveDependency, Mutation::kOtherKind,
                                             Mutation::kSwapSources,    Mutation::kOtherPeer};

// Does one random mutation of that kind; false when the place chosen has nothing to mutate so.
bool mutate(schedule::Schedule& schedule, Mutation mutation, std::mt19937_64& random);

}  // namespace inccl::verify
