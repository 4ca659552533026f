#include "topo/machines.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::topo {
namespace {

constexpr std::string_view kNominal = "nominal: one thread copies, one memory, one switch";

Node rankNode(int rank, std::string host) {
  Node node;
  node.id = fmt::format("rank{}", rank);
  node.rank = rank;
  node.host = std::move(host);
  return node;
}

}  // namespace

Topology hostFragment(int number, std::span<const int> ranks, const HostNumbers& numbers) {
  Topology fragment;
  const std::string id = fmt::format("host{}", number);
  fragment.name = id;
  fragment.source = kNominal;
  Node host;
  host.id = id;
  host.kind = NodeKind::kHost;
  const NodeIndex memory = fragment.addNode(std::move(host));
  const GroupIndex group = fragment.addGroup(id + ".memory", numbers.memory);
  for (const int rank : ranks)
    fragment.addLinks(fragment.addNode(rankNode(rank, id)), memory, numbers.port, numbers.alpha,
                      group);
  return fragment;
}

Topology oneHost(int rankCount, const HostNumbers& numbers) {
  std::vector<int> ranks(static_cast<size_t>(std::max(0, rankCount)));
  for (size_t i = 0; i < ranks.size(); ++i) ranks[i] = static_cast<int>(i);
  Topology topology = hostFragment(0, ranks, numbers);
  topology.name = fmt::format("one host, {} ranks", rankCount);
  return topology;
}

Result<Topology> hostsWithSwitch(std::span<const int> hostOfRank, const HostNumbers& host,
                                 const NetworkNumbers& network) {
  std::vector<std::vector<int>> ranksOfHost;
  for (size_t rank = 0; rank < hostOfRank.size(); ++rank) {
    const int at = hostOfRank[rank];
    if (at < 0 || static_cast<size_t>(at) >= hostOfRank.size())
      return invalidArgument(
          fmt::format("rank {} is on host {}, not in 0 … {}", rank, at, hostOfRank.size() - 1));
    if (static_cast<size_t>(at) >= ranksOfHost.size())
      ranksOfHost.resize(static_cast<size_t>(at) + 1);
    ranksOfHost[static_cast<size_t>(at)].push_back(static_cast<int>(rank));
  }
  std::vector<Topology> fragments;
  for (size_t i = 0; i < ranksOfHost.size(); ++i)
    fragments.push_back(hostFragment(static_cast<int>(i), ranksOfHost[i], host));
  INCCL_TRY_ASSIGN(
      Topology topology,
      merge(fragments, fmt::format("{} hosts, {} ranks", fragments.size(), hostOfRank.size())));
  if (fragments.size() > 1) INCCL_TRY(joinHosts(topology, network));
  return topology;
}

Result<Topology> hostsWithSwitch(int hosts, int ranksPerHost, const HostNumbers& host,
                                 const NetworkNumbers& network) {
  std::vector<int> hostOfRank;
  for (int h = 0; h < hosts; ++h)
    hostOfRank.insert(hostOfRank.end(), static_cast<size_t>(std::max(0, ranksPerHost)), h);
  return hostsWithSwitch(hostOfRank, host, network);
}

Topology ring(int rankCount, Rate rate, Picoseconds alpha, bool bothWays) {
  Topology topology;
  topology.name = fmt::format("ring of {}", rankCount);
  topology.source = "nominal: equal links";
  for (int rank = 0; rank < rankCount; ++rank) topology.addNode(rankNode(rank, ""));
  const auto n = static_cast<NodeIndex>(std::max(0, rankCount));
  for (NodeIndex rank = 0; rank < n && n > 1; ++rank) {
    const NodeIndex next = (rank + 1) % n;
    topology.addLink(rank, next, rate, alpha);
    // On two ranks the way to the next is the way back already.
    if (bothWays && n > 2) topology.addLink(next, rank, rate, alpha);
  }
  return topology;
}

}  // namespace inccl::topo
