// The simple machines are valid, connected and of the shape that they claim.
#include "topo/machines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topo/canonical.h"
#include "topo/routes.h"
#include "topo/validate.h"

namespace inccl::topo {
namespace {

using ::testing::HasSubstr;

size_t linksBetween(const Topology& topology, int from, int to) {
  const std::vector<NodeIndex> nodes = rankNodes(topology).value();
  return Routes(topology).from(nodes[from]).to(nodes[to]).size();
}

TEST(MachinesTest, OneHostIsAStar) {
  for (const int n : {1, 2, 3, 16}) {
    const Topology host = oneHost(n);
    EXPECT_EQ(host.rankCount(), n);
    EXPECT_EQ(host.links.size(), 2u * n);
    EXPECT_TRUE(validate(host).ok());
    EXPECT_TRUE(checkConnected(host).ok());
    if (n > 1) {
      EXPECT_EQ(linksBetween(host, 0, n - 1), 2u);
    }
  }
}

TEST(MachinesTest, HostsAreJoinedByASwitch) {
  const Topology machine = hostsWithSwitch(3, 2).value();
  EXPECT_EQ(machine.rankCount(), 6);
  EXPECT_TRUE(checkConnected(machine).ok());
  EXPECT_EQ(linksBetween(machine, 0, 1), 2u);
  EXPECT_EQ(linksBetween(machine, 1, 2), 4u);
  EXPECT_EQ(machine.nodes[rankNodes(machine).value()[5]].host, "host2");
}

TEST(MachinesTest, OneHostNeedsNoSwitch) {
  EXPECT_EQ(hostsWithSwitch(1, 4).value().findNode("network"), kNone);
}

TEST(MachinesTest, RanksMayLieAnywhere) {
  const int hostOfRank[] = {1, 0, 1, 0, 0};
  const Topology machine = hostsWithSwitch(hostOfRank).value();
  EXPECT_EQ(linksBetween(machine, 0, 2), 2u);
  EXPECT_EQ(linksBetween(machine, 0, 1), 4u);
  const int wrong[] = {0, -1};
  EXPECT_THAT(std::string(hostsWithSwitch(wrong).status().message()),
              HasSubstr("rank 1 is on host -1"));
  const int high[] = {0, 2};
  EXPECT_FALSE(hostsWithSwitch(high).ok());
}

TEST(MachinesTest, RingsJoinNeighbours) {
  EXPECT_EQ(ring(1, Rate::gbps(1), 0).links.size(), 0u);
  EXPECT_EQ(ring(2, Rate::gbps(1), 0).links.size(), 2u);
  EXPECT_EQ(ring(8, Rate::gbps(1), 0).links.size(), 16u);
  EXPECT_EQ(ring(8, Rate::gbps(1), 0, false).links.size(), 8u);
  EXPECT_EQ(linksBetween(ring(8, Rate::gbps(1), 0), 7, 0), 1u);
}

}  // namespace
}  // namespace inccl::topo
