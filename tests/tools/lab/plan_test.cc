// Namespaces, cables, rates and refusals.
#include "lab/plan.h"

#include <gmock/gmock.h>

#include "tools/lab/topologies.h"

namespace inccl::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using topo::NodeKind;
using topo::Rate;

TEST(LabPlanTest, HostsAndSwitchesAreNamespacesAndLinksAreCables) {
  const Plan plan = planned(pair());
  ASSERT_EQ(plan.spaces.size(), 3u);
  EXPECT_EQ(plan.spaces[0].id, "a");
  EXPECT_THAT(plan.spaces[0].ranks, ElementsAre(0));
  EXPECT_THAT(plan.spaceOfRank, ElementsAre(0, 1));
  EXPECT_TRUE(plan.spaces[2].isSwitch);
  EXPECT_EQ(plan.spaces[2].interfaces[0].name, "bridge");
  EXPECT_EQ(plan.spaces[2].interfaces[2].name, "port1");
  ASSERT_EQ(plan.cables.size(), 2u);
  // Each direction has its own rate, at the end where it leaves.
  EXPECT_EQ(plan.cables[0].at(0).shaping.bytesPerSecond, 62'500'000u);
  EXPECT_EQ(plan.cables[0].at(2).shaping.bytesPerSecond, 50'000'000u);
  EXPECT_EQ(plan.describe(plan.cables[1].ends[0]), "eth0 of b, links[2] (b -> s)");
  EXPECT_EQ(plan.find("s"), 2u);
  EXPECT_EQ(plan.find("x"), topo::kNone);
}

TEST(LabPlanTest, TheSameTopologyGivesTheSamePlan) {
  const Plan one = planned(circle(5)), two = planned(circle(5));
  for (size_t space = 0; space < one.spaces.size(); ++space) {
    EXPECT_EQ(one.spaces[space].interfaces[1].mac, two.spaces[space].interfaces[1].mac);
    EXPECT_EQ(one.spaces[space].address(), two.spaces[space].address());
  }
}

TEST(LabPlanTest, RanksWithoutHostAreMachines) {
  topo::Topology topology = named("two ranks");
  const auto a = add(topology, NodeKind::kRank, "left");
  const auto b = add(topology, NodeKind::kRank, "right");
  topology.addLinks(a, b, Rate::gbps(1), 0);
  const Plan plan = planned(topology);
  ASSERT_EQ(plan.spaces.size(), 2u);
  EXPECT_EQ(plan.spaces[1].id, "right");
  EXPECT_EQ(plan.cables.size(), 1u);
}

TEST(LabPlanTest, WhatIsInsideAHostIsNoCable) {
  topo::Topology topology = named("inside");
  const auto a = addHost(topology, "a");
  const auto b = addHost(topology, "b");
  const auto nvlink = add(topology, NodeKind::kSwitch, "nvlink");
  const auto pcie = add(topology, NodeKind::kSwitch, "pcie", "a");
  const auto nic = add(topology, NodeKind::kNic, "nic", "a");
  topology.addLinks(topology.findNode("rank of a"), a, Rate::gbps(1), 0);
  topology.addLinks(topology.findNode("rank of a"), nvlink, Rate::gbps(1), 0);
  topology.addLinks(nvlink, a, Rate::gbps(1), 0);
  topology.addLinks(a, pcie, Rate::gbps(1), 0);
  topology.addLinks(pcie, nic, Rate::gbps(1), 0);
  topology.addLinks(nic, b, Rate::gbps(1), 0);
  const Plan plan = planned(topology);
  EXPECT_EQ(plan.spaces.size(), 2u);
  ASSERT_EQ(plan.cables.size(), 1u);
  EXPECT_EQ(plan.topology.links[plan.cables[0].ends[0].link].src, nic);
}

TEST(LabPlanTest, RefusesWhatCannotBeALab) {
  EXPECT_THAT(refusalOf(named("empty")), HasSubstr("no host and no rank"));
  topo::Topology oneWay = named("one way");
  oneWay.addLink(addHost(oneWay, "a"), addHost(oneWay, "b"), Rate::gbps(1), 0);
  EXPECT_THAT(refusalOf(oneWay), HasSubstr("links[0]"));
  EXPECT_THAT(refusalOf(oneWay), HasSubstr("no link back"));
  topo::Topology lost = named("lost");
  addHost(lost, "a");
  add(lost, NodeKind::kNic, "nic");
  EXPECT_THAT(refusalOf(lost), HasSubstr("nodes[2] (nic) belongs to no host"));
  topo::Topology gap = pair();
  gap.nodes[0].rank = 7;
  EXPECT_NE(refusalOf(gap), "");
  EXPECT_THAT(refusalOf(circle(3, Rate::gbps(1, 10'000'000'000))), HasSubstr("links[0]"));
}

TEST(LabPlanTest, AGroupMustHoldByItself) {
  topo::Topology topology = pair();
  const auto group = topology.addGroup("trunk", Rate::gbps(1, 8));
  topology.links[0].group = topology.links[2].group = group;
  EXPECT_EQ(refusalOf(topology), "");  // 2 × 1/16
  topology.groups[0].rate = Rate::gbps(1, 9);
  EXPECT_THAT(refusalOf(topology), HasSubstr("group \"trunk\""));
}

TEST(LabShapingTest, SlowLinksHaveShortBurstsAndFastOnesLong) {
  const auto of = [](const Rate& rate) { return shapingOf(rate).value(); };
  EXPECT_EQ(of(Rate::gbps(1, 80)), (Shaping{12'500'000, 32'500, 262'144}));       // 100 Mbit/s
  EXPECT_EQ(of(Rate::gbps(1, 16)), (Shaping{62'500'000, 1'000'000, 1'250'000}));  // 500 Mbit/s
  EXPECT_EQ(of(Rate::gbps(1, 1'000'000)).burstBytes, 4'096u);
  EXPECT_EQ(of(Rate::gbps(1'000'000)).bytesPerSecond, 1'000'000'000'000u);
  EXPECT_EQ(of(Rate::gbps(25, 3)).bytesPerSecond, 8'333'333'333u);
  EXPECT_FALSE(shapingOf(Rate::gbps(1, 2'000'000'000)).ok());
}

}  // namespace
}  // namespace inccl::lab
