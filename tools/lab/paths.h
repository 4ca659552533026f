// The way of every packet: routes of hosts, neighbours, and the ports by which switches forward.
//
// Fewest cables first; of ways equally short, one that ends at the interface that has the address,
// so that each of two parallel links carries what is sent to its own addresses; then one that
// begins at the interface of the same number (rails); then the cable that stands first. A packet
// crosses switches by its MAC address and hosts by its IP address, so a route leads to the next
// host on the way (`via`), or to the receiver itself.
#pragma once

#include "lab/plan.h"

namespace inccl::lab {

// Fills routes, neighbours and forwardings. Addresses that a host cannot reach get no route.
void findPaths(Plan& plan);

}  // namespace inccl::lab
