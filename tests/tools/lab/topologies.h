// Topologies for the tests of the lab, and the plan of one.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lab/plan.h"
#include "topo/topology.h"

namespace inccl::lab {

inline topo::Topology named(std::string name) {
  topo::Topology topology;
  topology.name = std::move(name);
  return topology;
}

inline topo::NodeIndex add(topo::Topology& topology, topo::NodeKind kind, std::string id,
                           std::string host = "", std::string address = "") {
  topo::Node node;
  node.id = std::move(id);
  node.kind = kind;
  if (kind == topo::NodeKind::kRank) node.rank = topology.rankCount();
  node.host = std::move(host);
  node.address = std::move(address);
  return topology.addNode(std::move(node));
}

inline topo::NodeIndex addHost(topo::Topology& topology, const std::string& id,
                               std::string address = "") {
  add(topology, topo::NodeKind::kRank, "rank of " + id, id);
  return add(topology, topo::NodeKind::kHost, id, "", std::move(address));
}

// `hosts` in a circle, joined directly.
inline topo::Topology circle(int hosts, const topo::Rate& rate = topo::Rate::gbps(1, 40)) {
  topo::Topology topology = named("circle");
  std::vector<topo::NodeIndex> nodes;
  for (int i = 0; i < hosts; ++i) nodes.push_back(addHost(topology, "h" + std::to_string(i)));
  for (size_t i = 0; i < nodes.size(); ++i)
    topology.addLinks(nodes[i], nodes[(i + 1) % nodes.size()], rate, 0);
  return topology;
}

// Two hosts on a switch, 500 Mbit/s there and 400 Mbit/s back.
inline topo::Topology pair(const std::string& first = "", const std::string& second = "") {
  topo::Topology topology = named("pair");
  const auto a = addHost(topology, "a", first);
  const auto b = addHost(topology, "b", second);
  const auto s = add(topology, topo::NodeKind::kSwitch, "s");
  for (const auto host : {a, b}) {
    topology.addLink(host, s, topo::Rate::gbps(1, 16), 0);
    topology.addLink(s, host, topo::Rate::gbps(1, 20), 0);
  }
  return topology;
}

inline Plan planned(topo::Topology topology) {
  auto plan = planOf(std::move(topology));
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return plan.ok() ? std::move(plan).value() : Plan{};
}

inline std::string refusalOf(topo::Topology topology) {
  const auto plan = planOf(std::move(topology));
  return plan.ok() ? "" : std::string(plan.status().message());
}

}  // namespace inccl::lab
