// Fragments to one topology: each host tells of itself, rank 0 puts it together.
//
// A rank, a host and a NIC belong to one fragment, so one that stands in two is a mistake (two
// hosts that call their NIC "eth0"), not the same thing twice. Switches are what fragments share:
// each host names the switch that it hangs on, and where all name the same, the hosts are joined.
// Hosts that know of no switch are joined by a nominal one (joinHosts).
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::topo {

// The union, in canonical form: the order of the fragments does not matter. What two fragments say
// of a switch, of a link between two switches and of a group must be equal. Each fragment must be
// valid. Failures name the fragment by its position and name.
Result<Topology> merge(std::span<const Topology> fragments, std::string name);

struct NetworkNumbers {
  Rate rate = Rate::gbps(5, 4);                         // 10 Gbit/s
  Picoseconds alpha = 10 * kPicosecondsPerMicrosecond;  // of one link: a message crosses two
};

// Adds the switch `switchId` and links in both directions to each NIC that has no link to a switch
// yet and, for hosts without NICs, to the host itself. A NIC belongs to the host that its links
// lead to or that its `host` names.
Status joinHosts(Topology& topology, const NetworkNumbers& numbers,
                 const std::string& switchId = "network");

}  // namespace inccl::topo
