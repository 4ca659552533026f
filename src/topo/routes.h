// Which links a message takes from one node to another.
//
// Fewest links; among those, the widest bottleneck; then the least latency; then the node that
// stands first. Chosen from the source outwards, so that all routes of one source form a tree,
// which is what a switch that replicates sends along. Ranks are ends: a message passes through one
// only if asked, since in a schedule it is the schedule that forwards (a machine whose ranks are
// joined directly may route for them, by its operating system).
//
// Deterministic for one order of nodes; canonical() makes that order the same everywhere.
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "topo/topology.h"

namespace inccl::topo {

struct RouteOptions {
  bool throughRanks = false;
};

// The routes from one node to all others: one breadth-first search.
class RouteTree {
 public:
  [[nodiscard]] bool reaches(NodeIndex node) const {
    return node == source_ || last_[node] != kNone;
  }
  // The last link on the way to `node`; kNone for the source itself and what it does not reach.
  [[nodiscard]] LinkIndex lastLink(NodeIndex node) const { return last_[node]; }
  // All links on the way, in order.
  [[nodiscard]] std::vector<LinkIndex> to(NodeIndex node) const;

 private:
  friend class Routes;
  const Topology* topology_ = nullptr;
  NodeIndex source_ = 0;
  std::vector<LinkIndex> last_;
};

class Routes {
 public:
  // `topology` must be valid and outlive the routes.
  explicit Routes(const Topology& topology, RouteOptions options = {});

  [[nodiscard]] RouteTree from(NodeIndex source) const;

 private:
  const Topology& topology_;
  RouteOptions options_;
  std::vector<std::vector<LinkIndex>> outgoing_;  // of each node, by destination
};

// OK when every rank reaches every other, else the first pair that does not.
Status checkConnected(const Topology& topology, RouteOptions options = {});

}  // namespace inccl::topo
