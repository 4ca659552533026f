// The writing half of topology_json.h. Defaults are left out.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "topo/topology_json.h"

namespace inccl::topo {
namespace {

// A decimal as a number, a fraction as a text.
std::string rateJson(const Rate& rate) {
  return rate.isDecimal() ? rate.text() : jsonText(rate.text());
}

std::string nodeJson(const Node& node) {
  std::string text =
      fmt::format("{{\"id\": {}, \"kind\": \"{}\"", jsonText(node.id), name(node.kind));
  if (node.rank != -1) text += fmt::format(", \"rank\": {}", node.rank);
  if (!node.host.empty()) text += ", \"host\": " + jsonText(node.host);
  if (!node.address.empty()) text += ", \"address\": " + jsonText(node.address);
  if (node.reduce) text += ", \"reduce\": true";
  if (node.multicast) text += ", \"multicast\": true";
  return text + "}";
}

std::string linkJson(const Topology& topology, const Link& link) {
  std::string text =
      fmt::format("{{\"src\": {}, \"dst\": {}, \"GBps\": {}, \"alphaUs\": {}",
                  jsonText(topology.nodes[link.src].id), jsonText(topology.nodes[link.dst].id),
                  rateJson(link.rate), microsecondsText(link.alpha));
  if (link.group != kNone) text += ", \"group\": " + jsonText(topology.groups[link.group].id);
  return text + "}";
}

std::string groupJson(const Group& group) {
  return fmt::format("{{\"id\": {}, \"GBps\": {}}}", jsonText(group.id), rateJson(group.rate));
}

template <typename Item, typename Write>
std::string listJson(const std::vector<Item>& items, Write write) {
  std::string text = "[";
  for (size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + write(items[i]);
  return text + "]";
}

}  // namespace

std::string jsonText(std::string_view text) {
  // Text that is not UTF-8 (only a program can make such names) is written with replacement signs.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string toJson(const Topology& topology) {
  std::string text = "{\n \"name\": " + jsonText(topology.name);
  if (!topology.source.empty()) text += ",\n \"source\": " + jsonText(topology.source);
  text += ",\n \"nodes\": " + listJson(topology.nodes, nodeJson);
  text += ",\n \"links\": " +
          listJson(topology.links, [&](const Link& link) { return linkJson(topology, link); });
  if (!topology.groups.empty()) text += ",\n \"groups\": " + listJson(topology.groups, groupJson);
  return text + "\n}\n";
}

}  // namespace inccl::topo
