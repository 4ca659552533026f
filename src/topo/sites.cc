#include "topo/sites.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace inccl::topo {
namespace {

class Sorting {
 public:
  explicit Sorting(const Topology& topology)
      : topology_(topology), machineOf_(topology.nodes.size()), neighbours_(topology.nodes.size()) {
    for (const Link& link : topology.links) {
      neighbours_[link.src].insert(link.dst);
      neighbours_[link.dst].insert(link.src);
    }
  }

  Result<Sites> run() {
    nameHosts();
    for (NodeIndex node = 0; node < topology_.nodes.size(); ++node)
      if (kindOf(node) == NodeKind::kRank) nameRank(node);
    INCCL_TRY(nameNics());
    nameSwitches();
    return collect();
  }

 private:
  [[nodiscard]] NodeKind kindOf(NodeIndex node) const { return topology_.nodes[node].kind; }

  // Two host nodes with one `host` are one machine, called by the id of the first.
  void nameHosts() {
    for (NodeIndex node = 0; node < topology_.nodes.size(); ++node) {
      const Node& host = topology_.nodes[node];
      if (host.kind != NodeKind::kHost) continue;
      const std::string& said = host.host.empty() ? host.id : host.host;
      machineOf_[node] = machineNamed_.emplace(said, host.id).first->second;
      machineNamed_.emplace(host.id, machineOf_[node]);
    }
  }

  // The machine that `host` says, or else that of a host node beside it; empty if neither.
  std::string saidOrBeside(NodeIndex node) {
    const std::string& said = topology_.nodes[node].host;
    if (!said.empty()) return machineNamed_.emplace(said, said).first->second;
    for (const NodeIndex other : neighbours_[node])
      if (kindOf(other) == NodeKind::kHost) return machineOf_[other];
    return {};
  }

  void nameRank(NodeIndex node) {
    machineOf_[node] = saidOrBeside(node);
    if (machineOf_[node].empty()) machineOf_[node] = topology_.nodes[node].id;
  }

  Status nameNics() {
    for (NodeIndex node = 0; node < topology_.nodes.size(); ++node) {
      if (kindOf(node) != NodeKind::kNic) continue;
      machineOf_[node] = saidOrBeside(node);
      for (const NodeIndex other : neighbours_[node])
        if (machineOf_[node].empty() && kindOf(other) == NodeKind::kRank)
          machineOf_[node] = machineOf_[other];
      if (machineOf_[node].empty())
        return invalidArgument(fmt::format("{} belongs to no host: say it by \"host\"",
                                           describeNode(topology_, node)));
    }
    return {};
  }

  // Switches that are joined by links, none of which says its host.
  std::vector<NodeIndex> fabricOf(NodeIndex first) {
    std::vector<NodeIndex> found{first};
    for (size_t i = 0; i < found.size(); ++i)
      for (const NodeIndex other : neighbours_[found[i]])
        if (kindOf(other) == NodeKind::kSwitch && topology_.nodes[other].host.empty() &&
            std::ranges::find(found, other) == found.end())
          found.push_back(other);
    return found;
  }

  void nameSwitches() {
    for (NodeIndex node = 0; node < topology_.nodes.size(); ++node) {
      if (kindOf(node) != NodeKind::kSwitch || !machineOf_[node].empty() || isFabric(node))
        continue;
      if (!topology_.nodes[node].host.empty()) {
        machineOf_[node] = saidOrBeside(node);
        continue;
      }
      const std::vector<NodeIndex> fabric = fabricOf(node);
      std::set<std::string> machines;
      for (const NodeIndex each : fabric)
        for (const NodeIndex other : neighbours_[each])
          if (kindOf(other) != NodeKind::kSwitch) machines.insert(machineOf_[other]);
      if (machines.size() > 1) fabric_.insert(fabric.begin(), fabric.end());
      if (machines.size() == 1)
        for (const NodeIndex each : fabric) machineOf_[each] = *machines.begin();
      if (machines.empty()) fabric_.insert(node);
    }
  }

  [[nodiscard]] bool isFabric(NodeIndex node) const { return fabric_.contains(node); }

  Result<Sites> collect() {
    Sites found;
    std::map<std::string, SiteIndex> machines;
    bool anyMachine = false;
    for (NodeIndex node = 0; node < topology_.nodes.size(); ++node) {
      if (isFabric(node)) {
        found.siteOfNode.push_back(static_cast<SiteIndex>(found.sites.size()));
        found.sites.push_back({topology_.nodes[node].id, true});
        continue;
      }
      anyMachine = true;
      const auto [machine, isNew] =
          machines.emplace(machineOf_[node], static_cast<SiteIndex>(found.sites.size()));
      if (isNew) found.sites.push_back({machineOf_[node], false});
      found.siteOfNode.push_back(machine->second);
    }
    if (!anyMachine) return invalidArgument("there is no host and no rank in it");
    return found;
  }

  const Topology& topology_;
  std::vector<std::string> machineOf_;               // by node; empty = not known, or a fabric's
  std::map<std::string, std::string> machineNamed_;  // what `host` may say → the machine's name
  std::vector<std::set<NodeIndex>> neighbours_;
  std::set<NodeIndex> fabric_;  // switches that are sites
};

}  // namespace

Result<Sites> sitesOf(const Topology& topology) { return Sorting(topology).run(); }

}  // namespace inccl::topo
