// By which address a rank should reach another: the one at the end of the way that messages take.
//
// A machine has an address for each link, and the one that a connection names decides which link
// its packets take: of two parallel links, of the links of a machine whose hosts are joined
// directly, of two networks side by side. Planner and simulator count a message on its route
// (routes.h), so a connection should be made to where the route enters the peer's machine: the NIC
// or host at the end of the link, or behind the switch, that both share. Any address leads there
// somehow, perhaps through a third machine, at a speed that nobody has counted with.
//
// It is a preference and no more: a topology may be out of date, and a connection counts only if
// the right process answers.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::topo {

// By rank what rank `from` tries first, best first: the addresses of the NIC, the host and the rank
// itself along the route, as far as the nodes give any, then those of the machine's other NICs and
// hosts, nearest first. Nothing for ranks of the same machine. `topology` must be valid and have
// the ranks 0 … n - 1; fails when somebody has an address and a NIC belongs to no machine.
Result<std::vector<std::vector<std::string>>> preferredAddresses(const Topology& topology,
                                                                 int from);

}  // namespace inccl::topo
