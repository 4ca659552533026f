// Which schedule is fastest over a network: ask the simulator.
//
// Between ranks of one host the thresholds of plan.cc hold, which were measured. As soon as there
// are several hosts, or a topology file says what the machine is like, nothing is known beforehand:
// then each schedule that may be used is simulated on the agreed topology, and the shortest time
// wins. The simulator counts whole picoseconds and its effort is bounded by events, not by a clock,
// so every rank comes to the same answer by itself.
#pragma once

#include <optional>
#include <vector>

#include "algo/algorithm.h"
#include "base/op_signature.h"
#include "base/status.h"
#include "schedule/schedule.h"
#include "topo/topology.h"

namespace inccl::comm {

// The machine as all ranks know it, and what follows from it.
struct AgreedTopology {
  topo::Topology topology;
  std::vector<std::vector<int>> hosts;  // the ranks of each; empty when it does not say
  uint64_t fingerprint = 0;

  // Fails unless its ranks are 0 … rankCount - 1 and reach each other, and its addresses are some.
  static Result<AgreedTopology> of(topo::Topology topology, int rankCount);
};

// The schedule of an algorithm on this machine: two_level takes its hosts. `topology` may be
// nullptr.
Result<schedule::Schedule> generateFor(const AgreedTopology* topology, algo::Algorithm algorithm,
                                       Collective collective, int rankCount, int root);

// The fastest of `candidates` for one rank's contribution of `bytes`; the first of equals. Nothing
// when none could be simulated within its effort.
std::optional<algo::Algorithm> fastest(const AgreedTopology& topology,
                                       const std::vector<algo::Algorithm>& candidates,
                                       Collective collective, int rankCount, size_t bytes,
                                       size_t messageBytes);

}  // namespace inccl::comm
