// The reading half of schedule_json.h.
//
// Places are read with a sticky failure: the first thing that is wrong is kept with its path, all
// later reads return something harmless, and the failure is looked at once, at the end. So the code
// below reads as the form itself.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/strict_json.h"
#include "schedule/schedule_json.h"
#include "schedule/validate.h"

namespace inccl::schedule {
namespace {

using Json = nlohmann::json;

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
        Place(value, path_, *failure_).fail(fmt::format("unknown key \"{}\"", key));
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
  [[nodiscard]] uint64_t natural(uint64_t most = UINT64_MAX) const {
    if (!value_->is_number_unsigned()) fail("is not a whole number from 0");
    if (!value_->is_number_unsigned()) return 0;
    const uint64_t number = value_->get<uint64_t>();
    if (number > most) fail(fmt::format("{} is above {}", number, most));
    return number > most ? 0 : number;
  }
  [[nodiscard]] uint32_t index() const { return static_cast<uint32_t>(natural(UINT32_MAX)); }
  [[nodiscard]] int rank() const { return static_cast<int>(natural(kMaxRanks)); }
  // One of a set of words, by its parser.
  template <typename Parse>
  [[nodiscard]] auto word(Parse parse) const {
    const std::string text = this->text();
    const auto parsed = parse(text);
    if (!parsed) fail(fmt::format("\"{}\" is not known here", text));
    return parsed.value_or(typename decltype(parsed)::value_type{});
  }

 private:
  const Json* value_;
  std::string path_;
  Status* failure_;
};

std::optional<Collective> parseCollective(std::string_view text) {
  for (const Collective collective :
       {Collective::kAllReduce, Collective::kBroadcast, Collective::kAllGather,
        Collective::kBarrier, Collective::kReduce, Collective::kReduceScatter,
        Collective::kAllToAll, Collective::kGather, Collective::kScatter}) {
    if (name(collective) == text) return collective;
  }
  return std::nullopt;
}

std::optional<Buffer> parseBuffer(std::string_view text) {
  for (const Buffer buffer : {Buffer::kInput, Buffer::kOutput, Buffer::kScratch}) {
    if (name(buffer) == text) return buffer;
  }
  return std::nullopt;
}

std::optional<AggregateMode> parseMode(std::string_view text) {
  if (text == "reduce") return AggregateMode::kReduce;
  if (text == "multicast") return AggregateMode::kMulticast;
  if (text == "both") return AggregateMode::kBoth;
  return std::nullopt;
}

ChunkRef readChunk(const Place& place) {
  const std::vector<Place> pair = place.items();
  if (pair.size() != 2) place.fail("is not [buffer, index]");
  if (pair.size() != 2) return {};
  return {pair[0].word(parseBuffer), pair[1].index()};
}

StepRef readStepRef(const Place& place) {
  const std::vector<Place> pair = place.items();
  if (pair.size() != 2) place.fail("is not [lane, step]");
  if (pair.size() != 2) return {};
  return {pair[0].index(), pair[1].index()};
}

std::vector<int> readRanks(const Place& place) {
  std::vector<int> ranks;
  for (const Place& item : place.items()) ranks.push_back(item.rank());
  return ranks;
}

Aggregate readAggregate(const Place& place) {
  place.expectObject({"mode", "switch", "group", "contributors", "receivers"});
  Aggregate aggregate;
  aggregate.mode = place.member("mode").word(parseMode);
  aggregate.switchId = place.member("switch").text();
  aggregate.group = place.member("group").index();
  aggregate.contributors = readRanks(place.member("contributors"));
  aggregate.receivers = readRanks(place.member("receivers"));
  return aggregate;
}

Step readStep(const Place& place) {
  place.expectObject({"kind", "sources", "destination", "after", "aggregate"});
  Step step;
  step.kind = place.member("kind").word(parseStepKind);
  if (place.has("sources")) {
    for (const Place& item : place.member("sources").items())
      step.sources.push_back(readChunk(item));
  }
  if (place.has("destination")) step.destination = readChunk(place.member("destination"));
  if (place.has("after")) {
    for (const Place& item : place.member("after").items()) step.after.push_back(readStepRef(item));
  }
  if (place.has("aggregate")) step.aggregate = readAggregate(place.member("aggregate"));
  return step;
}

Lane readLane(const Place& place) {
  place.expectObject({"channel", "sendPeer", "recvPeer", "steps"});
  Lane lane;
  lane.channel = place.member("channel").index();
  if (place.has("sendPeer")) lane.sendPeer = place.member("sendPeer").rank();
  if (place.has("recvPeer")) lane.recvPeer = place.member("recvPeer").rank();
  for (const Place& item : place.member("steps").items()) lane.steps.push_back(readStep(item));
  return lane;
}

RankProgram readProgram(const Place& place) {
  place.expectObject({"lanes"});
  RankProgram program;
  for (const Place& item : place.member("lanes").items()) program.lanes.push_back(readLane(item));
  return program;
}

void readLimits(const Place& place, Schedule& schedule) {
  if (place.has("minBytes")) schedule.minBytes = place.member("minBytes").natural();
  if (place.has("maxBytes")) schedule.maxBytes = place.member("maxBytes").natural();
  if (place.has("types")) {
    for (const Place& item : place.member("types").items())
      schedule.types.push_back(item.word(parseDataType));
  }
  if (place.has("ops")) {
    for (const Place& item : place.member("ops").items())
      schedule.ops.push_back(item.word(parseRedOp));
  }
  if (place.has("topology")) schedule.topology = place.member("topology").text();
}

Schedule readSchedule(const Place& place) {
  if (place.has("version") && place.member("version").natural() != kJsonVersion)
    place.member("version").fail(
        fmt::format("is not {}, which is all that is read here", kJsonVersion));
  place.expectObject({"version", "name", "collective", "rankCount", "root", "chunks", "minBytes",
                      "maxBytes", "types", "ops", "topology", "ranks"});
  Schedule schedule;
  schedule.name = place.member("name").text();
  schedule.collective = place.member("collective").word(parseCollective);
  schedule.rankCount = place.member("rankCount").rank();
  if (place.has("root")) schedule.root = place.member("root").rank();
  const Place chunks = place.member("chunks");
  chunks.expectObject({"input", "output", "scratch"});
  schedule.inputChunks = chunks.member("input").index();
  schedule.outputChunks = chunks.member("output").index();
  schedule.scratchChunks = chunks.member("scratch").index();
  readLimits(place, schedule);
  for (const Place& item : place.member("ranks").items())
    schedule.ranks.push_back(readProgram(item));
  return schedule;
}

}  // namespace

Result<Schedule> fromJson(std::string_view text) {
  INCCL_TRY_ASSIGN(const Json document, parseStrictJson(text));
  Status failure;
  Schedule schedule = readSchedule(Place(document, "", failure));
  INCCL_TRY(std::move(failure));
  INCCL_TRY(validate(schedule));
  return schedule;
}

}  // namespace inccl::schedule
