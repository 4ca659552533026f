// Which nodes of a topology stand in which machine, and which switches between machines.
//
// A machine is its host node, its ranks and its NICs. Who belongs to it is said by `host`, or by a
// link to a host node; a rank that neither has is a machine of its own, as in topologies whose
// ranks are joined directly. A switch is a site of its own, unless it lies inside a machine (PCIe,
// NVLink): it says so by `host`, or all that it and the switches joined to it lead to is one
// machine. A link is made of wire when its ends stand in different sites; all others are memory and
// buses. The lab makes a network namespace of each site.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::topo {

using SiteIndex = uint32_t;

struct Site {
  std::string id;  // of the host node, or what `host` says, or of the lone rank or switch
  bool isSwitch = false;
};

struct Sites {
  std::vector<Site> sites;            // in the order of the file
  std::vector<SiteIndex> siteOfNode;  // by NodeIndex
};

// `topology` must be valid. Fails when there is no machine, or a NIC that belongs to none.
Result<Sites> sitesOf(const Topology& topology);

}  // namespace inccl::topo
