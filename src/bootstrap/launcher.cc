#include "bootstrap/launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/environment.h"
#include "base/log.h"
#include "bootstrap/authentication.h"
#include "bootstrap/root_handover.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {
namespace {

constexpr int kMaxRanks = static_cast<int>(wire::kRankLimit);

// A variable by its whole name; an empty one counts as unset.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value && *value) return std::string(value);
  return std::nullopt;
}

Result<int> number(const char* name, int low, int high) {
  const auto text = variable(name);
  if (!text) return invalidUsage(fmt::format("{} is not set", name));
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < low || value > high)
    return invalidUsage(
        fmt::format("{} is '{}'; expected a whole number from {} to {}", name, *text, low, high));
  return value;
}

// The two numbers of a launcher.
Status readPlace(const char* rankName, const char* sizeName, Launch& launch) {
  const auto missing = [](const char* absent, const char* present) {
    return invalidUsage(fmt::format("{} is set but {} is not", present, absent));
  };
  if (!variable(sizeName)) return missing(sizeName, rankName);
  if (!variable(rankName)) return missing(rankName, sizeName);
  INCCL_TRY_ASSIGN(launch.nRanks, number(sizeName, 1, kMaxRanks));
  INCCL_TRY_ASSIGN(launch.rank, number(rankName, 0, kMaxRanks - 1));
  if (launch.rank >= launch.nRanks)
    return invalidUsage(
        fmt::format("{} is {} but {} is {}", rankName, launch.rank, sizeName, launch.nRanks));
  return {};
}

bool isLocal(const os::SocketAddress& address) {
  if (address.isLoopback()) return true;
  const auto own = os::localAddresses("", AF_UNSPEC);
  return own.ok() && std::ranges::any_of(own.value(), [&](const os::SocketAddress& mine) {
           return mine.sameHost(address.withPort(0));
         });
}

// The root's addresses; on its own host loopback too, since it may listen there only.
Result<std::vector<os::SocketAddress>> rootAddresses(const std::string& root) {
  INCCL_TRY_ASSIGN(std::vector<os::SocketAddress> addresses, os::resolve(root, 0));
  if (addresses.front().port() == 0)
    return invalidUsage(fmt::format("the root '{}' lacks a port: expected host:port", root));
  if (!std::ranges::any_of(addresses, isLocal)) return addresses;
  const uint16_t port = addresses.front().port();
  for (const int family : {AF_INET, AF_INET6}) {
    const auto loopback = os::SocketAddress::loopback(family, port);
    if (std::ranges::find(addresses, loopback) == addresses.end()) addresses.push_back(loopback);
  }
  return addresses;
}

Result<UniqueId> idAtRoot(const std::string& root, bool warn, const Config& config) {
  UniqueId id;
  INCCL_TRY_ASSIGN(id.addresses, rootAddresses(root));
  id.port = id.addresses.front().port();
  id.rootAtRankZero = true;
  id.authenticated = !config.secret.empty();
  if (id.authenticated) {
    INCCL_TRY(prepareCryptography());
    id.nonce = nonceFromSecret(config.secret);
  } else if (warn) {
    logWarn("INCCL_SECRET is not set: ranks of this launch are not authenticated");
  }
  return id;
}

Result<Launch> finish(Launch launch, const std::optional<std::string>& root, const Config& config) {
  if (launch.nRanks == 1) {
    launch.id = UniqueId::ofOneRank();
    return launch;
  }
  if (!root)
    return invalidUsage(fmt::format(
        "{} ranks need to know where rank 0 is: set INCCL_ROOT=host:port on all of them",
        launch.nRanks));
  auto id = idAtRoot(*root, launch.rank == 0, config);
  if (!id.ok()) return std::move(id).status();
  launch.id = std::move(*id);
  return launch;
}

Result<Launch> fromOwnVariables(const Config& config) {
  Launch launch;
  launch.source = "INCCL_RANK";
  INCCL_TRY(readPlace("INCCL_RANK", "INCCL_NRANKS", launch));
  return finish(std::move(launch), variable("INCCL_ROOT"), config);
}

Result<Launch> fromTorchrun(const Config& config) {
  Launch launch;
  launch.source = "torchrun";
  INCCL_TRY(readPlace("RANK", "WORLD_SIZE", launch));
  auto root = variable("INCCL_ROOT");
  if (root || launch.nRanks == 1) return finish(std::move(launch), root, config);
  const auto address = variable("MASTER_ADDR");
  if (!address) return invalidUsage("RANK and WORLD_SIZE are set but MASTER_ADDR is not");
  INCCL_TRY_ASSIGN(const int port, number("MASTER_PORT", 1, 65534));
  const bool bareIpv6 = std::ranges::count(*address, ':') > 1;
  root = bareIpv6 ? fmt::format("[{}]:{}", *address, port + 1)
                  : fmt::format("{}:{}", *address, port + 1);
  return finish(std::move(launch), root, config);
}

Result<Launch> fromOpenMpi(const Config& config) {
  Launch launch;
  launch.source = "Open MPI";
  INCCL_TRY(readPlace("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", launch));
  const auto root = variable("INCCL_ROOT");
  if (root || launch.nRanks == 1) return finish(std::move(launch), root, config);
  auto job = variable("PMIX_NAMESPACE");
  if (!job) job = variable("OMPI_MCA_ess_base_jobid");
  const auto onThisHost = number("OMPI_COMM_WORLD_LOCAL_SIZE", 1, kMaxRanks);
  if (!job || !onThisHost.ok() || onThisHost.value() != launch.nRanks)
    return invalidUsage(
        "this mpirun job is not known to run on one host (OMPI_COMM_WORLD_LOCAL_SIZE, "
        "PMIX_NAMESPACE): set INCCL_ROOT=host:port, rank 0's host and a free port, for all ranks");
  if (launch.rank == 0) {
    INCCL_TRY_ASSIGN(launch.id, handOverRoot(*job, launch.nRanks - 1, config));
  } else {
    INCCL_TRY_ASSIGN(launch.id, takeOverRoot(*job, config));
  }
  return launch;
}

}  // namespace

Result<Launch> launchFromEnvironment(const Config& config) {
  if (variable("INCCL_RANK") || variable("INCCL_NRANKS")) return fromOwnVariables(config);
  if (variable("RANK") || variable("WORLD_SIZE")) return fromTorchrun(config);
  if (variable("OMPI_COMM_WORLD_RANK") || variable("OMPI_COMM_WORLD_SIZE"))
    return fromOpenMpi(config);
  if (variable("INCCL_ROOT")) return invalidUsage("INCCL_ROOT is set but INCCL_RANK is not");
  Launch launch;
  launch.source = "no launcher";
  return finish(std::move(launch), std::nullopt, config);
}

Result<Launch> launchAt(int rank, int nRanks, const std::string& root, const Config& config) {
  if (nRanks < 1 || nRanks > kMaxRanks || rank < 0 || rank >= nRanks)
    return invalidArgument(fmt::format("rank {} is not one of {} ranks", rank, nRanks));
  Launch launch;
  launch.rank = rank;
  launch.nRanks = nRanks;
  launch.source = "given";
  return finish(std::move(launch), root.empty() ? std::nullopt : std::optional(root), config);
}

}  // namespace inccl::bootstrap
