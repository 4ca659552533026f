// Addresses that a topology gives, and those that are found for the rest.
#include "lab/addresses.h"

#include <gmock/gmock.h>

#include <set>

#include "tools/lab/topologies.h"

namespace inccl::lab {
namespace {

using testing::HasSubstr;
using topo::NodeKind;
using topo::Rate;

std::string addressesOf(const Interface& interface) {
  std::string texts;
  for (const Ipv4 address : interface.addresses) texts += address.text() + " ";
  return texts;
}

TEST(LabAddressesTest, Ipv4IsReadStrictly) {
  EXPECT_EQ(Ipv4::parse("10.1.2.3").value().text(), "10.1.2.3");
  for (const char* wrong : {"", "10.1.2", "10.1.2.256", "fe80::1", "host0", "127.0.0.1", "0.0.0.0",
                            "224.0.0.1", "10.0.0.1/8"})
    EXPECT_FALSE(Ipv4::parse(wrong).ok()) << wrong;
}

TEST(LabAddressesTest, HostsOnASwitchAreCounted) {
  const Plan plan = planned(pair());
  EXPECT_EQ(plan.spaces[0].address().text(), "10.0.0.1");
  EXPECT_EQ(plan.spaces[1].address().text(), "10.0.0.2");
  EXPECT_EQ(plan.spaces[2].address().text(), "10.0.0.3");
}

TEST(LabAddressesTest, GivenOnesAreKeptAndNotGivenTwice) {
  const Plan plan = planned(pair("", "10.0.0.1"));
  EXPECT_EQ(plan.spaces[0].address().text(), "10.0.0.2");
  EXPECT_EQ(plan.spaces[1].address().text(), "10.0.0.1");
  EXPECT_THAT(refusalOf(pair("10.9.9.9", "10.9.9.9")),
              HasSubstr("nodes[3] (b).address: 10.9.9.9 is an address of a already"));
  EXPECT_THAT(refusalOf(pair("::1")), HasSubstr("nodes[1] (a).address: '::1' is no IPv4"));
}

TEST(LabAddressesTest, EachDirectLinkHasItsOwnPair) {
  const Plan plan = planned(circle(4));
  std::set<Ipv4> seen;
  for (const Cable& cable : plan.cables) {
    const Ipv4 one = plan.interfaceOf(cable.ends[0]).addresses.at(0);
    const Ipv4 two = plan.interfaceOf(cable.ends[1]).addresses.at(0);
    EXPECT_EQ(one.value + 1, two.value);
    EXPECT_EQ(one.value >> 2, two.value >> 2);
    EXPECT_TRUE(seen.insert(one).second && seen.insert(two).second);
  }
  EXPECT_EQ(plan.spaces[0].address().text(), "10.64.0.1");
}

TEST(LabAddressesTest, AHostWithSeveralLinksIsNamedByItsOwnAddress) {
  topo::Topology topology = circle(3);
  topology.nodes[topology.findNode("h1")].address = "192.168.7.1";
  const Plan plan = planned(topology);
  EXPECT_EQ(plan.spaces[1].address().text(), "192.168.7.1");
  EXPECT_EQ(addressesOf(plan.spaces[1].interfaces[0]), "192.168.7.1 10.64.0.2 ");
  EXPECT_EQ(addressesOf(plan.spaces[1].interfaces[1]), "10.64.0.5 ");
}

TEST(LabAddressesTest, NicsHaveTheirInterfacesAddress) {
  topo::Topology topology = named("rails");
  const auto a = add(topology, NodeKind::kHost, "a");
  const auto b = add(topology, NodeKind::kHost, "b");
  for (const char* rail : {"0", "1"}) {
    const auto s = add(topology, NodeKind::kSwitch, std::string("s") + rail);
    for (const auto host : {a, b}) {
      const std::string id = topology.nodes[host].id;
      const auto nic = add(topology, NodeKind::kNic, id + rail, id,
                           id == "a" ? std::string("10.5.") + rail + ".1" : "");
      topology.addLinks(nic, host, Rate::gbps(1), 0);
      topology.addLinks(nic, s, Rate::gbps(1), 0);
    }
  }
  const Plan plan = planned(topology);
  EXPECT_EQ(addressesOf(plan.spaces[0].interfaces[1]), "10.5.1.1 ");
  EXPECT_EQ(addressesOf(plan.spaces[1].interfaces[0]), "10.0.0.1 ");
  EXPECT_EQ(addressesOf(plan.spaces[1].interfaces[1]), "10.1.0.1 ");  // a fabric of its own
}

}  // namespace
}  // namespace inccl::lab
