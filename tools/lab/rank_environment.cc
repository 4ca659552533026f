#include "lab/rank_environment.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::lab {
namespace {

std::string interfacesOf(const Space& space) {
  std::string names;
  for (const Interface& interface : space.interfaces)
    if (!interface.addresses.empty()) names += (names.empty() ? "=" : ",") + interface.name;
  return names.empty() ? "=lo" : names;
}

std::string addressesOf(const Space& space) {
  std::string addresses;
  for (const Interface& interface : space.interfaces)
    for (const Ipv4 address : interface.addresses)
      addresses += fmt::format("{}{}", addresses.empty() ? "" : ",", address.text());
  return addresses.empty() ? "127.0.0.1" : addresses;
}

}  // namespace

Environment hostEnvironment(const Plan& plan, SpaceIndex space, const std::string& lab) {
  const Space& own = plan.spaces[space];
  std::string hosts;
  for (const Space& each : plan.spaces)
    if (each.address().given())
      hosts += fmt::format("{}{}={}", hosts.empty() ? "" : " ", each.id, each.address().text());
  return {{"INCCL_HOSTID", fmt::format("{}/{}", lab, own.id)},
          {"INCCL_SOCKET_IFNAME", interfacesOf(own)},
          {"INCCL_SOCKET_FAMILY", "AF_INET"},
          {"INCCL_LAB", lab},
          {"INCCL_LAB_HOST", own.id},
          {"INCCL_LAB_ADDRESSES", addressesOf(own)},
          {"INCCL_LAB_HOSTS", hosts}};
}

Environment rankEnvironment(const Plan& plan, int rank, const LaunchFacts& facts) {
  const SpaceIndex space = plan.spaceOfRank[static_cast<size_t>(rank)];
  const std::vector<int>& beside = plan.spaces[space].ranks;
  const Ipv4 first = plan.spaces[plan.spaceOfRank[0]].address();
  const std::string root = first.given() ? first.text() : "127.0.0.1";
  const std::string size = fmt::to_string(plan.spaceOfRank.size());
  const auto local = std::ranges::find(beside, rank) - beside.begin();
  Environment environment = hostEnvironment(plan, space, facts.lab);
  const Environment place = {{"INCCL_RANK", fmt::to_string(rank)},
                             {"INCCL_NRANKS", size},
                             {"INCCL_ROOT", fmt::format("{}:{}", root, facts.rootPort)},
                             {"INCCL_SECRET", facts.secret},
                             {"RANK", fmt::to_string(rank)},
                             {"WORLD_SIZE", size},
                             {"LOCAL_RANK", fmt::to_string(local)},
                             {"LOCAL_WORLD_SIZE", fmt::to_string(beside.size())},
                             {"MASTER_ADDR", root},
                             {"MASTER_PORT", fmt::to_string(facts.rootPort)}};
  environment.insert(environment.end(), place.begin(), place.end());
  return environment;
}

}  // namespace inccl::lab
