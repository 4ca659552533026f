#include "topo/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "topo/canonical.h"
#include "topo/validate.h"

namespace inccl::topo {
namespace {

class Merger {
 public:
  explicit Merger(std::span<const Topology> fragments) : fragments_(fragments) {}

  Status add(size_t number) {
    const Topology& fragment = fragments_[number];
    INCCL_TRY(validate(fragment).within(describe(number)));
    std::vector<GroupIndex> groups;
    for (const Group& group : fragment.groups) {
      INCCL_TRY_ASSIGN(const GroupIndex index, addGroup(number, group));
      groups.push_back(index);
    }
    std::vector<NodeIndex> nodes;
    for (const Node& node : fragment.nodes) {
      INCCL_TRY_ASSIGN(const NodeIndex index, addNode(number, node));
      nodes.push_back(index);
    }
    for (Link link : fragment.links) {
      link.src = nodes[link.src];
      link.dst = nodes[link.dst];
      if (link.group != kNone) link.group = groups[link.group];
      INCCL_TRY(addLink(number, link));
    }
    return {};
  }

  Result<Topology> finish(std::string name) {
    merged_.name = std::move(name);
    std::set<std::string> sources;
    for (const Topology& fragment : fragments_) sources.insert(fragment.source);
    sources.erase("");
    merged_.source = fmt::format("{}", fmt::join(sources, "; "));
    INCCL_TRY(validate(merged_));
    return canonical(merged_);
  }

 private:
  [[nodiscard]] std::string describe(size_t number) const {
    return fmt::format("fragment {} ({})", number, fragments_[number].name);
  }

  Result<GroupIndex> addGroup(size_t number, const Group& group) {
    const auto [known, isNew] =
        groups_.emplace(group.id, Origin{static_cast<uint32_t>(merged_.groups.size()), number});
    if (isNew) merged_.groups.push_back(group);
    if (merged_.groups[known->second.index] != group)
      return invalidArgument(fmt::format("{}: group \"{}\" has another rate in {}",
                                         describe(number), group.id,
                                         describe(known->second.fragment)));
    return known->second.index;
  }

  Result<NodeIndex> addNode(size_t number, const Node& node) {
    const auto [known, isNew] =
        nodes_.emplace(node.id, Origin{static_cast<uint32_t>(merged_.nodes.size()), number});
    if (isNew) merged_.nodes.push_back(node);
    if (isNew) return known->second.index;
    const std::string where = fmt::format("{}: node \"{}\"", describe(number), node.id);
    if (node.kind != NodeKind::kSwitch)
      return invalidArgument(fmt::format("{} stands in {} too, and only switches are shared", where,
                                         describe(known->second.fragment)));
    if (merged_.nodes[known->second.index] != node)
      return invalidArgument(
          fmt::format("{} differs from the one of {}", where, describe(known->second.fragment)));
    return known->second.index;
  }

  Status addLink(size_t number, const Link& link) {
    const auto [known, isNew] = links_.emplace(
        std::pair(link.src, link.dst), Origin{static_cast<uint32_t>(merged_.links.size()), number});
    if (isNew) merged_.links.push_back(link);
    if (merged_.links[known->second.index] == link) return {};
    return invalidArgument(
        fmt::format("{}: the link from \"{}\" to \"{}\" differs from the one "
                    "of {}",
                    describe(number), merged_.nodes[link.src].id, merged_.nodes[link.dst].id,
                    describe(known->second.fragment)));
  }

  // Where a thing stands in merged_, and which fragment brought it.
  struct Origin {
    uint32_t index;
    size_t fragment;
  };

  std::span<const Topology> fragments_;
  Topology merged_;
  std::map<std::string, Origin> nodes_;
  std::map<std::string, Origin> groups_;
  std::map<std::pair<NodeIndex, NodeIndex>, Origin> links_;
};

}  // namespace

Result<Topology> merge(std::span<const Topology> fragments, std::string name) {
  Merger merger(fragments);
  for (size_t number = 0; number < fragments.size(); ++number) INCCL_TRY(merger.add(number));
  return merger.finish(std::move(name));
}

Status joinHosts(Topology& topology, const NetworkNumbers& numbers, const std::string& switchId) {
  if (topology.findNode(switchId) != kNone)
    return invalidArgument(
        fmt::format("topology {}: there is a node \"{}\" already", topology.name, switchId));
  const auto kindOf = [&](NodeIndex node) { return topology.nodes[node].kind; };
  std::set<NodeIndex> onASwitch;    // NICs and hosts that have a link to one
  std::set<NodeIndex> hostsOfNics;  // hosts that speak through a NIC
  for (const Link& link : topology.links) {
    if (kindOf(link.dst) == NodeKind::kSwitch) onASwitch.insert(link.src);
    if (kindOf(link.dst) == NodeKind::kNic && kindOf(link.src) == NodeKind::kHost)
      hostsOfNics.insert(link.src);
  }
  for (const Node& nic : topology.nodes) {
    if (nic.kind != NodeKind::kNic || nic.host.empty()) continue;
    for (NodeIndex host = 0; host < topology.nodes.size(); ++host) {
      const Node& node = topology.nodes[host];
      if (node.kind == NodeKind::kHost && (node.id == nic.host || node.host == nic.host))
        hostsOfNics.insert(host);
    }
  }
  const NodeIndex nodesBefore = static_cast<NodeIndex>(topology.nodes.size());
  Node network;
  network.id = switchId;
  network.kind = NodeKind::kSwitch;
  const NodeIndex hub = topology.addNode(std::move(network));
  for (NodeIndex node = 0; node < nodesBefore; ++node) {
    const bool isPort = kindOf(node) == NodeKind::kNic ||
                        (kindOf(node) == NodeKind::kHost && !hostsOfNics.contains(node));
    if (isPort && !onASwitch.contains(node))
      topology.addLinks(node, hub, numbers.rate, numbers.alpha);
  }
  return validate(topology);
}

}  // namespace inccl::topo
