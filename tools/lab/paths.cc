#include "lab/paths.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace inccl::lab {
namespace {

constexpr uint32_t kFar = std::numeric_limits<uint32_t>::max();
// What decides between ways: cables, then what only tells equally long ones apart.
constexpr uint32_t kCable = 1024;
constexpr uint32_t kWrongEnd = 2;
constexpr uint32_t kOtherRail = 1;

struct Wish {
  bool throughHosts = true;
  CableIndex last = kNoCable;  // that a way should end with
  InterfaceIndex rail = 0;     // the number of the interface by which a host should send
};

class PathFinder {
 public:
  explicit PathFinder(Plan& plan) : plan_(plan), known_(plan.spaces.size()) {}

  void run() {
    for (SpaceIndex space = 0; space < plan_.spaces.size(); ++space) {
      for (const Interface& interface : plan_.spaces[space].interfaces)
        if (!interface.addresses.empty()) routeTo(space, interface);
      if (plan_.spaces[space].isSwitch) forwardTo(space);
    }
  }

 private:
  // By space the first cable towards `target`, kNoCable where there is no way.
  std::vector<CableIndex> waysTo(SpaceIndex target, const Wish& wish) const {
    std::vector<uint32_t> costs(plan_.spaces.size(), kFar);
    std::vector<CableIndex> next(plan_.spaces.size(), kNoCable);
    costs[target] = 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (CableIndex index = 0; index < plan_.cables.size(); ++index) {
        for (const End& end : plan_.cables[index].ends) {
          const SpaceIndex beyond = plan_.cables[index].beyond(end.space).space;
          const bool isHost = !plan_.spaces[end.space].isSwitch;
          if (costs[beyond] == kFar || (isHost && !wish.throughHosts)) continue;
          uint32_t cost = costs[beyond] + kCable;
          if (beyond == target && wish.last != kNoCable && index != wish.last) cost += kWrongEnd;
          if (isHost && end.interface != wish.rail) cost += kOtherRail;
          if (cost >= costs[end.space]) continue;
          costs[end.space] = cost;
          next[end.space] = index;
          changed = true;
        }
      }
    }
    return next;
  }

  void routeTo(SpaceIndex target, const Interface& interface) {
    const auto rail =
        static_cast<InterfaceIndex>(&interface - plan_.spaces[target].interfaces.data());
    const std::vector<CableIndex> ways = waysTo(target, {true, interface.cable, rail});
    for (SpaceIndex from = 0; from < plan_.spaces.size(); ++from)
      if (from != target && ways[from] != kNoCable)
        for (const Ipv4 address : interface.addresses) routeFrom(from, target, address, ways);
  }

  void routeFrom(SpaceIndex from, SpaceIndex target, Ipv4 address,
                 const std::vector<CableIndex>& ways) {
    const Interface& out = outOf(from, ways[from]);
    // Through switches, to the first host or to where it goes.
    CableIndex cable = ways[from];
    SpaceIndex at = plan_.cables[cable].beyond(from).space;
    while (plan_.spaces[at].isSwitch && at != target) {
      cable = ways[at];
      at = plan_.cables[cable].beyond(at).space;
    }
    const Interface& in = outOf(at, cable);
    const Ipv4 via = at == target ? Ipv4{} : in.addresses[0];
    plan_.spaces[from].routes.push_back({address, via, out.name, out.addresses[0]});
    const Ipv4 neighbour = via.given() ? via : address;
    if (known_[from].emplace(neighbour, out.name).second)
      plan_.spaces[from].neighbours.push_back({neighbour, in.mac, out.name});
  }

  // The interface by which a space speaks over a cable: a switch speaks by its bridge.
  const Interface& outOf(SpaceIndex space, CableIndex cable) const {
    const Space& each = plan_.spaces[space];
    return each.interfaces[each.isSwitch ? 0 : plan_.cables[cable].at(space).interface];
  }

  // Tells every switch of the fabric the port towards what hangs on the switch `target`.
  void forwardTo(SpaceIndex target) {
    const std::vector<CableIndex> ways = waysTo(target, {.throughHosts = false});
    for (const Cable& cable : plan_.cables) {
      if (cable.ends[0].space != target && cable.ends[1].space != target) continue;
      const End& beyond = cable.beyond(target);
      if (plan_.spaces[beyond.space].isSwitch) continue;
      const std::string& mac = plan_.interfaceOf(beyond).mac;
      plan_.spaces[target].forwardings.push_back({mac, plan_.interfaceOf(cable.at(target)).name});
      forwardFrom(ways, mac);
    }
    forwardFrom(ways, plan_.spaces[target].interfaces[0].mac);
  }

  void forwardFrom(const std::vector<CableIndex>& ways, const std::string& mac) {
    for (SpaceIndex from = 0; from < plan_.spaces.size(); ++from)
      if (plan_.spaces[from].isSwitch && ways[from] != kNoCable)
        plan_.spaces[from].forwardings.push_back(
            {mac, plan_.interfaceOf(plan_.cables[ways[from]].at(from)).name});
  }

  Plan& plan_;
  std::vector<std::set<std::pair<Ipv4, std::string>>> known_;  // by space: neighbours it has
};

}  // namespace

void findPaths(Plan& plan) { PathFinder(plan).run(); }

}  // namespace inccl::lab
