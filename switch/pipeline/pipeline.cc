#include "switch/pipeline/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace inccl::pipeline {
namespace {

std::string limit(uint32_t value) {
  return value == Profile::kUnlimited ? "any" : fmt::format("{}", value);
}

Status fits(const Profile& profile, const Declaration& thing) {
  const auto refuse = [&](std::string_view what, uint64_t needed, uint64_t most) {
    return invalidArgument(fmt::format("profile {}: {} {} has {} {}, the most is {}", profile.name,
                                       thing.isTable ? "table" : "array", thing.name, needed, what,
                                       most));
  };
  if (thing.place.pipe >= profile.pipes)
    return refuse("pipes", thing.place.pipe + 1, profile.pipes);
  if (thing.place.stage >= profile.stages)
    return refuse("as its stage", thing.place.stage, profile.stages - 1);
  if (thing.entries > profile.entriesOfArray)
    return refuse("entries", thing.entries, profile.entriesOfArray);
  if (!thing.isTable && thing.bits > profile.bitsOfEntry)
    return refuse("bits in an entry", thing.bits, profile.bitsOfEntry);
  return {};
}

}  // namespace

Status Pipeline::check() const {
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> arrays;  // by pipe and stage
  for (const Declaration& thing : declarations_) {
    INCCL_TRY(fits(profile_, thing));
    if (thing.isTable) continue;
    uint32_t& inStage = arrays[{thing.place.pipe, thing.place.stage}];
    inStage += thing.arrays;
    if (inStage > profile_.arraysOfStage)
      return invalidArgument(fmt::format(
          "profile {}: with {} stage {} of pipe {} has {} register arrays, the most is {}",
          profile_.name, thing.name, thing.place.stage, thing.place.pipe, inStage,
          profile_.arraysOfStage));
  }
  return {};
}

std::string Pipeline::usage() const {
  std::map<uint32_t, uint32_t> stagesOfPipe;
  std::string lines =
      fmt::format("profile {}: {} pipes, {} stages, {} register arrays a stage\n", profile_.name,
                  profile_.pipes, limit(profile_.stages), limit(profile_.arraysOfStage));
  uint64_t arrays = 0, bytes = 0;
  for (const Declaration& thing : declarations_) {
    uint32_t& stages = stagesOfPipe[thing.place.pipe];
    stages = std::max(stages, thing.place.stage + 1);
    lines += fmt::format("  pipe {} stage {:2}  {:12} {:5} x {:5} entries of {:4} bits\n",
                         thing.place.pipe, thing.place.stage, thing.name,
                         thing.isTable ? "table" : fmt::format("{}", thing.arrays), thing.entries,
                         thing.bits);
    if (thing.isTable) continue;
    arrays += thing.arrays;
    bytes += uint64_t{thing.arrays} * thing.entries * ((thing.bits + 7) / 8);
  }
  for (const auto& [pipe, stages] : stagesOfPipe)
    lines += fmt::format("  pipe {}: {} of {} stages\n", pipe, stages, limit(profile_.stages));
  return lines + fmt::format("  {} register arrays, {} bytes of registers\n", arrays, bytes);
}

void Pipeline::ruleBroken(std::string what) {
  ++brokenRules_;
  lastBroken_ = std::move(what);
}

void Pass::refuse(const Place& place, bool seen) {
  pipeline_.ruleBroken(seen ? fmt::format("an array in stage {} of pipe {} is met twice in a pass",
                                          place.stage, place.pipe)
                            : fmt::format("stage {} of pipe {} is met from stage {} of pipe {}",
                                          place.stage, place.pipe, stage_, pipe_));
}

}  // namespace inccl::pipeline
