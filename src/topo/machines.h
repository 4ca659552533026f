// Simple machines with nominal numbers: what is assumed where nothing was measured, and what tests
// and examples stand on.
//
// A host is a star: each rank has a link to the host's memory and one from it, its port, so that a
// rank moves no faster than one thread copies, whoever it talks to; all of them share the memory,
// as a group. A message from rank to rank crosses two links, in and out, and counts twice in the
// group, as it is written and read once. Numbers are orders of magnitude of an ordinary server.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "topo/merge.h"
#include "topo/topology.h"

namespace inccl::topo {

struct HostNumbers {
  Rate port = Rate::gbps(10);                               // one thread that copies
  Picoseconds alpha = kPicosecondsPerMicrosecond * 3 / 20;  // of one link: a message crosses two
  Rate memory = Rate::gbps(40);                             // all ranks of the host together
};

// The fragment of one host: node "host<number>", and "rank<r>" for each rank r that lives there.
Topology hostFragment(int number, std::span<const int> ranks, const HostNumbers& numbers = {});

// n ranks on one host.
Topology oneHost(int rankCount, const HostNumbers& numbers = {});

// Rank r lives on host hostOfRank[r]; hosts are numbered from 0 without gaps and, if there are
// several, joined by the switch "network".
Result<Topology> hostsWithSwitch(std::span<const int> hostOfRank, const HostNumbers& host = {},
                                 const NetworkNumbers& network = {});
// hosts × ranksPerHost, ranks of a host side by side.
Result<Topology> hostsWithSwitch(int hosts, int ranksPerHost, const HostNumbers& host = {},
                                 const NetworkNumbers& network = {});

// Ranks in a circle, joined directly; both ways, or only from each to the next.
Topology ring(int rankCount, Rate rate, Picoseconds alpha, bool bothWays = true);

}  // namespace inccl::topo
