// Tells objects made before a fork from those made after it, for the price of one load.
//
// A communicator lives in threads and sockets that a forked child does not have; the child must get
// an error, not a hang. The counter rises in every child (pthread_atfork); whoever was made under
// another value belongs to a parent.
#pragma once

#include <cstdint>

namespace inccl {

uint32_t forkGeneration();

}  // namespace inccl
