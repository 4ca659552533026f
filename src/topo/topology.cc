#include "topo/topology.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::topo {

std::string_view name(NodeKind kind) {
  switch (kind) {
    case NodeKind::kRank:
      return "rank";
    case NodeKind::kHost:
      return "host";
    case NodeKind::kNic:
      return "nic";
    case NodeKind::kSwitch:
      return "switch";
  }
  return "unknown kind";
}

std::optional<NodeKind> parseNodeKind(std::string_view text) {
  for (const NodeKind kind :
       {NodeKind::kRank, NodeKind::kHost, NodeKind::kNic, NodeKind::kSwitch}) {
    if (name(kind) == text) return kind;
  }
  return std::nullopt;
}

NodeIndex Topology::addNode(Node node) {
  nodes.push_back(std::move(node));
  return static_cast<NodeIndex>(nodes.size() - 1);
}

LinkIndex Topology::addLink(NodeIndex src, NodeIndex dst, Rate rate, Picoseconds alpha,
                            GroupIndex group) {
  links.push_back({src, dst, rate, alpha, group});
  return static_cast<LinkIndex>(links.size() - 1);
}

void Topology::addLinks(NodeIndex a, NodeIndex b, Rate rate, Picoseconds alpha, GroupIndex group) {
  addLink(a, b, rate, alpha, group);
  addLink(b, a, rate, alpha, group);
}

GroupIndex Topology::addGroup(std::string id, Rate rate) {
  groups.push_back({std::move(id), rate});
  return static_cast<GroupIndex>(groups.size() - 1);
}

NodeIndex Topology::findNode(std::string_view id) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == id; });
  return found == nodes.end() ? kNone : static_cast<NodeIndex>(found - nodes.begin());
}

int Topology::rankCount() const {
  return static_cast<int>(std::count_if(
      nodes.begin(), nodes.end(), [](const Node& node) { return node.kind == NodeKind::kRank; }));
}

Result<std::vector<NodeIndex>> rankNodes(const Topology& topology, int rankCount) {
  const int present = topology.rankCount();
  if (rankCount < 0) rankCount = present;
  if (present != rankCount)
    return invalidArgument(
        fmt::format("topology {}: has {} ranks, {} are needed", topology.name, present, rankCount));
  std::vector<NodeIndex> nodes(static_cast<size_t>(rankCount), kNone);
  for (NodeIndex index = 0; index < topology.nodes.size(); ++index) {
    const Node& node = topology.nodes[index];
    if (node.kind != NodeKind::kRank) continue;
    if (node.rank < 0 || node.rank >= rankCount)
      return invalidArgument(fmt::format("topology {}: {} is rank {}, not in 0 … {}", topology.name,
                                         describeNode(topology, index), node.rank, rankCount - 1));
    if (nodes[static_cast<size_t>(node.rank)] != kNone)
      return invalidArgument(fmt::format(
          "topology {}: {} is rank {}, as is {}", topology.name, describeNode(topology, index),
          node.rank, describeNode(topology, nodes[static_cast<size_t>(node.rank)])));
    nodes[static_cast<size_t>(node.rank)] = index;
  }
  return nodes;
}

std::string describeNode(const Topology& topology, NodeIndex node) {
  return fmt::format("nodes[{}] ({})", node, topology.nodes[node].id);
}

std::string describeLink(const Topology& topology, LinkIndex link) {
  const Link& it = topology.links[link];
  return fmt::format("links[{}] ({} -> {})", link, topology.nodes[it.src].id,
                     topology.nodes[it.dst].id);
}

}  // namespace inccl::topo
