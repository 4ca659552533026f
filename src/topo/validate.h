// Is a topology well formed? The one list on which reader, builders, merge, simulator and
// synthesiser stand: after validate() every index may be used unchecked, and every name is unique.
//
// Checked: ids are there and unique, of nodes and of groups; rank nodes have a number in range that
// no other has, other nodes have none; `host` names a machine that is there, if any host node is;
// only a switch sums or replicates; links join two different nodes, once in each direction, and
// their group exists. Not checked, because a fragment or a damaged machine is a topology too: that
// ranks count from 0 without gaps (rankNodes), and that they reach each other (routes.h).
#pragma once

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::topo {

constexpr int kMostRanks = 1 << 16;
constexpr size_t kLongestId = 256;

// The first defect, as kInvalidArgument, naming its place as the JSON has it.
Status validate(const Topology& topology);

}  // namespace inccl::topo
