#include "topo/routes.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::topo {
namespace {

// What the way to a node is worth; among ways of equally many links.
struct Way {
  Rate bottleneck;
  Picoseconds alpha = 0;
};

bool isBetter(const Way& a, const Way& b) {
  if (a.bottleneck != b.bottleneck) return b.bottleneck < a.bottleneck;
  return a.alpha < b.alpha;
}

}  // namespace

std::vector<LinkIndex> RouteTree::to(NodeIndex node) const {
  std::vector<LinkIndex> path;
  for (LinkIndex link = last_[node]; link != kNone; link = last_[topology_->links[link].src])
    path.push_back(link);
  std::reverse(path.begin(), path.end());
  return path;
}

Routes::Routes(const Topology& topology, RouteOptions options)
    : topology_(topology), options_(options), outgoing_(topology.nodes.size()) {
  for (LinkIndex link = 0; link < topology.links.size(); ++link)
    outgoing_[topology.links[link].src].push_back(link);
  for (std::vector<LinkIndex>& links : outgoing_) {
    std::sort(links.begin(), links.end(), [&](LinkIndex a, LinkIndex b) {
      return topology.links[a].dst < topology.links[b].dst;
    });
  }
}

RouteTree Routes::from(NodeIndex source) const {
  RouteTree tree;
  tree.topology_ = &topology_;
  tree.source_ = source;
  tree.last_.assign(topology_.nodes.size(), kNone);
  std::vector<bool> settled(topology_.nodes.size(), false);
  std::vector<Way> ways(topology_.nodes.size());
  settled[source] = true;
  // One ring of nodes after the other. A node's way is chosen among all links from the ring before;
  // that one is in ascending order, so of equal ways the first stays.
  for (std::vector<NodeIndex> ring{source}; !ring.empty();) {
    std::vector<NodeIndex> next;
    for (const NodeIndex node : ring) {
      const bool isEnd = topology_.nodes[node].kind == NodeKind::kRank && !options_.throughRanks;
      if (node != source && isEnd) continue;
      for (const LinkIndex index : outgoing_[node]) {
        const Link& link = topology_.links[index];
        if (settled[link.dst]) continue;
        const Way way{node == source ? link.rate : std::min(ways[node].bottleneck, link.rate),
                      addTimes(ways[node].alpha, link.alpha)};
        const bool isFirst = tree.last_[link.dst] == kNone;
        if (isFirst) next.push_back(link.dst);
        if (!isFirst && !isBetter(way, ways[link.dst])) continue;
        ways[link.dst] = way;
        tree.last_[link.dst] = index;
      }
    }
    for (const NodeIndex node : next) settled[node] = true;
    std::sort(next.begin(), next.end());
    ring = std::move(next);
  }
  return tree;
}

Status checkConnected(const Topology& topology, RouteOptions options) {
  INCCL_TRY_ASSIGN(const std::vector<NodeIndex> nodes, rankNodes(topology));
  const Routes routes(topology, options);
  for (size_t rank = 0; rank < nodes.size(); ++rank) {
    const RouteTree tree = routes.from(nodes[rank]);
    for (size_t peer = 0; peer < nodes.size(); ++peer) {
      if (!tree.reaches(nodes[peer]))
        return invalidArgument(fmt::format("topology {}: there is no way from rank {} to rank {}",
                                           topology.name, rank, peer));
    }
  }
  return {};
}

}  // namespace inccl::topo
