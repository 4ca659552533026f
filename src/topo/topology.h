// A machine or a fabric: who is where, and what joins them.
//
// Nodes are ranks, hosts, NICs and switches; links are directed and have a rate and a latency. A
// rank is where a schedule's steps run. Everything else only passes messages on: a host is the
// crossbar of its memory, a NIC a port that several ranks may share, a switch may besides sum and
// replicate. What is plugged in where is a link, so a port needs no notion of its own; where
// several links share one thing (a memory bus, a PCIe root), a group caps their sum.
//
// One model for discovery, synthesis, simulation and the lab; its JSON is topology_json.h, what it
// must fulfil is validate.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "topo/rate.h"

namespace inccl::topo {

// Positions in Topology's lists.
using NodeIndex = uint32_t;
using LinkIndex = uint32_t;
using GroupIndex = uint32_t;
constexpr uint32_t kNone = UINT32_MAX;

enum class NodeKind : uint8_t { kRank, kHost, kNic, kSwitch };

std::string_view name(NodeKind kind);
std::optional<NodeKind> parseNodeKind(std::string_view text);

struct Node {
  std::string id;
  NodeKind kind = NodeKind::kRank;
  int rank = -1;           // of a kRank, and only of it
  std::string host;        // where it is: equal text, one machine; empty = not said
  std::string address;     // by which a process is reached there; empty = not said
  bool reduce = false;     // a switch that sums
  bool multicast = false;  // a switch that replicates
  bool operator==(const Node&) const = default;
};

struct Link {
  NodeIndex src = 0;
  NodeIndex dst = 0;
  Rate rate;
  Picoseconds alpha = 0;  // from a byte's start to its arrival, besides its time at the rate
  GroupIndex group = kNone;
  bool operator==(const Link&) const = default;
};

// Caps the sum of the links that name it.
struct Group {
  std::string id;
  Rate rate;
  bool operator==(const Group&) const = default;
};

struct Topology {
  std::string name;
  std::string source;  // where its numbers come from: "nominal …", "measured …", "repo:path"
  std::vector<Node> nodes;
  std::vector<Link> links;
  std::vector<Group> groups;

  bool operator==(const Topology&) const = default;

  // Adding as one would say it; each returns the new thing's position.
  NodeIndex addNode(Node node);
  LinkIndex addLink(NodeIndex src, NodeIndex dst, Rate rate, Picoseconds alpha,
                    GroupIndex group = kNone);
  // One link in each direction.
  void addLinks(NodeIndex a, NodeIndex b, Rate rate, Picoseconds alpha, GroupIndex group = kNone);
  GroupIndex addGroup(std::string id, Rate rate);

  [[nodiscard]] NodeIndex findNode(std::string_view id) const;  // kNone when there is none
  [[nodiscard]] int rankCount() const;                          // nodes of kind kRank
};

// By rank the node; kInvalidArgument unless the ranks are 0 … count - 1, each once, for the count
// given (-1: as many as there are).
Result<std::vector<NodeIndex>> rankNodes(const Topology& topology, int rankCount = -1);

// "links[3] (gpu0 -> switch)", for messages.
std::string describeLink(const Topology& topology, LinkIndex link);
// "nodes[3] (gpu0)"
std::string describeNode(const Topology& topology, NodeIndex node);

}  // namespace inccl::topo
