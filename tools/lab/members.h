// Which nodes of a topology stand in which network namespace.
//
// A machine is a namespace: its host node, its ranks and its NICs. Who belongs to it is said by
// `host`, or by a link to a host node; a rank that neither has is a machine of its own, as in
// topologies whose ranks are joined directly. A switch is a namespace too, unless it lies inside a
// machine (PCIe, NVLink): it says so by `host`, or all that it and the switches joined to it lead
// to is one machine. A link is made of wire when its ends stand in different namespaces; all others
// are memory and buses, which the lab does not imitate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::lab {

using SpaceIndex = uint32_t;

struct Member {
  std::string id;  // of the host node, or what `host` says, or of the lone rank or switch
  bool isSwitch = false;
};

struct Members {
  std::vector<Member> spaces;           // in the order of the file
  std::vector<SpaceIndex> spaceOfNode;  // by topo::NodeIndex
};

// `topology` must be valid. Fails when there is no machine, or a NIC that belongs to none.
Result<Members> membersOf(const topo::Topology& topology);

}  // namespace inccl::lab
