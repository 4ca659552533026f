// Every packet finds its way: plans are walked as the kernel would walk them.
#include "lab/paths.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tools/lab/topologies.h"

namespace inccl::lab {
namespace {

using topo::NodeKind;
using topo::Rate;

template <typename Items, typename Test>
auto find(const Items& items, Test test) {
  const auto found = std::find_if(items.begin(), items.end(), test);
  return found == items.end() ? nullptr : &*found;
}

// Sends a frame for `mac` into `cable` at `from`; where it comes out at last, or kNone.
SpaceIndex deliver(const Plan& plan, SpaceIndex from, CableIndex cable, const std::string& mac,
                   int& cables) {
  for (SpaceIndex at = from; cables < 20;) {
    ++cables;
    const End& in = plan.cables[cable].beyond(at);
    at = in.space;
    const Space& space = plan.spaces[at];
    if (!space.isSwitch) return plan.interfaceOf(in).mac == mac ? at : topo::kNone;
    if (space.interfaces[0].mac == mac) return at;
    const auto* next = find(space.forwardings, [&](const auto& f) { return f.mac == mac; });
    if (next == nullptr) return topo::kNone;
    cable = find(space.interfaces, [&](const auto& i) { return i.name == next->port; })->cable;
  }
  return topo::kNone;
}

// How many cables a packet crosses; -1 when it does not arrive.
int walk(const Plan& plan, SpaceIndex from, SpaceIndex target, Ipv4 to) {
  int cables = 0;
  for (SpaceIndex at = from; at != target && cables < 20;) {
    const Space& space = plan.spaces[at];
    if (at != from && !space.passesOn()) return -1;
    const auto* route = find(space.routes, [&](const auto& r) { return r.to == to; });
    if (route == nullptr) return -1;
    const Ipv4 next = route->via.given() ? route->via : to;
    const auto* neighbour = find(space.neighbours, [&](const auto& n) {
      return n.address == next && n.interface == route->interface;
    });
    const auto* out =
        find(space.interfaces, [&](const auto& i) { return i.name == route->interface; });
    if (neighbour == nullptr || out == nullptr) return -1;
    at = deliver(plan, at, out->cable, neighbour->mac, cables);
    if (at == topo::kNone) return -1;
  }
  return cables;
}

// All hosts reach all addresses of all others; the longest way.
int longestWay(const Plan& plan) {
  int longest = 0;
  for (SpaceIndex from = 0; from < plan.spaces.size(); ++from) {
    if (plan.spaces[from].isSwitch) continue;
    for (SpaceIndex to = 0; to < plan.spaces.size(); ++to) {
      if (to == from) continue;
      for (const Interface& interface : plan.spaces[to].interfaces) {
        for (const Ipv4 address : interface.addresses) {
          const int cables = walk(plan, from, to, address);
          EXPECT_GT(cables, 0) << plan.spaces[from].id << " to " << address.text();
          longest = std::max(longest, cables);
        }
      }
    }
  }
  return longest;
}

TEST(LabPathsTest, ThroughOneSwitch) { EXPECT_EQ(longestWay(planned(pair())), 2); }

TEST(LabPathsTest, RoundACircleTheShortWay) {
  for (const int hosts : {3, 4, 5, 8}) EXPECT_EQ(longestWay(planned(circle(hosts))), hosts / 2);
}

TEST(LabPathsTest, SwitchesMayFormLoops) {
  topo::Topology topology = named("two spines");
  std::vector<topo::NodeIndex> spines;
  for (const char* id : {"spine0", "spine1"})
    spines.push_back(add(topology, NodeKind::kSwitch, id));
  for (const std::string leaf : {"0", "1", "2"}) {
    const auto s = add(topology, NodeKind::kSwitch, "leaf" + leaf);
    for (const auto spine : spines) topology.addLinks(s, spine, Rate::gbps(1), 0);
    for (const std::string host : {"a", "b"})
      topology.addLinks(addHost(topology, host + leaf), s, Rate::gbps(1), 0);
  }
  EXPECT_EQ(longestWay(planned(topology)), 4);
}

TEST(LabPathsTest, ParallelLinksEachCarryTheirOwnAddresses) {
  topo::Topology topology = named("double");
  const auto a = addHost(topology, "a"), b = addHost(topology, "b");
  for (const std::string number : {"0", "1"}) {
    const auto left = add(topology, NodeKind::kNic, "a" + number, "a");
    const auto right = add(topology, NodeKind::kNic, "b" + number, "b");
    topology.addLinks(left, a, Rate::gbps(1), 0);
    topology.addLinks(right, b, Rate::gbps(1), 0);
    topology.addLinks(left, right, Rate::gbps(1), 0);
  }
  const Plan plan = planned(topology);
  EXPECT_EQ(longestWay(plan), 1);
  for (const Route& route : plan.spaces[0].routes) {
    const auto* there = find(plan.spaces[1].interfaces,
                             [&](const auto& i) { return i.addresses.at(0) == route.to; });
    EXPECT_EQ(there->name, route.interface);
  }
}

TEST(LabPathsTest, RailsStayApartOnOneSwitch) {
  topo::Topology topology = named("rails");
  const auto s = add(topology, NodeKind::kSwitch, "s");
  for (const std::string host : {"a", "b"}) {
    addHost(topology, host);
    for (const std::string number : {"0", "1"})
      topology.addLinks(add(topology, NodeKind::kNic, host + number, host), s, Rate::gbps(1), 0);
  }
  const Plan plan = planned(topology);
  EXPECT_EQ(longestWay(plan), 2);
  const SpaceIndex a = plan.find("a"), b = plan.find("b");
  for (const Route& route : plan.spaces[a].routes) {
    const auto* there = find(plan.spaces[b].interfaces,
                             [&](const auto& i) { return i.addresses.at(0) == route.to; });
    if (there != nullptr) {
      EXPECT_EQ(there->name, route.interface);
    }
  }
}

TEST(LabPathsTest, WhereThereIsNoWayThereIsNoRoute) {
  topo::Topology topology = pair();
  topology.addLinks(addHost(topology, "c"), addHost(topology, "d"), Rate::gbps(1), 0);
  const Plan plan = planned(topology);
  const SpaceIndex c = plan.find("c"), a = plan.find("a");
  EXPECT_EQ(plan.spaces[c].routes.size(), 1u);
  EXPECT_EQ(walk(plan, c, a, plan.spaces[a].address()), -1);
}

}  // namespace
}  // namespace inccl::lab
