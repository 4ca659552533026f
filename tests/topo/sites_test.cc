// Who stands in which machine: by what nodes say, else by what they are linked to.
#include "topo/sites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topo/machines.h"

namespace inccl::topo {
namespace {

using ::testing::ElementsAre;

Node node(NodeKind kind, std::string id, std::string host = "") {
  Node made;
  made.id = std::move(id);
  made.kind = kind;
  made.host = std::move(host);
  return made;
}

// By node the name of its site.
std::vector<std::string> names(const Topology& topology) {
  const Result<Sites> sites = sitesOf(topology);
  EXPECT_TRUE(sites.ok()) << sites.status().message();
  std::vector<std::string> names;
  if (!sites.ok()) return names;
  for (const SiteIndex site : sites.value().siteOfNode)
    names.push_back(sites.value().sites[site].id);
  return names;
}

TEST(SitesTest, RanksAreWhereTheirHostIsAndSwitchesBetween) {
  const Topology topology = hostsWithSwitch(2, 1).value();
  std::vector<std::string> said;
  for (const Node& each : topology.nodes)
    said.push_back(each.kind == NodeKind::kRank || each.kind == NodeKind::kHost
                       ? (each.host.empty() ? each.id : each.host)
                       : "network");
  EXPECT_EQ(names(topology), said);
}

TEST(SitesTest, RanksWithoutAHostAreMachines) {
  EXPECT_THAT(names(ring(3, Rate::gbps(1), 0)), ElementsAre("rank0", "rank1", "rank2"));
}

TEST(SitesTest, LinksSayWhatNodesDoNot) {
  Topology topology;
  const NodeIndex host = topology.addNode(node(NodeKind::kHost, "h"));
  const NodeIndex rank = topology.addNode(node(NodeKind::kRank, "r"));
  const NodeIndex card = topology.addNode(node(NodeKind::kNic, "n"));
  const NodeIndex bus = topology.addNode(node(NodeKind::kSwitch, "bus"));
  topology.nodes[rank].rank = 0;
  topology.addLinks(rank, host, Rate::gbps(1), 0);
  topology.addLinks(rank, bus, Rate::gbps(1), 0);
  topology.addLinks(bus, card, Rate::gbps(1), 0);
  topology.nodes[card].host = "h";
  EXPECT_THAT(names(topology), ElementsAre("h", "h", "h", "h"));
  topology.nodes[card].host.clear();
  EXPECT_EQ(sitesOf(topology).status().code(), Code::kInvalidArgument);
  topology.addLinks(card, host, Rate::gbps(1), 0);
  EXPECT_THAT(names(topology), ElementsAre("h", "h", "h", "h"));
}

TEST(SitesTest, NobodyIsNoMachine) {
  Topology topology;
  topology.addNode(node(NodeKind::kSwitch, "alone"));
  EXPECT_EQ(sitesOf(topology).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace inccl::topo
