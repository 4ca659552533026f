#include "topo/preferred_addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "topo/routes.h"
#include "topo/sites.h"

namespace inccl::topo {
namespace {

class Preferences {
 public:
  Preferences(const Topology& topology, Sites sites, NodeIndex from)
      : topology_(topology), sites_(std::move(sites)), from_(from), routes_(topology) {
    tree_ = routes_.from(from);
    byDistance_.resize(sites_.sites.size());
    for (NodeIndex node = 0; node < topology.nodes.size(); ++node)
      if (isPort(node) && tree_.reaches(node))
        byDistance_[siteOf(node)].emplace_back(tree_.to(node).size(), node);
    for (auto& ports : byDistance_) std::ranges::sort(ports);
  }

  [[nodiscard]] std::vector<std::string> of(NodeIndex rank) const {
    std::vector<std::string> addresses;
    if (siteOf(rank) == siteOf(from_)) return addresses;
    const auto add = [&](NodeIndex node) {
      const std::string& address = topology_.nodes[node].address;
      if (!address.empty() && std::ranges::find(addresses, address) == addresses.end())
        addresses.push_back(address);
    };
    for (const LinkIndex link : tree_.to(rank)) {
      const NodeIndex node = topology_.links[link].dst;
      if (siteOf(node) == siteOf(rank) && (isPort(node) || node == rank)) add(node);
    }
    for (const auto& [distance, node] : byDistance_[siteOf(rank)]) add(node);
    return addresses;
  }

 private:
  [[nodiscard]] SiteIndex siteOf(NodeIndex node) const { return sites_.siteOfNode[node]; }
  // Another rank's address is another process's.
  [[nodiscard]] bool isPort(NodeIndex node) const {
    const NodeKind kind = topology_.nodes[node].kind;
    return kind == NodeKind::kNic || kind == NodeKind::kHost;
  }

  const Topology& topology_;
  const Sites sites_;
  const NodeIndex from_;
  const Routes routes_;
  RouteTree tree_;
  std::vector<std::vector<std::pair<size_t, NodeIndex>>> byDistance_;  // by site: NICs and hosts
};

}  // namespace

Result<std::vector<std::vector<std::string>>> preferredAddresses(const Topology& topology,
                                                                 int from) {
  INCCL_TRY_ASSIGN(const std::vector<NodeIndex> ranks, rankNodes(topology));
  if (from < 0 || static_cast<size_t>(from) >= ranks.size())
    return invalidArgument(fmt::format("topology {}: has no rank {}", topology.name, from));
  std::vector<std::vector<std::string>> addresses(ranks.size());
  if (std::ranges::all_of(topology.nodes, [](const Node& node) { return node.address.empty(); }))
    return addresses;
  INCCL_TRY_ASSIGN(Sites sites, sitesOf(topology));
  const Preferences preferences(topology, std::move(sites), ranks[static_cast<size_t>(from)]);
  for (size_t rank = 0; rank < ranks.size(); ++rank) addresses[rank] = preferences.of(ranks[rank]);
  return addresses;
}

}  // namespace inccl::topo
