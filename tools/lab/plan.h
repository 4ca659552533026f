// A topology as what the kernel shall hold: namespaces, pairs of interfaces, addresses, routes.
//
// Pure: the same topology gives the same plan, to the last MAC address, on every machine and for
// every user, so that `show` needs no privileges, tests need no namespaces, and a command that
// finds a running lab knows all about it from its topology.
//
// Each pair of directed links between two namespaces is a cable, a pair of veth interfaces. A
// switch is a bridge that learns nothing and floods nothing: which frame leaves by which port, and
// which neighbour has which MAC address, is written down beforehand. So fabrics may have loops, and
// no frame is on a link but those that ranks send. Addresses stand alone (/32), each host has a
// route to every address of every other, and hosts that are joined directly pass packets on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/ipv4.h"
#include "lab/shaping.h"
#include "topo/sites.h"
#include "topo/topology.h"

namespace inccl::lab {

using SpaceIndex = topo::SiteIndex;
using InterfaceIndex = uint32_t;  // in Space::interfaces
using CableIndex = uint32_t;
constexpr CableIndex kNoCable = UINT32_MAX;  // of a switch's own interface, its bridge

struct Interface {
  std::string name;  // eth0, eth1 … of a host; bridge, port0, port1 … of a switch
  std::string mac;
  std::vector<Ipv4> addresses;  // ports of a switch have none
  CableIndex cable = kNoCable;
};

struct Route {
  Ipv4 to;
  Ipv4 via;  // not given: the address is reached without a host between
  std::string interface;
  Ipv4 source;
};

struct Neighbour {
  Ipv4 address;
  std::string mac;
  std::string interface;
};

// A frame for `mac` leaves the switch by `port`.
struct Forwarding {
  std::string mac;
  std::string port;
};

struct Space {
  std::string id;
  bool isSwitch = false;
  std::vector<int> ranks;             // ascending
  std::vector<Interface> interfaces;  // a switch's first is its bridge
  std::vector<Route> routes;
  std::vector<Neighbour> neighbours;
  std::vector<Forwarding> forwardings;

  // By which others name it: the first of the first interface; not given when it has none.
  [[nodiscard]] Ipv4 address() const;
  // A host between others.
  [[nodiscard]] bool passesOn() const { return !isSwitch && interfaces.size() > 1; }
};

struct End {
  SpaceIndex space = 0;
  InterfaceIndex interface = 0;
  topo::LinkIndex link = topo::kNone;  // what leaves here
  Shaping shaping;
};

struct Cable {
  End ends[2];
  // The end at `space`, and the one that is not.
  [[nodiscard]] const End& at(SpaceIndex space) const {
    return ends[ends[0].space == space ? 0 : 1];
  }
  [[nodiscard]] const End& beyond(SpaceIndex space) const {
    return ends[ends[0].space == space ? 1 : 0];
  }
};

struct Plan {
  topo::Topology topology;
  std::vector<Space> spaces;
  std::vector<Cable> cables;
  std::vector<SpaceIndex> spaceOfRank;

  [[nodiscard]] const Interface& interfaceOf(const End& end) const {
    return spaces[end.space].interfaces[end.interface];
  }
  // "eth0 of host1, links[3] (host1 -> network)", for messages.
  [[nodiscard]] std::string describe(const End& end) const;
  // kNone when there is none.
  [[nodiscard]] SpaceIndex find(const std::string& id) const;
};

// Fails, naming the place, for what cannot be a lab: no host, ranks with gaps, a link without its
// way back, a group whose links could together be faster than it is, an address that is none.
Result<Plan> planOf(topo::Topology topology);

}  // namespace inccl::lab
