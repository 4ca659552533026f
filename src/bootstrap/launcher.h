// Who am I, as the program that started this process tells it: rank, number of ranks, root.
//
// Looked for in this order; the first that says anything decides, and must then say everything:
//   INCCL_RANK, INCCL_NRANKS, INCCL_ROOT=host:port
//   torchrun:  RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT (its own store listens there: ours is one
//   up) Open MPI:  OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE; on one host rank 0 hands the root
//   over by
//              itself (root_handover.h)
//   nothing:   one rank of one
// INCCL_ROOT, where set, is the root whatever the launcher. Only Open MPI on one host has a channel
// for a random nonce; elsewhere it comes from INCCL_SECRET, and without one the launch is
// unauthenticated (one warning, on rank 0) and confined to loopback (endpoints.h).
#pragma once

#include <string>

#include "base/config.h"
#include "base/status.h"
#include "bootstrap/unique_id.h"

namespace inccl::bootstrap {

struct Launch {
  int rank = 0;
  int nRanks = 1;
  UniqueId id;
  std::string source;  // "INCCL_RANK", "torchrun", "Open MPI" or "no launcher"
};

// All ranks call it equally often. May block up to config.creationTimeout (Open MPI on one host).
Result<Launch> launchFromEnvironment(const Config& config);

// The same from numbers that the caller has (flags): rank 0 opens the root at `root`, "host:port".
Result<Launch> launchAt(int rank, int nRanks, const std::string& root, const Config& config);

}  // namespace inccl::bootstrap
