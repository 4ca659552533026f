#include "lab/ranks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "lab/counters.h"
#include "lab/enclosure.h"
#include "lab/report.h"

namespace inccl::lab {
namespace {

// A port that is free where rank 0 is, when it is asked for.
Result<uint16_t> freePort(int network) {
  INCCL_TRY(enterNetwork(network));
  const os::UniqueFd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (!probe.valid() || bind(probe.get(), raw, length) != 0 ||
      getsockname(probe.get(), raw, &length) != 0)
    return systemError("cannot find a free port for rank 0", errno);
  return ntohs(address.sin_port);
}

// The user's, or one for this launch, so that its ranks authenticate each other.
Result<std::string> secret() {
  if (const char* given = std::getenv("INCCL_SECRET"); given && *given) return std::string(given);
  std::array<uint8_t, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return systemError("getrandom", errno);
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

Result<LaunchFacts> factsOf(const Plan& plan, const std::vector<os::UniqueFd>& networks,
                            const std::string& lab) {
  LaunchFacts facts;
  facts.lab = lab;
  INCCL_TRY_ASSIGN(facts.secret, secret());
  INCCL_TRY_ASSIGN(facts.rootPort, freePort(networks[plan.spaceOfRank[0]].get()));
  return facts;
}

// Ranks that cannot find rank 0 would wait for it until their deadline.
Status checkReach(const Plan& plan) {
  const SpaceIndex first = plan.spaceOfRank[0];
  for (size_t rank = 1; rank < plan.spaceOfRank.size(); ++rank) {
    const SpaceIndex space = plan.spaceOfRank[rank];
    const Space& each = plan.spaces[space];
    if (space != first && std::ranges::find(each.routes, plan.spaces[first].address(),
                                            &Route::to) == each.routes.end())
      return invalidArgument(
          fmt::format("rank {} on {} cannot reach rank 0 on {}: no links lead there", rank, each.id,
                      plan.spaces[first].id));
  }
  return {};
}

}  // namespace

Result<int> runRanks(const Plan& plan, const std::vector<os::UniqueFd>& networks,
                     const std::string& lab, const RanksOptions& options) {
  if (plan.spaceOfRank.empty()) return invalidUsage("the topology has no ranks to start");
  INCCL_TRY(checkReach(plan));
  INCCL_TRY_ASSIGN(const LaunchFacts facts, factsOf(plan, networks, lab));
  std::vector<Task> tasks;
  for (size_t rank = 0; rank < plan.spaceOfRank.size(); ++rank) {
    const SpaceIndex space = plan.spaceOfRank[rank];
    Task task;
    task.hostName = plan.spaces[space].id;
    task.name = fmt::format("rank {} on {}", rank, task.hostName);
    task.ownInput = false;
    if (options.marks) task.mark = fmt::format("[{}] ", rank);
    task.network = networks[space].get();
    task.environment = rankEnvironment(plan, static_cast<int>(rank), facts);
    tasks.push_back(std::move(task));
  }
  if (!options.counters) return runTasks(tasks, options.launch);
  INCCL_TRY_ASSIGN(const SentBytes before, sentBytes(plan, networks));
  const int status = runTasks(tasks, options.launch);
  INCCL_TRY_ASSIGN(const SentBytes after, sentBytes(plan, networks));
  fmt::print("{}", countersText(plan, before, after));
  return status;
}

Result<int> runOnHost(const Plan& plan, const std::vector<os::UniqueFd>& networks,
                      const std::string& lab, const std::string& host,
                      const LaunchOptions& options) {
  const SpaceIndex space = plan.find(host);
  if (space == topo::kNone) {
    std::vector<std::string> known;
    for (const Space& each : plan.spaces) known.push_back(each.id);
    return invalidUsage(fmt::format("there is no host '{}' in lab '{}': it has {}", host, lab,
                                    fmt::join(known, ", ")));
  }
  Task task;
  task.name = host;
  task.hostName = host;
  task.network = networks[space].get();
  task.environment = hostEnvironment(plan, space, lab);
  return runTasks({task}, options);
}

}  // namespace inccl::lab
