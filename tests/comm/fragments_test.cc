// What the hosts tell becomes one topology, the same for the same machines; what does not fit says
// whose it is.
#include "comm/fragments.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topo/canonical.h"
#include "topo/machines.h"
#include "topo/topology_json.h"
#include "wire/byte_codec.h"

namespace inccl::comm {
namespace {

using bootstrap::PeerInfo;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Ranks on hosts that are told apart by `keys`.
std::vector<PeerInfo> peersOn(const std::vector<std::string>& keys) {
  std::vector<PeerInfo> peers;
  for (const std::string& key : keys) {
    PeerInfo& peer = peers.emplace_back();
    peer.rank = static_cast<int>(peers.size()) - 1;
    peer.host = fmt::format("node-{}", key);
    peer.hostKey = key;
    peer.pid = 100 + peer.rank;
  }
  return peers;
}

std::vector<std::vector<std::byte>> told(const std::vector<PeerInfo>& peers) {
  std::vector<std::vector<std::byte>> fragments;
  const auto hosts = ranksByHost(peers);
  for (size_t host = 0; host < hosts.size(); ++host)
    fragments.push_back(wire::toBytes(
        topo::toJson(fragmentOfThisHost(static_cast<int>(host), hosts[host]).value())));
  return fragments;
}

TEST(Fragments, HostsAreNumberedByTheirLowestRanks) {
  EXPECT_THAT(ranksByHost(peersOn({"z", "a", "z", "m", "a"})),
              ElementsAre(ElementsAre(0, 2), ElementsAre(1, 4), ElementsAre(3)));
  EXPECT_TRUE(ranksByHost({}).empty());
}

// Plans name it: it must not depend on what a boot id or a process number happens to be.
TEST(Fragments, TheSameMachinesAreTheSameTopology) {
  const auto first = peersOn({"z", "a", "z", "m", "a"}), again = peersOn({"1", "2", "1", "0", "2"});
  const auto merged = mergeFragments(told(first), first);
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  EXPECT_EQ(topo::toJson(merged.value()), topo::toJson(mergeFragments(told(again), again).value()));
  const int hostOfRank[] = {0, 1, 0, 2, 1};
  EXPECT_EQ(topo::fingerprint(merged.value()),
            topo::fingerprint(topo::hostsWithSwitch(hostOfRank).value()));
}

TEST(Fragments, NumbersAreRounded) {
  const auto peers = peersOn({"a", "b"});
  auto fragments = told(peers);
  topo::Topology exact = topo::fromJson(wire::toText(fragments[1])).value();
  for (topo::Link& link : exact.links) link.rate = topo::Rate::gbps(10004, 1000);
  fragments[1] = wire::toBytes(topo::toJson(exact));
  EXPECT_EQ(mergeFragments(fragments, peers).value(), mergeFragments(told(peers), peers).value());
}

std::string refusalOf(const std::vector<std::vector<std::byte>>& fragments,
                      const std::vector<PeerInfo>& peers) {
  return std::string(mergeFragments(fragments, peers).status().message());
}

TEST(Fragments, ADamagedOneSaysWhoseItIs) {
  const auto peers = peersOn({"a", "a", "b", "b"});
  const auto whole = told(peers);
  const auto isOfRank2 = AllOf(HasSubstr("host1"), HasSubstr("rank 2 on host node-b (pid 102)"));
  for (const std::string_view damaged : {"", "{", "[]", R"({"name": "x", "links": []})"})
    EXPECT_THAT(refusalOf({whole[0], wire::toBytes(damaged)}, peers), isOfRank2) << damaged;
  auto cut = whole[1];
  cut.resize(cut.size() / 2);
  EXPECT_THAT(refusalOf({whole[0], cut}, peers), isOfRank2);
  EXPECT_THAT(refusalOf({whole[0], whole[0]}, peers),
              AllOf(isOfRank2, HasSubstr("[0 1]"), HasSubstr("[2 3]")));
}

TEST(Fragments, TwoThatDoNotMergeSayWhoDisagrees) {
  const auto peers = peersOn({"a", "b"});
  auto fragments = told(peers);
  topo::Topology doubled = topo::fromJson(wire::toText(fragments[1])).value();
  for (topo::Node& node : doubled.nodes) {
    if (node.id == "host1") node.id = "host0";
    node.host.clear();
  }
  fragments[1] = wire::toBytes(topo::toJson(doubled));
  EXPECT_THAT(refusalOf(fragments, peers),
              AllOf(HasSubstr("told by rank 1 on host node-b"), HasSubstr("node \"host0\""),
                    HasSubstr("told by rank 0 on host node-a")));
}

}  // namespace
}  // namespace inccl::comm
