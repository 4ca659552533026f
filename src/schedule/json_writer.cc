// The writing half of schedule_json.h: one line per step, so that a diff of two plans is readable.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schedule/schedule_json.h"

namespace inccl::schedule {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Text that is not UTF-8 (only a program can make such names) is written with replacement signs.
std::string compact(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

OrderedJson chunk(const ChunkRef& ref) { return OrderedJson::array({name(ref.buffer), ref.index}); }

std::string_view modeName(AggregateMode mode) {
  switch (mode) {
    case AggregateMode::kReduce:
      return "reduce";
    case AggregateMode::kMulticast:
      return "multicast";
    case AggregateMode::kBoth:
      return "both";
  }
  return "unknown mode";
}

OrderedJson stepJson(const Step& step) {
  OrderedJson json{{"kind", name(step.kind)}};
  for (const ChunkRef& source : step.sources) json["sources"].push_back(chunk(source));
  if (step.destination) json["destination"] = chunk(*step.destination);
  for (const StepRef& ref : step.after)
    json["after"].push_back(OrderedJson::array({ref.lane, ref.step}));
  if (step.aggregate) {
    const auto& [mode, switchId, group, contributors, receivers] = *step.aggregate;
    json["aggregate"] = {{"mode", modeName(mode)},
                         {"switch", switchId},
                         {"group", group},
                         {"contributors", contributors},
                         {"receivers", receivers}};
  }
  return json;
}

std::string laneText(const Lane& lane) {
  std::string text = fmt::format("   {{\"channel\": {}", lane.channel);
  if (lane.sendPeer != -1) text += fmt::format(", \"sendPeer\": {}", lane.sendPeer);
  if (lane.recvPeer != -1) text += fmt::format(", \"recvPeer\": {}", lane.recvPeer);
  text += ", \"steps\": [";
  for (size_t i = 0; i < lane.steps.size(); ++i)
    text += (i == 0 ? "\n    " : ",\n    ") + compact(stepJson(lane.steps[i]));
  return text + "]}";
}

std::string rankText(const RankProgram& program) {
  std::string text = "  {\"lanes\": [";
  for (size_t i = 0; i < program.lanes.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + laneText(program.lanes[i]);
  return text + "]}";
}

template <typename Word>
OrderedJson names(const std::vector<Word>& words) {
  OrderedJson json = OrderedJson::array();
  for (const Word word : words) json.push_back(name(word));
  return json;
}

std::string headerText(const Schedule& s) {
  std::string text = fmt::format(" \"version\": {},\n", kJsonVersion);
  text += " \"name\": " + compact(s.name) + ",\n";
  text += fmt::format(" \"collective\": \"{}\",\n \"rankCount\": {},\n", name(s.collective),
                      s.rankCount);
  if (s.root != -1) text += fmt::format(" \"root\": {},\n", s.root);
  text += fmt::format(" \"chunks\": {{\"input\": {}, \"output\": {}, \"scratch\": {}}},\n",
                      s.inputChunks, s.outputChunks, s.scratchChunks);
  if (s.minBytes != 0) text += fmt::format(" \"minBytes\": {},\n", s.minBytes);
  if (s.maxBytes != 0) text += fmt::format(" \"maxBytes\": {},\n", s.maxBytes);
  if (!s.types.empty()) text += " \"types\": " + compact(names(s.types)) + ",\n";
  if (!s.ops.empty()) text += " \"ops\": " + compact(names(s.ops)) + ",\n";
  if (!s.topology.empty()) text += " \"topology\": " + compact(s.topology) + ",\n";
  return text;
}

}  // namespace

std::string toJson(const Schedule& schedule) {
  std::string text = "{\n" + headerText(schedule) + " \"ranks\": [";
  for (size_t i = 0; i < schedule.ranks.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + rankText(schedule.ranks[i]);
  return text + "]\n}\n";
}

}  // namespace inccl::schedule
