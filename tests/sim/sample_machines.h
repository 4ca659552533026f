// Machines and numbers that the simulator's tests share.
#pragma once

#include <string>

#include "topo/topology.h"

namespace inccl::sim {

constexpr topo::Picoseconds kUs = topo::kPicosecondsPerMicrosecond;

inline topo::NodeIndex addRank(topo::Topology& topology, int rank) {
  topo::Node node;
  node.id = "rank" + std::to_string(rank);
  node.rank = rank;
  return topology.addNode(std::move(node));
}

inline topo::NodeIndex addSwitch(topo::Topology& topology, std::string id, bool reduce = false,
                                 bool multicast = false) {
  topo::Node node;
  node.id = std::move(id);
  node.kind = topo::NodeKind::kSwitch;
  node.reduce = reduce;
  node.multicast = multicast;
  return topology.addNode(std::move(node));
}

// Ranks 0 … n - 1 are nodes 0 … n - 1 on the switch "s"; alpha is of one link, so half a message's.
inline topo::Topology star(int ranks, topo::Rate rate, topo::Picoseconds alpha,
                           bool inNetwork = false) {
  topo::Topology topology;
  topology.name = "star";
  for (int rank = 0; rank < ranks; ++rank) addRank(topology, rank);
  const topo::NodeIndex hub = addSwitch(topology, "s", inNetwork, inNetwork);
  for (topo::NodeIndex rank = 0; rank < hub; ++rank) topology.addLinks(rank, hub, rate, alpha);
  return topology;
}

}  // namespace inccl::sim
