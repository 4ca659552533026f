// One topology out of what each host knows of itself.
//
// The lowest rank of each host speaks for it; rank 0 puts the fragments together and says the
// result to all, so that ranks on different machines never plan by numbers that differ in the last
// digit. Hosts are called host0, host1 … in the order of their lowest ranks, not by what tells them
// apart (boot id, network namespace), which is another at each start: plans name the topology that
// they were made for, and the same job on the same machines shall find them again. For the same
// reason a fragment says nothing of addresses; the ranks told each other those when they met.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/status.h"
#include "bootstrap/session.h"
#include "topo/topology.h"

namespace inccl::comm {

// By number of the host its ranks, ascending.
std::vector<std::vector<int>> ranksByHost(const std::vector<bootstrap::PeerInfo>& peers);

// What this machine is like, as host `number` with these ranks. Nominal: nothing is discovered yet.
Result<topo::Topology> fragmentOfThisHost(int number, std::span<const int> ranks);

// `fragments`: by host, as JSON. Hosts that know of no switch are joined by a nominal one. A
// failure names the host and the rank that spoke for it.
Result<topo::Topology> mergeFragments(std::span<const std::vector<std::byte>> fragments,
                                      const std::vector<bootstrap::PeerInfo>& peers);

}  // namespace inccl::comm
