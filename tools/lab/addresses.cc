#include "lab/addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace inccl::lab {
namespace {

constexpr uint32_t kFabricBase = 10u << 24;              // 10.0.0.0, and a /16 for each fabric
constexpr uint32_t kPairBase = kFabricBase | 64u << 16;  // 10.64.0.0
constexpr uint32_t kMostFabrics = 64;

class Assignment {
 public:
  Assignment(Plan& plan, const topo::Sites& sites) : plan_(plan), sites_(sites) {}

  Status run() {
    findFabrics();
    INCCL_TRY(takeGiven());
    numberPairs();
    for (Space& space : plan_.spaces)
      if (!space.isSwitch) INCCL_TRY(fillHost(space));
    for (SpaceIndex space = 0; space < plan_.spaces.size(); ++space) {
      Space& each = plan_.spaces[space];
      if (!each.isSwitch || !hostAddresses_[space].empty()) continue;
      INCCL_TRY_ASSIGN(each.interfaces[0].addresses.emplace_back(), nextOf(fabricOf_[space]));
    }
    for (size_t space = 0; space < plan_.spaces.size(); ++space) putHostAddresses(space);
    return {};
  }

 private:
  // Switches that cables join are one fabric, and have the number of the first of them.
  void findFabrics() {
    fabricOf_.assign(plan_.spaces.size(), 0);
    uint32_t count = 0;
    std::set<SpaceIndex> seen;
    for (SpaceIndex first = 0; first < plan_.spaces.size(); ++first) {
      if (!plan_.spaces[first].isSwitch || !seen.insert(first).second) continue;
      std::vector<SpaceIndex> joined{first};
      for (size_t i = 0; i < joined.size(); ++i) {
        fabricOf_[joined[i]] = count;
        for (const Cable& cable : plan_.cables) {
          if (cable.ends[0].space != joined[i] && cable.ends[1].space != joined[i]) continue;
          const SpaceIndex other = cable.beyond(joined[i]).space;
          if (plan_.spaces[other].isSwitch && seen.insert(other).second) joined.push_back(other);
        }
      }
      ++count;
    }
    used_.assign(count, 0);
  }

  // The `address` of every node, to its interface or to its namespace.
  Status takeGiven() {
    hostAddresses_.resize(plan_.spaces.size());
    for (const topo::NodeKind kind : {topo::NodeKind::kNic, topo::NodeKind::kSwitch,
                                      topo::NodeKind::kHost, topo::NodeKind::kRank})
      for (topo::NodeIndex node = 0; node < plan_.topology.nodes.size(); ++node)
        if (plan_.topology.nodes[node].kind == kind) INCCL_TRY(takeGivenOf(node));
    return {};
  }

  Status takeGivenOf(topo::NodeIndex node) {
    const topo::Node& given = plan_.topology.nodes[node];
    if (given.address.empty()) return {};
    const auto place = [&] { return topo::describeNode(plan_.topology, node) + ".address"; };
    auto address = Ipv4::parse(given.address);
    if (!address.ok()) return std::move(address).status().within(place());
    const SpaceIndex space = sites_.siteOfNode[node];
    const auto [first, isNew] = taken_.emplace(address.value(), space);
    if (!isNew && given.kind == topo::NodeKind::kRank && first->second == space) return {};
    if (!isNew)
      return invalidArgument(fmt::format("{}: {} is an address of {} already", place(),
                                         given.address, plan_.spaces[first->second].id));
    if (given.kind == topo::NodeKind::kNic)
      if (Interface* interface = firstInterfaceOf(node)) {
        interface->addresses.push_back(address.value());
        return {};
      }
    hostAddresses_[space].push_back(address.value());
    return {};
  }

  Interface* firstInterfaceOf(topo::NodeIndex node) {
    for (const Cable& cable : plan_.cables)
      for (const End& end : cable.ends)
        if (plan_.topology.links[end.link].src == node)
          return &plan_.spaces[end.space].interfaces[end.interface];
    return nullptr;
  }

  // Gives each interface of a host one address of its own.
  Status fillHost(Space& space) {
    const auto index = static_cast<SpaceIndex>(&space - plan_.spaces.data());
    std::vector<Ipv4>& own = hostAddresses_[index];
    for (Interface& interface : space.interfaces) {
      if (!interface.addresses.empty()) continue;
      if (space.interfaces.size() == 1 && !own.empty()) continue;
      const SpaceIndex beyond = plan_.cables[interface.cable].beyond(index).space;
      if (plan_.spaces[beyond].isSwitch) {
        INCCL_TRY_ASSIGN(interface.addresses.emplace_back(), nextOf(fabricOf_[beyond]));
      } else {
        interface.addresses.push_back(ofPair(index, interface.cable));
      }
    }
    return {};
  }

  Result<Ipv4> nextOf(uint32_t fabric) {
    if (fabric >= kMostFabrics)
      return invalidArgument(
          fmt::format("more than {} separate fabrics of switches", kMostFabrics));
    for (uint32_t& used = used_[fabric]; used < 0xfffe;) {
      ++used;
      const Ipv4 next{kFabricBase | fabric << 16 | used};
      const bool looksLikeNetwork = (used & 255) == 0 || (used & 255) == 255;
      if (!looksLikeNetwork && !taken_.contains(next)) return next;
    }
    return invalidArgument("more than 65000 interfaces in one fabric of switches");
  }

  // A block of four addresses for each cable between hosts, in their order.
  void numberPairs() {
    blocks_.assign(plan_.cables.size(), 0);
    uint32_t next = kPairBase;
    for (CableIndex cable = 0; cable < plan_.cables.size(); ++cable) {
      const Cable& each = plan_.cables[cable];
      if (plan_.spaces[each.ends[0].space].isSwitch || plan_.spaces[each.ends[1].space].isSwitch)
        continue;
      while (taken_.contains({next + 1}) || taken_.contains({next + 2})) next += 4;
      blocks_[cable] = next;
      next += 4;
    }
  }

  // .1 or .2 of the cable's block.
  [[nodiscard]] Ipv4 ofPair(SpaceIndex space, CableIndex cable) const {
    return {blocks_[cable] + (plan_.cables[cable].ends[0].space == space ? 1 : 2)};
  }

  // First of the first interface, so that they are what the host is named by.
  void putHostAddresses(size_t space) {
    std::vector<Interface>& interfaces = plan_.spaces[space].interfaces;
    if (interfaces.empty()) return;
    std::vector<Ipv4>& addresses = interfaces[0].addresses;
    addresses.insert(addresses.begin(), hostAddresses_[space].begin(), hostAddresses_[space].end());
  }

  Plan& plan_;
  const topo::Sites& sites_;
  std::vector<uint32_t> fabricOf_;                // of switches
  std::vector<uint32_t> used_;                    // by fabric: how many were given out
  std::vector<std::vector<Ipv4>> hostAddresses_;  // by space: given, and not an interface's
  std::map<Ipv4, SpaceIndex> taken_;
  std::vector<uint32_t> blocks_;  // by cable
};

}  // namespace

Status assignAddresses(Plan& plan, const topo::Sites& sites) {
  return Assignment(plan, sites).run();
}

}  // namespace inccl::lab
