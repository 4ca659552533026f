#include "lab/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace inccl::lab {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> textsOf(const std::vector<Ipv4>& addresses) {
  std::vector<std::string> texts;
  for (const Ipv4 address : addresses) texts.push_back(address.text());
  return texts;
}

std::string peerText(const Plan& plan, const End& end) {
  return fmt::format("{} {}", plan.spaces[end.space].id, plan.interfaceOf(end).name);
}

std::string rowOf(const Plan& plan, SpaceIndex space, const Interface& interface,
                  const SentBytes* sent) {
  std::string row =
      fmt::format("  {:<8} {:<16}", interface.name, fmt::join(textsOf(interface.addresses), ","));
  if (interface.cable == kNoCable) return row + '\n';
  const Cable& cable = plan.cables[interface.cable];
  const End& end = cable.at(space);
  row += fmt::format(" {:>12}  -> {:<20}", rateText(end.shaping.bytesPerSecond),
                     peerText(plan, cable.beyond(space)));
  if (sent) row += fmt::format(" {:>14} B", (*sent)[interface.cable][&end - cable.ends]);
  return row + '\n';
}

Json jsonOf(const Plan& plan, SpaceIndex space, const Interface& interface, const SentBytes* sent) {
  Json json = {{"name", interface.name},
               {"mac", interface.mac},
               {"addresses", textsOf(interface.addresses)}};
  if (interface.cable == kNoCable) return json;
  const Cable& cable = plan.cables[interface.cable];
  const End& end = cable.at(space);
  json["peer"] = plan.spaces[cable.beyond(space).space].id;
  json["link"] = end.link;
  json["bytesPerSecond"] = end.shaping.bytesPerSecond;
  json["burstBytes"] = end.shaping.burstBytes;
  json["queueBytes"] = end.shaping.queueBytes;
  if (sent) json["sentBytes"] = (*sent)[interface.cable][&end - cable.ends];
  return json;
}

}  // namespace

std::string rateText(uint64_t bytesPerSecond) {
  const double bits = 8.0 * static_cast<double>(bytesPerSecond);
  for (const auto& [unit, name] : {std::pair{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}})
    if (bits >= unit) return fmt::format("{:.4g} {}", bits / unit, name);
  return fmt::format("{} bit/s", bits);
}

std::string showText(const Plan& plan, const SentBytes* sent) {
  std::string text = fmt::format("{}\n", plan.topology.name);
  for (SpaceIndex space = 0; space < plan.spaces.size(); ++space) {
    const Space& each = plan.spaces[space];
    text += fmt::format("{} {}", each.isSwitch ? "switch" : "host", each.id);
    if (!each.ranks.empty()) text += fmt::format(", ranks {}", fmt::join(each.ranks, " "));
    text += '\n';
    for (const Interface& interface : each.interfaces) text += rowOf(plan, space, interface, sent);
  }
  return text;
}

std::string showJson(const Plan& plan, const SentBytes* sent) {
  Json spaces = Json::array();
  for (SpaceIndex space = 0; space < plan.spaces.size(); ++space) {
    const Space& each = plan.spaces[space];
    Json interfaces = Json::array();
    for (const Interface& interface : each.interfaces)
      interfaces.push_back(jsonOf(plan, space, interface, sent));
    spaces.push_back({{"id", each.id},
                      {"kind", each.isSwitch ? "switch" : "host"},
                      {"ranks", each.ranks},
                      {"interfaces", std::move(interfaces)}});
  }
  const Json all = {{"name", plan.topology.name}, {"spaces", std::move(spaces)}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string countersText(const Plan& plan, const SentBytes& before, const SentBytes& after) {
  std::string text;
  for (CableIndex cable = 0; cable < plan.cables.size(); ++cable) {
    for (const size_t end : {0, 1}) {
      const Cable& each = plan.cables[cable];
      text +=
          fmt::format("# {} -> {}: {} bytes\n", peerText(plan, each.ends[end]),
                      peerText(plan, each.ends[1 - end]), after[cable][end] - before[cable][end]);
    }
  }
  return text;
}

}  // namespace inccl::lab
