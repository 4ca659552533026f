#include "topo/canonical.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/hash.h"

namespace inccl::topo {
namespace {

// Positions of `items` in the order of `key`.
template <typename Item, typename Key>
std::vector<uint32_t> sortedPositions(const std::vector<Item>& items, Key key) {
  std::vector<uint32_t> order(items.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return key(items[a]) < key(items[b]); });
  return order;
}

// Where what was at each position has gone.
std::vector<uint32_t> inverse(const std::vector<uint32_t>& order) {
  std::vector<uint32_t> places(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) places[order[i]] = i;
  return places;
}

class Digester {
 public:
  void add(uint64_t word) { hash_ = mixHash(hash_, word); }
  void add(std::string_view text) { add(hashBytes(text)); }
  void add(const Rate& rate) {
    add(rate.numerator());
    add(rate.denominator());
  }
  [[nodiscard]] uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0;
};

Picoseconds roundedTime(Picoseconds time, int digits) {
  Picoseconds unit = 1;
  for (Picoseconds rest = time; rest >= 10; rest /= 10) {
    if (--digits <= 0) unit *= 10;
  }
  return (time + unit / 2) / unit * unit;
}

}  // namespace

Topology canonical(const Topology& topology) {
  Topology result;
  result.name = topology.name;
  result.source = topology.source;
  const auto nodeOrder = sortedPositions(topology.nodes, [](const Node& node) {
    return std::tuple(node.kind, node.rank, std::string_view(node.id));
  });
  const auto groupOrder = sortedPositions(
      topology.groups, [](const Group& group) { return std::string_view(group.id); });
  const std::vector<uint32_t> nodePlaces = inverse(nodeOrder);
  const std::vector<uint32_t> groupPlaces = inverse(groupOrder);
  for (const uint32_t at : nodeOrder) result.nodes.push_back(topology.nodes[at]);
  for (const uint32_t at : groupOrder) result.groups.push_back(topology.groups[at]);
  result.links = topology.links;
  for (Link& link : result.links) {
    link.src = nodePlaces[link.src];
    link.dst = nodePlaces[link.dst];
    if (link.group != kNone) link.group = groupPlaces[link.group];
  }
  std::sort(result.links.begin(), result.links.end(), [](const Link& a, const Link& b) {
    return std::pair(a.src, a.dst) < std::pair(b.src, b.dst);
  });
  return result;
}

uint64_t fingerprint(const Topology& topology) {
  const Topology form = canonical(topology);
  Digester digester;
  digester.add(form.nodes.size());
  for (const Node& node : form.nodes) {
    digester.add(node.id);
    digester.add(static_cast<uint64_t>(node.kind));
    digester.add(static_cast<uint64_t>(node.rank));
    digester.add(node.host);
    digester.add(uint64_t{node.reduce} << 1 | uint64_t{node.multicast});
  }
  digester.add(form.links.size());
  for (const Link& link : form.links) {
    digester.add(uint64_t{link.src} << 32 | link.dst);
    digester.add(link.rate);
    digester.add(link.alpha);
    digester.add(link.group);
  }
  digester.add(form.groups.size());
  for (const Group& group : form.groups) {
    digester.add(group.id);
    digester.add(group.rate);
  }
  return digester.value();
}

std::string fingerprintText(const Topology& topology) {
  return fmt::format("{:016x}", fingerprint(topology));
}

Topology rounded(Topology topology, int digits) {
  for (Link& link : topology.links) {
    link.rate = link.rate.rounded(digits);
    link.alpha = roundedTime(link.alpha, digits);
  }
  for (Group& group : topology.groups) group.rate = group.rate.rounded(digits);
  return topology;
}

}  // namespace inccl::topo
