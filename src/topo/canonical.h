// One topology, one form: what a person may write in many orders, ranks must agree on byte by byte.
//
// canonical() puts ranks first by number, then the other nodes by kind and id, links by their ends,
// groups by id. Its JSON is the same text whoever made the topology and in whatever order, which is
// what rank 0 sends to all. The fingerprint is a digest of that form; a plan that was made for a
// machine names it, and is refused on another.
//
// The fingerprint leaves out name, source and addresses: a machine that was given another address
// still takes the same plans. Ids count, since a plan names switches by them.
#pragma once

#include <cstdint>
#include <string>

#include "topo/topology.h"

namespace inccl::topo {

// `topology` must be valid.
Topology canonical(const Topology& topology);

uint64_t fingerprint(const Topology& topology);
// As plans carry it: 16 digits.
std::string fingerprintText(const Topology& topology);

// All rates and latencies rounded to so many significant digits (2 to 15): measured twice, the same
// machine should be the same topology.
Topology rounded(Topology topology, int digits);

}  // namespace inccl::topo
