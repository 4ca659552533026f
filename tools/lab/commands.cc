#include "lab/commands.h"

#include <fmt/format.h>

#include <utility>

namespace inccl::lab {
namespace {

// The two ends of a cable must not have one number, as they would in fresh namespaces: the kernel
// then takes them for something else and lets a second pass before it notices that a link is up.
constexpr size_t kFirstNumber = 100;

class Writer {
 public:
  Writer(const Plan& plan, SpaceIndex index)
      : plan_(plan), index_(index), space_(plan.spaces[index]) {}

  Batch cables(const std::vector<std::string>& netnsPaths) {
    Batch batch{"ip", index_, {}};
    for (size_t index = 0; index < plan_.cables.size(); ++index) {
      const Cable& cable = plan_.cables[index];
      if (cable.ends[0].space != index_) continue;
      const Interface& near = plan_.interfaceOf(cable.ends[0]);
      const Interface& far = plan_.interfaceOf(cable.ends[1]);
      batch.commands.push_back(
          {fmt::format("link add index {} name {} address {} type veth "
                       "peer index {} name {} address {} netns {}",
                       kFirstNumber + 2 * index, near.name, near.mac, kFirstNumber + 2 * index + 1,
                       far.name, far.mac, netnsPaths[cable.ends[1].space]),
           plan_.describe(cable.ends[0])});
    }
    return batch;
  }

  Batch network() {
    Batch batch{"ip", index_, {}};
    const auto add = [&](std::string line, std::string about) {
      batch.commands.push_back({std::move(line), std::move(about)});
    };
    add("link set dev lo up", "lo of " + space_.id);
    if (space_.isSwitch) {
      const Interface& bridge = space_.interfaces[0];
      add(fmt::format("link add name {} address {} type bridge stp_state 0 mcast_snooping 0",
                      bridge.name, bridge.mac),
          describe(bridge));
    }
    for (const Interface& interface : space_.interfaces) {
      if (space_.isSwitch && interface.cable != kNoCable)
        add(fmt::format("link set dev {} master {}", interface.name, space_.interfaces[0].name),
            describe(interface));
      add(fmt::format("link set dev {} up", interface.name), describe(interface));
      for (const Ipv4 address : interface.addresses)
        add(fmt::format("addr add {}/32 dev {}", address.text(), interface.name),
            describe(interface));
    }
    for (const Neighbour& each : space_.neighbours)
      add(fmt::format("neigh replace {} lladdr {} dev {} nud permanent", each.address.text(),
                      each.mac, each.interface),
          fmt::format("neighbour {} of {}", each.address.text(), space_.id));
    for (const Route& route : space_.routes) add(lineOf(route), aboutOf(route));
    return batch;
  }

  Batch forwarding() {
    Batch batch{"bridge", index_, {}};
    if (!space_.isSwitch) return batch;
    for (const Interface& interface : space_.interfaces)
      if (interface.cable != kNoCable)
        batch.commands.push_back(
            {fmt::format("link set dev {} learning off flood off mcast_flood off bcast_flood off",
                         interface.name),
             describe(interface)});
    for (const Forwarding& each : space_.forwardings)
      batch.commands.push_back(
          {fmt::format("fdb replace {} dev {} master static", each.mac, each.port),
           fmt::format("{} by {} of {}", each.mac, each.port, space_.id)});
    return batch;
  }

  Batch rates() {
    Batch batch{"tc", index_, {}};
    for (const Interface& interface : space_.interfaces) {
      if (interface.cable == kNoCable) continue;
      const Shaping& shaping = plan_.cables[interface.cable].at(index_).shaping;
      batch.commands.push_back(
          {fmt::format("qdisc add dev {} root tbf rate {}bps burst {} limit {}", interface.name,
                       shaping.bytesPerSecond, shaping.burstBytes, shaping.queueBytes),
           describe(interface)});
    }
    return batch;
  }

 private:
  [[nodiscard]] std::string describe(const Interface& interface) const {
    if (interface.cable == kNoCable) return fmt::format("{} of {}", interface.name, space_.id);
    return plan_.describe(plan_.cables[interface.cable].at(index_));
  }

  static std::string lineOf(const Route& route) {
    const std::string via = route.via.given() ? fmt::format(" via {}", route.via.text()) : "";
    return fmt::format("route add {}/32{} dev {} src {}{}", route.to.text(), via, route.interface,
                       route.source.text(), route.via.given() ? " onlink" : "");
  }

  [[nodiscard]] std::string aboutOf(const Route& route) const {
    return fmt::format("route of {} to {}", space_.id, route.to.text());
  }

  const Plan& plan_;
  const SpaceIndex index_;
  const Space& space_;
};

}  // namespace

std::vector<Batch> batchesOf(const Plan& plan, const std::vector<std::string>& netnsPaths) {
  std::vector<Batch> batches;
  const auto keep = [&](Batch batch) {
    if (!batch.commands.empty()) batches.push_back(std::move(batch));
  };
  for (SpaceIndex space = 0; space < plan.spaces.size(); ++space)
    keep(Writer(plan, space).cables(netnsPaths));
  for (SpaceIndex space = 0; space < plan.spaces.size(); ++space) {
    Writer writer(plan, space);
    keep(writer.network());
    keep(writer.forwarding());
    keep(writer.rates());
  }
  return batches;
}

std::vector<Setting> settingsOf(const Space& space) {
  std::vector<Setting> settings = {{"ipv6/conf/all/disable_ipv6", "1"},
                                   {"ipv6/conf/default/disable_ipv6", "1"},
                                   // Ways there and back may differ.
                                   {"ipv4/conf/all/rp_filter", "0"},
                                   {"ipv4/conf/default/rp_filter", "0"}};
  if (space.passesOn()) settings.push_back({"ipv4/ip_forward", "1"});
  return settings;
}

}  // namespace inccl::lab
