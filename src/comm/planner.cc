#include "comm/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "os/socket_address.h"
#include "sim/simulator.h"
#include "topo/canonical.h"
#include "topo/machines.h"
#include "topo/sites.h"

namespace inccl::comm {
namespace {

// Beyond this, all schedules of one size would cost seconds.
constexpr int kMostRanks = 64;
constexpr uint64_t kMostEvents = uint64_t{1} << 18;
// What a step costs a rank, nominally, as the links of topo/machines.h: the order of magnitude of a
// message that is in a cache. (An empty step of the interpreter takes 4 ns.)
constexpr sim::Picoseconds kStepTime = 50'000;

Status checkAddresses(const topo::Topology& topology) {
  bool any = false;
  for (topo::NodeIndex node = 0; node < topology.nodes.size(); ++node) {
    const std::string& address = topology.nodes[node].address;
    if (address.empty()) continue;
    any = true;
    auto parsed = os::SocketAddress::parse(address);
    if (!parsed.ok())
      return std::move(parsed).status().within(
          fmt::format("{}.address", topo::describeNode(topology, node)));
  }
  // Whose they are must be clear.
  return any ? topo::sitesOf(topology).status() : Status();
}

std::vector<std::vector<int>> hostsOf(const topo::Topology& topology, int rankCount) {
  std::vector<std::string> hostOfRank(static_cast<size_t>(rankCount));
  for (const topo::Node& node : topology.nodes) {
    if (node.kind == topo::NodeKind::kRank) hostOfRank[static_cast<size_t>(node.rank)] = node.host;
  }
  std::vector<std::vector<int>> hosts;
  std::map<std::string, size_t> numbers;
  for (int rank = 0; rank < rankCount; ++rank) {
    const std::string& host = hostOfRank[static_cast<size_t>(rank)];
    if (host.empty()) return {};
    const size_t number = numbers.emplace(host, hosts.size()).first->second;
    if (number == hosts.size()) hosts.emplace_back();
    hosts[number].push_back(rank);
  }
  return hosts;
}

}  // namespace

Result<AgreedTopology> AgreedTopology::of(topo::Topology topology, int rankCount) {
  INCCL_TRY(topo::rankNodes(topology, rankCount).status());
  INCCL_TRY(topo::checkConnected(topology));
  INCCL_TRY(checkAddresses(topology));
  AgreedTopology agreed;
  agreed.topology = topo::canonical(topology);
  agreed.hosts = hostsOf(agreed.topology, rankCount);
  agreed.fingerprint = topo::fingerprint(agreed.topology);
  return agreed;
}

Result<schedule::Schedule> generateFor(const AgreedTopology* topology, algo::Algorithm algorithm,
                                       Collective collective, int rankCount, int root) {
  algo::Options options;
  if (algorithm == algo::Algorithm::kTwoLevel && topology != nullptr)
    options.hosts = topology->hosts;
  return algo::generate(algorithm, collective, rankCount, root, options);
}

std::optional<algo::Algorithm> fastest(const AgreedTopology& topology,
                                       const std::vector<algo::Algorithm>& candidates,
                                       Collective collective, int rankCount, size_t bytes,
                                       size_t messageBytes) {
  if (rankCount > kMostRanks) return std::nullopt;
  sim::Options options;
  options.costs.step = kStepTime;
  options.costs.reduce = topo::HostNumbers().port;
  options.costs.copy = topo::HostNumbers().port;
  const sim::Workload workload{
      .bytes = bytes, .messageBytes = messageBytes, .mostEvents = kMostEvents};
  std::optional<algo::Algorithm> best;
  sim::Picoseconds bestTime = 0;
  for (const algo::Algorithm algorithm : candidates) {
    // Every root is as good as another to choose by.
    const auto schedule =
        generateFor(&topology, algorithm, collective, rankCount, isRooted(collective) ? 0 : -1);
    if (!schedule.ok()) continue;
    const auto report = sim::simulate(schedule.value(), topology.topology, workload, options);
    if (!report.ok() || (best && report.value().total >= bestTime)) continue;
    best = algorithm;
    bestTime = report.value().total;
  }
  return best;
}

}  // namespace inccl::comm
