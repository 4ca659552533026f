// The first address is the one behind the link or the switch that both machines share, whatever
// stands first in the file.
#include "topo/preferred_addresses.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topo/canonical.h"
#include "topo/machines.h"

namespace inccl::topo {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Rate kBus = Rate::gbps(10), kWire = Rate::gbps(1, 40);

// Machines with their ranks, to which tests add NICs and wires.
class Machines {
 public:
  explicit Machines(int hosts, int ranksPerHost = 1, bool hostsHaveAddresses = false) {
    int rank = 0;
    for (int host = 0; host < hosts; ++host) {
      const std::string id = fmt::format("h{}", host);
      hosts_.push_back(add(NodeKind::kHost, id, "", hostsHaveAddresses ? "of " + id : ""));
      for (int i = 0; i < ranksPerHost; ++i, ++rank) {
        ranks_.push_back(add(NodeKind::kRank, fmt::format("r{}", rank), id, ""));
        topology.nodes[ranks_.back()].rank = rank;
        topology.addLinks(ranks_.back(), hosts_.back(), kBus, 0);
      }
    }
  }
  NodeIndex add(NodeKind kind, const std::string& id, const std::string& host,
                const std::string& address) {
    Node node;
    node.kind = kind;
    node.id = id;
    node.host = host;
    node.address = address;
    return topology.addNode(node);
  }
  // A NIC of `host` called so, beside it; its address is its name.
  NodeIndex nic(int host, const std::string& id) {
    const NodeIndex node = add(NodeKind::kNic, id, fmt::format("h{}", host), id);
    topology.addLinks(this->host(host), node, kBus, 0);
    return node;
  }
  void wire(NodeIndex a, NodeIndex b, const Rate& rate = kWire) {
    topology.addLinks(a, b, rate, 0);
  }
  [[nodiscard]] NodeIndex host(int number) const { return hosts_[static_cast<size_t>(number)]; }
  [[nodiscard]] NodeIndex rank(int number) const { return ranks_[static_cast<size_t>(number)]; }

  // On the form that ranks hold.
  [[nodiscard]] std::vector<std::string> between(int from, int to) const {
    const auto result = preferredAddresses(canonical(topology), from);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? result.value()[static_cast<size_t>(to)] : std::vector<std::string>();
  }

  Topology topology;

 private:
  std::vector<NodeIndex> hosts_, ranks_;
};

// Each host has a NIC towards each neighbour, called "from-to".
Machines ringOf(int hosts) {
  Machines machines(hosts);
  for (int host = 0; host < hosts; ++host) {
    const int next = (host + 1) % hosts;
    const NodeIndex there = machines.nic(host, fmt::format("{}-{}", host, next));
    machines.wire(there, machines.nic(next, fmt::format("{}-{}", next, host)));
  }
  return machines;
}

TEST(PreferredAddressesTest, NeighboursOfARingSpeakOverTheLinkBetweenThem) {
  for (const int hosts : {3, 4, 5, 8}) {
    const Machines machines = ringOf(hosts);
    for (int rank = 0; rank < hosts; ++rank) {
      for (const int step : {1, hosts - 1}) {
        const int peer = (rank + step) % hosts;
        EXPECT_EQ(machines.between(rank, peer).front(), fmt::format("{}-{}", peer, rank));
      }
      EXPECT_THAT(machines.between(rank, rank), IsEmpty());
    }
  }
  // The far one of four is reached by one of its two links, after which the other comes.
  EXPECT_THAT(ringOf(4).between(0, 2), ::testing::UnorderedElementsAre("2-1", "2-3"));
}

TEST(PreferredAddressesTest, InAMeshEveryPairHasItsOwn) {
  constexpr int kHosts = 5;
  Machines machines(kHosts);
  for (int a = 0; a < kHosts; ++a)
    for (int b = a + 1; b < kHosts; ++b) {
      const NodeIndex there = machines.nic(a, fmt::format("{}-{}", a, b));
      machines.wire(there, machines.nic(b, fmt::format("{}-{}", b, a)));
    }
  for (int a = 0; a < kHosts; ++a)
    for (int b = 0; b < kHosts; ++b) {
      if (a == b) continue;
      EXPECT_EQ(machines.between(a, b).front(), fmt::format("{}-{}", b, a));
    }
  EXPECT_EQ(machines.between(0, 1).size(), 4u);
}

TEST(PreferredAddressesTest, OfParallelLinksTheOneThatIsCountedWith) {
  Machines machines(2);
  machines.wire(machines.nic(0, "slow0"), machines.nic(1, "slow1"), Rate::gbps(1, 80));
  machines.wire(machines.nic(0, "fast0"), machines.nic(1, "fast1"), kWire);
  EXPECT_THAT(machines.between(0, 1), ElementsAre("fast1", "slow1"));
  EXPECT_THAT(machines.between(1, 0), ElementsAre("fast0", "slow0"));
}

// Each rank has a NIC beside it; those of one number hang on one switch.
TEST(PreferredAddressesTest, ANicForEachRankStaysOnItsRail) {
  Machines machines(2, 2);
  const NodeIndex rails[] = {machines.add(NodeKind::kSwitch, "rail0", "", ""),
                             machines.add(NodeKind::kSwitch, "rail1", "", "")};
  for (const int rank : {3, 2, 1, 0}) {
    const NodeIndex nic = machines.nic(rank / 2, fmt::format("nic{}", rank));
    machines.wire(machines.rank(rank), nic, kBus);
    machines.wire(nic, rails[rank % 2]);
  }
  EXPECT_THAT(machines.between(0, 2), ElementsAre("nic2", "nic3"));
  EXPECT_THAT(machines.between(1, 3), ElementsAre("nic3", "nic2"));
  EXPECT_THAT(machines.between(3, 1), ElementsAre("nic1", "nic0"));
  EXPECT_THAT(machines.between(0, 1), IsEmpty());
}

TEST(PreferredAddressesTest, HostsOnASwitchAreReachedByTheirOwn) {
  Machines machines(3, 2, true);
  const NodeIndex network = machines.add(NodeKind::kSwitch, "s", "", "a switch's");
  for (int host = 0; host < 3; ++host) machines.wire(machines.host(host), network);
  EXPECT_THAT(machines.between(0, 2), ElementsAre("of h1"));
  EXPECT_THAT(machines.between(5, 0), ElementsAre("of h0"));
  // A NIC on the way comes before its host, another host's never.
  machines.wire(machines.nic(1, "nic"), network, kBus);
  EXPECT_THAT(machines.between(0, 3), ElementsAre("of h1", "nic"));
  Machines behind(2, 1, true);
  behind.wire(behind.nic(0, "nic0"), behind.nic(1, "nic1"));
  EXPECT_THAT(behind.between(0, 1), ElementsAre("nic1", "of h1"));
}

TEST(PreferredAddressesTest, RanksThatAreJoinedDirectlyMayHaveTheirOwn) {
  Topology topology = ring(3, Rate::gbps(1), 0);
  EXPECT_THAT(preferredAddresses(topology, 0).value(), Each(IsEmpty()));
  for (Node& node : topology.nodes) node.address = "of " + node.id;
  EXPECT_THAT(preferredAddresses(topology, 1).value(),
              ElementsAre(ElementsAre("of rank0"), IsEmpty(), ElementsAre("of rank2")));
}

TEST(PreferredAddressesTest, ANicThatBelongsToNobodyIsRefusedIfThereAreAddresses) {
  Machines machines(2, 1, false);
  const NodeIndex network = machines.add(NodeKind::kSwitch, "s", "", "");
  for (int host = 0; host < 2; ++host) machines.wire(machines.host(host), network);
  machines.wire(machines.add(NodeKind::kNic, "stray", "", ""), network);
  EXPECT_THAT(preferredAddresses(machines.topology, 0).value(), Each(IsEmpty()));
  machines.topology.nodes[0].address = "10.0.0.1";
  EXPECT_EQ(preferredAddresses(machines.topology, 0).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace inccl::topo
