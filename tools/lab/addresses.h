// Which interface has which address: those that the topology gives, and 10.x for the rest.
//
// A NIC's `address` is its interface's. A host's `address` is that of its only interface, or
// one more on its first, so that it is reached by that name whatever way a packet comes; a rank's
// counts as its host's. All others get the next free one: interfaces that switches join are
// 10.0.0.1, 10.0.0.2 … (the next fabric 10.1.0.1 …), each direct link is a pair of its own from
// 10.64.0.0/10. Every switch has one too, for a program that runs there.
#pragma once

#include "base/status.h"
#include "lab/plan.h"
#include "topo/sites.h"

namespace inccl::lab {

// Fails for what is no IPv4 address and for what two places have.
Status assignAddresses(Plan& plan, const topo::Sites& sites);

}  // namespace inccl::lab
