// The reading half of topology_json.h.
//
// As in the schedules' reader, the first thing that is wrong is kept with its place, all later
// reads return something harmless, and the failure is looked at at the end, so that the code reads
// as the form itself.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/strict_json.h"
#include "topo/topology_json.h"
#include "topo/validate.h"

namespace inccl::topo {
namespace {

using Json = nlohmann::json;
using Ids = std::unordered_map<std::string, uint32_t>;

// A value in the document, and where it is.
class Place {
 public:
  Place(const Json& value, std::string path, Status& failure)
      : value_(&value), path_(std::move(path)), failure_(&failure) {}

  void fail(std::string_view reason) const {
    if (failure_->ok())
      *failure_ =
          invalidArgument(fmt::format("{}: {}", path_.empty() ? "document" : path_, reason));
  }
  void expectObject(std::initializer_list<std::string_view> keys) const {
    if (!value_->is_object()) return fail("is not an object");
    for (const auto& [key, value] : value_->items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(fmt::format("unknown key \"{}\"", key));
    }
  }
  [[nodiscard]] bool has(const char* key) const {
    return value_->is_object() && value_->contains(key);
  }
  [[nodiscard]] Place member(const char* key) const {
    static const Json kAbsent;
    const std::string path = path_.empty() ? key : path_ + "." + key;
    if (has(key)) return {(*value_)[key], path, *failure_};
    fail(fmt::format("has no \"{}\"", key));
    return {kAbsent, path, *failure_};
  }
  [[nodiscard]] std::vector<Place> items() const {
    std::vector<Place> places;
    if (!value_->is_array()) fail("is not a list");
    if (!value_->is_array()) return places;
    for (size_t i = 0; i < value_->size(); ++i)
      places.emplace_back((*value_)[i], fmt::format("{}[{}]", path_, i), *failure_);
    return places;
  }
  [[nodiscard]] std::string text() const {
    if (value_->is_string()) return value_->get<std::string>();
    fail("is not a text");
    return {};
  }
  // What is left out is empty, what is there is not.
  [[nodiscard]] std::string textOr(const char* key) const {
    if (!has(key)) return {};
    const Place place = member(key);
    std::string text = place.text();
    if (text.empty()) place.fail("is empty");
    return text;
  }
  [[nodiscard]] bool flagOr(const char* key) const {
    if (!has(key)) return false;
    const Place place = member(key);
    if (!place.value_->is_boolean()) place.fail("is not true or false");
    return place.value_->is_boolean() && place.value_->get<bool>();
  }
  [[nodiscard]] int rankNumber() const {
    const bool fits = value_->is_number_unsigned() && value_->get<uint64_t>() < kMostRanks;
    if (!fits) fail(fmt::format("is not a rank in 0 … {}", kMostRanks - 1));
    return fits ? value_->get<int>() : 0;
  }
  [[nodiscard]] NodeKind kind() const {
    const std::string word = text();
    const std::optional<NodeKind> kind = parseNodeKind(word);
    if (!kind) fail(fmt::format("\"{}\" is not one of rank, host, nic, switch", word));
    return kind.value_or(NodeKind::kRank);
  }
  [[nodiscard]] Rate rate() const {
    const std::string number = value_->is_string() ? value_->get<std::string>() : decimal();
    const Result<Rate> rate = Rate::parse(number);
    if (!rate.ok()) fail(rate.status().message());
    return rate.ok() ? rate.value() : Rate();
  }
  [[nodiscard]] Picoseconds microseconds() const {
    const Result<Picoseconds> time = parseMicroseconds(decimal());
    if (!time.ok()) fail(time.status().message());
    return time.ok() ? time.value() : 0;
  }
  // The position of the node or group that is named here.
  [[nodiscard]] uint32_t reference(const Ids& ids, const char* what) const {
    const std::string id = text();
    const auto found = ids.find(id);
    if (found == ids.end()) fail(fmt::format("there is no {} \"{}\"", what, id));
    return found == ids.end() ? 0 : found->second;
  }

 private:
  // The number as it was written: the shortest decimal that gives this double is the decimal that
  // was read, if that had at most 15 digits.
  [[nodiscard]] std::string decimal() const {
    if (!value_->is_number()) fail("is not a number");
    if (!value_->is_number()) return "1";
    if (!value_->is_number_float()) return value_->dump();
    std::array<char, 32> digits{};
    const auto written =
        std::to_chars(digits.data(), digits.data() + digits.size(), value_->get<double>());
    return {digits.data(), written.ptr};
  }

  const Json* value_;
  std::string path_;
  Status* failure_;
};

Node readNode(const Place& place) {
  place.expectObject({"id", "kind", "rank", "host", "address", "reduce", "multicast"});
  Node node;
  node.id = place.member("id").text();
  node.kind = place.member("kind").kind();
  if (place.has("rank")) node.rank = place.member("rank").rankNumber();
  node.host = place.textOr("host");
  node.address = place.textOr("address");
  node.reduce = place.flagOr("reduce");
  node.multicast = place.flagOr("multicast");
  return node;
}

// A machine may leave all numbers out: its ranks then count in the order of the file.
void numberRanks(const Place& nodes, std::vector<Node>& list) {
  const auto isRank = [](const Node& node) { return node.kind == NodeKind::kRank; };
  const auto isNumbered = [](const Node& node) { return node.rank != -1; };
  if (std::none_of(list.begin(), list.end(), isNumbered)) {
    int next = 0;
    for (Node& node : list) {
      if (isRank(node)) node.rank = next++;
    }
    return;
  }
  for (const Node& node : list) {
    if (isRank(node) && !isNumbered(node))
      nodes.fail(fmt::format("\"{}\" has no \"rank\", while others have", node.id));
  }
}

Link readLink(const Place& place, const Ids& nodes, const Ids& groups) {
  place.expectObject({"src", "dst", "GBps", "alphaUs", "group"});
  Link link;
  link.src = place.member("src").reference(nodes, "node");
  link.dst = place.member("dst").reference(nodes, "node");
  link.rate = place.member("GBps").rate();
  link.alpha = place.member("alphaUs").microseconds();
  if (place.has("group")) link.group = place.member("group").reference(groups, "group");
  return link;
}

Group readGroup(const Place& place) {
  place.expectObject({"id", "GBps"});
  return {place.member("id").text(), place.member("GBps").rate()};
}

// The first of two equal ids counts; validate() refuses the second.
template <typename Item>
Ids idsOf(const std::vector<Item>& items) {
  Ids ids;
  for (uint32_t i = 0; i < items.size(); ++i) ids.emplace(items[i].id, i);
  return ids;
}

Topology readTopology(const Place& place) {
  place.expectObject({"name", "source", "nodes", "links", "groups"});
  Topology topology;
  topology.name = place.member("name").text();
  if (place.has("source")) topology.source = place.member("source").text();
  const Place nodes = place.member("nodes");
  for (const Place& item : nodes.items()) topology.nodes.push_back(readNode(item));
  numberRanks(nodes, topology.nodes);
  if (place.has("groups")) {
    for (const Place& item : place.member("groups").items())
      topology.groups.push_back(readGroup(item));
  }
  const Ids nodeIds = idsOf(topology.nodes);
  const Ids groupIds = idsOf(topology.groups);
  for (const Place& item : place.member("links").items())
    topology.links.push_back(readLink(item, nodeIds, groupIds));
  return topology;
}

}  // namespace

Result<Topology> fromJson(std::string_view text) {
  INCCL_TRY_ASSIGN(const Json document, parseStrictJson(text));
  Status failure;
  Topology topology = readTopology(Place(document, "", failure));
  INCCL_TRY(std::move(failure));
  INCCL_TRY(validate(topology));
  return topology;
}

Result<Topology> load(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) return systemError(path, errno);
  std::string text;
  std::array<char, 1 << 14> block{};
  while (const size_t got = std::fread(block.data(), 1, block.size(), file.get()))
    text.append(block.data(), got);
  if (std::ferror(file.get()) != 0) return systemError(path, errno);
  Result<Topology> topology = fromJson(text);
  if (!topology.ok()) return std::move(topology).status().within(path);
  return topology;
}

}  // namespace inccl::topo
