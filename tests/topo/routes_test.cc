// Fewest links, then the widest, then the quickest, then the first: always the same way.
#include "topo/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "topo/machines.h"

namespace inccl::topo {
namespace {

using ::testing::HasSubstr;

NodeIndex addSwitch(Topology& topology, const char* id) {
  Node node;
  node.id = id;
  node.kind = NodeKind::kSwitch;
  return topology.addNode(node);
}

NodeIndex addRank(Topology& topology, int rank) {
  Node node;
  node.id = "rank" + std::to_string(rank);
  node.rank = rank;
  return topology.addNode(node);
}

// Two ranks joined by three switches; the way over switch i has the rate and latency given.
struct Choice {
  Rate rate;
  Picoseconds alpha;
};
std::string chosen(const std::vector<Choice>& choices) {
  Topology topology;
  const NodeIndex a = addRank(topology, 0), b = addRank(topology, 1);
  for (size_t i = 0; i < choices.size(); ++i) {
    const NodeIndex hub = addSwitch(topology, ("s" + std::to_string(i)).c_str());
    topology.addLink(a, hub, choices[i].rate, choices[i].alpha);
    topology.addLink(hub, b, Rate::gbps(100), 0);
  }
  return topology.nodes[topology.links[Routes(topology).from(a).to(b)[0]].dst].id;
}

TEST(RoutesTest, WidestThenQuickestThenFirst) {
  EXPECT_EQ(chosen({{Rate::gbps(1), 5}, {Rate::gbps(3), 9}, {Rate::gbps(2), 1}}), "s1");
  EXPECT_EQ(chosen({{Rate::gbps(3), 5}, {Rate::gbps(3), 9}, {Rate::gbps(3), 1}}), "s2");
  EXPECT_EQ(chosen({{Rate::gbps(3), 5}, {Rate::gbps(3), 5}, {Rate::gbps(3), 5}}), "s0");
  // Wider than the link behind it is no better.
  EXPECT_EQ(chosen({{Rate::gbps(100), 5}, {Rate::gbps(200), 5}, {Rate::gbps(300), 1}}), "s2");
}

TEST(RoutesTest, FewerLinksBeatWiderOnes) {
  Topology topology;
  const NodeIndex a = addRank(topology, 0), b = addRank(topology, 1);
  const NodeIndex hub = addSwitch(topology, "s");
  topology.addLinks(a, hub, Rate::gbps(100), 0);
  topology.addLinks(hub, b, Rate::gbps(100), 0);
  const LinkIndex direct = topology.addLink(a, b, Rate::gbps(1), 1000);
  EXPECT_EQ(Routes(topology).from(a).to(b), std::vector<LinkIndex>{direct});
  EXPECT_EQ(Routes(topology).from(b).to(a).size(), 2u);
}

TEST(RoutesTest, RanksDoNotForwardUnlessAsked) {
  const Topology circle = ring(5, Rate::gbps(1), 0, false);
  EXPECT_FALSE(Routes(circle).from(0).reaches(2));
  EXPECT_TRUE(Routes(circle).from(0).reaches(1));
  const Routes routing(circle, {.throughRanks = true});
  EXPECT_EQ(routing.from(0).to(4).size(), 4u);
  EXPECT_TRUE(checkConnected(circle, {.throughRanks = true}).ok());
  EXPECT_THAT(std::string(checkConnected(circle).message()),
              HasSubstr("there is no way from rank 0 to rank 2"));
}

TEST(RoutesTest, RoutesOfOneSourceFormATree) {
  const Topology machine = hostsWithSwitch(4, 3).value();
  const RouteTree tree = Routes(machine).from(0);
  std::set<LinkIndex> used;
  for (NodeIndex node = 0; node < machine.nodes.size(); ++node) {
    ASSERT_TRUE(tree.reaches(node));
    NodeIndex at = 0;
    for (const LinkIndex link : tree.to(node)) {
      EXPECT_EQ(machine.links[link].src, at);
      at = machine.links[link].dst;
      used.insert(link);
    }
    EXPECT_EQ(at, node);
  }
  EXPECT_EQ(used.size(), machine.nodes.size() - 1);
}

TEST(RoutesTest, NoWayIsNoPath) {
  Topology topology;
  const NodeIndex a = addRank(topology, 0), b = addRank(topology, 1);
  const RouteTree tree = Routes(topology).from(a);
  EXPECT_FALSE(tree.reaches(b));
  EXPECT_TRUE(tree.to(b).empty());
  EXPECT_TRUE(tree.reaches(a));
  EXPECT_EQ(tree.lastLink(a), kNone);
}

}  // namespace
}  // namespace inccl::topo
