#include "comm/fragments.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "topo/canonical.h"
#include "topo/machines.h"
#include "topo/merge.h"
#include "topo/topology_json.h"
#include "wire/byte_codec.h"

namespace inccl::comm {
namespace {

// What is measured twice on one machine should come out alike, and the planner needs no more.
constexpr int kDigits = 3;

Status checkRanks(const topo::Topology& fragment, const std::vector<int>& ranks) {
  std::vector<int> told;
  for (const topo::Node& node : fragment.nodes)
    if (node.kind == topo::NodeKind::kRank) told.push_back(node.rank);
  std::ranges::sort(told);
  if (told == ranks) return {};
  return invalidArgument(fmt::format("it has the ranks [{}] and not [{}]", fmt::join(told, " "),
                                     fmt::join(ranks, " ")));
}

Result<topo::Topology> read(const std::vector<std::byte>& text, const std::vector<int>& ranks) {
  INCCL_TRY_ASSIGN(topo::Topology fragment, topo::fromJson(wire::toText(text)));
  INCCL_TRY(checkRanks(fragment, ranks));
  return fragment;
}

}  // namespace

std::vector<std::vector<int>> ranksByHost(const std::vector<bootstrap::PeerInfo>& peers) {
  std::vector<std::vector<int>> hosts;
  std::map<std::string, size_t> numbers;
  for (const bootstrap::PeerInfo& peer : peers) {
    const size_t number = numbers.emplace(peer.hostKey, hosts.size()).first->second;
    if (number == hosts.size()) hosts.emplace_back();
    hosts[number].push_back(peer.rank);
  }
  return hosts;
}

Result<topo::Topology> fragmentOfThisHost(int number, std::span<const int> ranks) {
  return topo::hostFragment(number, ranks);
}

Result<topo::Topology> mergeFragments(std::span<const std::vector<std::byte>> fragments,
                                      const std::vector<bootstrap::PeerInfo>& peers) {
  const std::vector<std::vector<int>> hosts = ranksByHost(peers);
  if (fragments.size() != hosts.size())
    return internalError(fmt::format("{} hosts, {} fragments", hosts.size(), fragments.size()));
  std::vector<topo::Topology> parts;
  for (size_t host = 0; host < hosts.size(); ++host) {
    const std::string speaker = peers[static_cast<size_t>(hosts[host].front())].describe();
    auto part = read(fragments[host], hosts[host]);
    if (!part.ok())
      return std::move(part).status().within(
          fmt::format("the topology of host{}, told by {}", host, speaker));
    // By which merge() calls it.
    part->name = fmt::format("host{}, told by {}", host, speaker);
    parts.push_back(topo::rounded(std::move(part).value(), kDigits));
  }
  INCCL_TRY_ASSIGN(
      topo::Topology merged,
      topo::merge(parts, fmt::format("{} hosts, {} ranks", parts.size(), peers.size())));
  if (parts.size() > 1) INCCL_TRY(topo::joinHosts(merged, {}));
  return topo::canonical(merged);
}

}  // namespace inccl::comm
