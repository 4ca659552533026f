#include "topo/validate.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

namespace inccl::topo {
namespace {

Status refuse(std::string_view place, std::string_view reason) {
  return invalidArgument(fmt::format("{}: {}", place, reason));
}

Status checkId(std::string_view id, std::string_view place) {
  if (id.empty()) return refuse(place, "has an empty id");
  if (id.size() > kLongestId) return refuse(place, "has an id of more than 256 bytes");
  return {};
}

// Names by which `host` may call a machine: the ids of host nodes, and the names that those give.
std::set<std::string_view> hostNames(const Topology& topology) {
  std::set<std::string_view> names;
  for (const Node& node : topology.nodes) {
    if (node.kind != NodeKind::kHost) continue;
    names.insert(node.id);
    if (!node.host.empty()) names.insert(node.host);
  }
  return names;
}

Status checkRank(const Topology& topology, NodeIndex index, std::map<int, NodeIndex>& ranks) {
  const Node& node = topology.nodes[index];
  if (node.kind != NodeKind::kRank) {
    if (node.rank == -1) return {};
    return refuse(describeNode(topology, index),
                  fmt::format("a {} has no rank number", name(node.kind)));
  }
  if (node.rank < 0 || node.rank >= kMostRanks)
    return refuse(describeNode(topology, index),
                  fmt::format("rank {} is not in 0 … {}", node.rank, kMostRanks - 1));
  const auto [first, isNew] = ranks.emplace(node.rank, index);
  if (isNew) return {};
  return refuse(describeNode(topology, index), fmt::format("is rank {}, as is {}", node.rank,
                                                           describeNode(topology, first->second)));
}

Status checkNodes(const Topology& topology) {
  std::unordered_map<std::string_view, NodeIndex> ids;
  std::map<int, NodeIndex> ranks;
  const std::set<std::string_view> hosts = hostNames(topology);
  for (NodeIndex index = 0; index < topology.nodes.size(); ++index) {
    const Node& node = topology.nodes[index];
    INCCL_TRY(checkId(node.id, fmt::format("nodes[{}]", index)));
    const std::string place = describeNode(topology, index);
    if (const auto [first, isNew] = ids.emplace(node.id, index); !isNew)
      return refuse(place, fmt::format("nodes[{}] has this id too", first->second));
    INCCL_TRY(checkRank(topology, index, ranks));
    if (!node.host.empty() && !hosts.empty() && !hosts.contains(node.host))
      return refuse(place, fmt::format("there is no host \"{}\"", node.host));
    if ((node.reduce || node.multicast) && node.kind != NodeKind::kSwitch)
      return refuse(place, fmt::format("a {} does not sum or replicate", name(node.kind)));
  }
  return {};
}

Status checkGroups(const Topology& topology) {
  std::map<std::string_view, GroupIndex> ids;
  for (GroupIndex index = 0; index < topology.groups.size(); ++index) {
    const std::string& id = topology.groups[index].id;
    INCCL_TRY(checkId(id, fmt::format("groups[{}]", index)));
    if (const auto [first, isNew] = ids.emplace(id, index); !isNew)
      return refuse(fmt::format("groups[{}] ({})", index, id),
                    fmt::format("groups[{}] has this id too", first->second));
  }
  return {};
}

Status checkLinks(const Topology& topology) {
  std::unordered_map<uint64_t, LinkIndex> ends;
  ends.reserve(topology.links.size());
  for (LinkIndex index = 0; index < topology.links.size(); ++index) {
    const Link& link = topology.links[index];
    if (link.src >= topology.nodes.size() || link.dst >= topology.nodes.size())
      return refuse(fmt::format("links[{}]", index), "an end of it does not exist");
    if (link.src == link.dst)
      return refuse(describeLink(topology, index), "leads from a node to itself");
    const auto [first, isNew] = ends.emplace(uint64_t{link.src} << 32 | link.dst, index);
    if (!isNew)
      return refuse(describeLink(topology, index),
                    fmt::format("links[{}] joins the same nodes in this direction; add their rates",
                                first->second));
    if (link.group != kNone && link.group >= topology.groups.size())
      return refuse(describeLink(topology, index), "its group does not exist");
    if (link.alpha >= kForever) return refuse(describeLink(topology, index), "takes for ever");
  }
  return {};
}

}  // namespace

Status validate(const Topology& topology) {
  if (topology.nodes.size() >= kNone || topology.links.size() >= kNone ||
      topology.groups.size() >= kNone)
    return invalidArgument("too many nodes, links or groups");
  INCCL_TRY(checkNodes(topology));
  INCCL_TRY(checkGroups(topology));
  return checkLinks(topology);
}

}  // namespace inccl::topo
