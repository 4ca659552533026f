// Spaces and cables; addresses.cc and paths.cc add the rest.
#include "lab/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lab/addresses.h"
#include "lab/paths.h"

namespace inccl::lab {
namespace {

// Locally administered, counted from 1.
class MacCounter {
 public:
  std::string next() {
    ++last_;
    return fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", last_ >> 24 & 255, last_ >> 16 & 255,
                       last_ >> 8 & 255, last_ & 255);
  }

 private:
  uint32_t last_ = 0;
};

class Cabling {
 public:
  Cabling(Plan& plan, const topo::Sites& sites) : plan_(plan), sites_(sites) {}

  Status run() {
    INCCL_TRY(makeSpaces());
    const topo::Topology& topology = plan_.topology;
    for (topo::LinkIndex link = 0; link < topology.links.size(); ++link)
      links_.emplace(std::pair(topology.links[link].src, topology.links[link].dst), link);
    for (topo::LinkIndex link = 0; link < topology.links.size(); ++link) INCCL_TRY(lay(link));
    return checkGroups();
  }

 private:
  Status makeSpaces() {
    for (const topo::Site& site : sites_.sites) {
      Space space;
      space.id = site.id;
      space.isSwitch = site.isSwitch;
      if (site.isSwitch) space.interfaces.push_back({"bridge", macs_.next(), {}, kNoCable});
      plan_.spaces.push_back(std::move(space));
    }
    if (plan_.topology.rankCount() == 0) return {};
    INCCL_TRY_ASSIGN(const auto nodes, topo::rankNodes(plan_.topology));
    for (size_t rank = 0; rank < nodes.size(); ++rank) {
      plan_.spaceOfRank.push_back(sites_.siteOfNode[nodes[rank]]);
      plan_.spaces[plan_.spaceOfRank.back()].ranks.push_back(static_cast<int>(rank));
    }
    return {};
  }

  Status lay(topo::LinkIndex index) {
    const topo::Link& link = plan_.topology.links[index];
    if (sites_.siteOfNode[link.src] == sites_.siteOfNode[link.dst]) return {};
    const auto back = links_.find({link.dst, link.src});
    if (back == links_.end())
      return invalidArgument(fmt::format("{} has no link back, without which TCP cannot speak",
                                         topo::describeLink(plan_.topology, index)));
    if (back->second < index) return {};
    Cable cable;
    INCCL_TRY_ASSIGN(cable.ends[0], plugIn(link.src, index));
    INCCL_TRY_ASSIGN(cable.ends[1], plugIn(link.dst, back->second));
    plan_.cables.push_back(cable);
    return {};
  }

  // A new interface for the cable that comes next.
  Result<End> plugIn(topo::NodeIndex node, topo::LinkIndex link) {
    End end;
    end.space = sites_.siteOfNode[node];
    end.link = link;
    Space& space = plan_.spaces[end.space];
    end.interface = static_cast<InterfaceIndex>(space.interfaces.size());
    const auto number = space.isSwitch ? end.interface - 1 : end.interface;
    space.interfaces.push_back({fmt::format("{}{}", space.isSwitch ? "port" : "eth", number),
                                macs_.next(),
                                {},
                                static_cast<CableIndex>(plan_.cables.size())});
    auto shaping = shapingOf(plan_.topology.links[link].rate);
    if (!shaping.ok())
      return std::move(shaping).status().within(topo::describeLink(plan_.topology, link));
    end.shaping = shaping.value();
    return end;
  }

  // A bucket belongs to one interface, so a sum over several is held only if they cannot exceed it.
  Status checkGroups() {
    std::map<topo::GroupIndex, double> sums;
    for (const Cable& cable : plan_.cables) {
      for (const End& end : cable.ends) {
        const topo::Link& link = plan_.topology.links[end.link];
        if (link.group == topo::kNone) continue;
        const topo::Group& group = plan_.topology.groups[link.group];
        sums[link.group] += link.rate.approximateGBps();
        if (sums[link.group] > group.rate.approximateGBps() * (1 + 1e-9))
          return invalidArgument(fmt::format(
              "{}: the lab cannot hold group \"{}\" to {} GBps in all; give its links rates that "
              "add up to no more, or no group",
              topo::describeLink(plan_.topology, end.link), group.id, group.rate.text()));
      }
    }
    return {};
  }

  Plan& plan_;
  const topo::Sites& sites_;
  MacCounter macs_;
  std::map<std::pair<topo::NodeIndex, topo::NodeIndex>, topo::LinkIndex> links_;
};

}  // namespace

Ipv4 Space::address() const {
  return interfaces.empty() || interfaces[0].addresses.empty() ? Ipv4{}
                                                               : interfaces[0].addresses[0];
}

std::string Plan::describe(const End& end) const {
  return fmt::format("{} of {}, {}", interfaceOf(end).name, spaces[end.space].id,
                     topo::describeLink(topology, end.link));
}

SpaceIndex Plan::find(const std::string& id) const {
  for (SpaceIndex space = 0; space < spaces.size(); ++space)
    if (spaces[space].id == id) return space;
  return topo::kNone;
}

Result<Plan> planOf(topo::Topology topology) {
  Plan plan;
  plan.topology = std::move(topology);
  INCCL_TRY_ASSIGN(const topo::Sites sites, topo::sitesOf(plan.topology));
  INCCL_TRY(Cabling(plan, sites).run());
  INCCL_TRY(assignAddresses(plan, sites));
  findPaths(plan);
  return plan;
}

}  // namespace inccl::lab
