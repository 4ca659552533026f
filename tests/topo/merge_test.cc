// Hosts tell of themselves; together it is one machine, or a refusal that names who disagrees.
#include "topo/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "topo/canonical.h"
#include "topo/machines.h"
#include "topo/routes.h"
#include "topo/validate.h"

namespace inccl::topo {
namespace {

using ::testing::HasSubstr;

// A host with two ranks that hangs on the switch "leaf" by a NIC of its own.
Topology hostOnLeaf(int number) {
  const int ranks[] = {2 * number, 2 * number + 1};
  Topology fragment = hostFragment(number, ranks);
  Node nic;
  nic.id = "nic" + std::to_string(number);
  nic.kind = NodeKind::kNic;
  nic.host = fragment.nodes[0].id;
  Node leaf;
  leaf.id = "leaf";
  leaf.kind = NodeKind::kSwitch;
  leaf.reduce = true;
  Node spine = leaf;
  spine.id = "spine";
  const NodeIndex card = fragment.addNode(nic);
  const NodeIndex hub = fragment.addNode(leaf);
  fragment.addLinks(0, card, Rate::gbps(16), 100);
  fragment.addLinks(card, hub, Rate::gbps(25, 2), 2000);
  fragment.addLinks(hub, fragment.addNode(spine), Rate::gbps(50), 500);
  return fragment;
}

TEST(MergeTest, FragmentsMeetAtTheirSwitch) {
  std::vector<Topology> fragments{hostOnLeaf(0), hostOnLeaf(1), hostOnLeaf(2)};
  const Result<Topology> merged = merge(fragments, "three");
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  EXPECT_EQ(merged.value().name, "three");
  EXPECT_EQ(merged.value().rankCount(), 6);
  EXPECT_EQ(merged.value().nodes.size(), 3u * 4 + 2);
  EXPECT_EQ(merged.value().links.size(), 3u * 8 + 2);
  EXPECT_EQ(merged.value().groups.size(), 3u);
  EXPECT_TRUE(checkConnected(merged.value()).ok());
  std::reverse(fragments.begin(), fragments.end());
  EXPECT_EQ(merge(fragments, "three").value(), merged.value());
}

TEST(MergeTest, NothingAndOneAreTopologiesToo) {
  EXPECT_TRUE(merge({}, "nothing").value().nodes.empty());
  const Topology one = oneHost(3);
  EXPECT_EQ(merge(std::span(&one, 1), one.name).value(), canonical(one));
}

TEST(MergeTest, NamesWhoDisagrees) {
  const auto refusal = [](Topology first, Topology second) {
    const Topology fragments[] = {std::move(first), std::move(second)};
    return std::string(merge(fragments, "two").status().message());
  };
  EXPECT_THAT(refusal(hostOnLeaf(0), hostOnLeaf(0)),
              HasSubstr("fragment 1 (host0): node \"host0\" stands in fragment 0 (host0) too"));
  Topology other = hostOnLeaf(1);
  other.nodes[other.findNode("leaf")].reduce = false;
  EXPECT_THAT(refusal(hostOnLeaf(0), other),
              HasSubstr("fragment 1 (host1): node \"leaf\" differs from the one of fragment 0"));
  other = hostOnLeaf(1);
  other.links.back().alpha = 1;
  EXPECT_THAT(refusal(hostOnLeaf(0), other),
              HasSubstr("the link from \"spine\" to \"leaf\" differs from the one of fragment 0"));
  other = hostOnLeaf(1);
  other.groups[0].id = "host0.memory";
  other.groups[0].rate = Rate::gbps(1);
  EXPECT_THAT(refusal(hostOnLeaf(0), other), HasSubstr("group \"host0.memory\" has another rate"));
  other = hostOnLeaf(1);
  other.nodes[1].rank = 0;
  EXPECT_THAT(refusal(hostOnLeaf(0), other), HasSubstr("is rank 0, as is"));
  other.nodes[1].id = "";
  EXPECT_THAT(refusal(hostOnLeaf(0), other), HasSubstr("fragment 1 (host1): nodes[1]: has an"));
}

TEST(JoinHostsTest, UsesNicsWhereThereAreAndHostsElsewhere) {
  const int first[] = {0, 1}, second[] = {2};
  Topology withNics = hostFragment(0, first);
  for (const char* id : {"eth0", "eth1"}) {
    Node nic;
    nic.id = id;
    nic.kind = NodeKind::kNic;
    nic.host = "host0";
    withNics.addNode(nic);
  }
  withNics.addLinks(0, withNics.findNode("eth0"), Rate::gbps(16), 0);
  const Topology fragments[] = {withNics, hostFragment(1, second)};
  Topology machine = merge(fragments, "two").value();
  ASSERT_TRUE(joinHosts(machine, {}).ok());
  const NodeIndex hub = machine.findNode("network");
  ASSERT_NE(hub, kNone);
  const auto joined = [&](const char* id) {
    return std::count_if(machine.links.begin(), machine.links.end(), [&](const Link& link) {
      return (link.src == hub && machine.nodes[link.dst].id == id) ||
             (link.dst == hub && machine.nodes[link.src].id == id);
    });
  };
  EXPECT_EQ(joined("eth0"), 2);
  EXPECT_EQ(joined("eth1"), 2);
  EXPECT_EQ(joined("host0"), 0);
  EXPECT_EQ(joined("host1"), 2);
  EXPECT_TRUE(checkConnected(machine).ok());
  EXPECT_THAT(std::string(joinHosts(machine, {}).message()),
              HasSubstr("there is a node \"network\" already"));
}

TEST(JoinHostsTest, LeavesAloneWhatHangsOnASwitch) {
  const Topology fragments[] = {hostOnLeaf(0), hostOnLeaf(1)};
  Topology machine = merge(fragments, "two").value();
  const size_t links = machine.links.size();
  ASSERT_TRUE(joinHosts(machine, {}).ok());
  EXPECT_EQ(machine.links.size(), links);
}

}  // namespace
}  // namespace inccl::topo
