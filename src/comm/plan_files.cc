#include "comm/plan_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "os/text_file.h"
#include "schedule/msccl_xml.h"
#include "schedule/schedule_json.h"
#include "verify/verify.h"

namespace inccl::comm {
namespace {

using schedule::Schedule;

// Sums of integers are the same in any order.
const std::vector<DataType> kIntegers = {DataType::kInt8,   DataType::kUint8, DataType::kInt16,
                                         DataType::kUint16, DataType::kInt32, DataType::kUint32,
                                         DataType::kInt64,  DataType::kUint64};

Result<Schedule> parse(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != std::string_view::npos && text[first] == '<') return schedule::fromMscclXml(text);
  return schedule::fromJson(text);
}

// The plan as it may be used: whether in place, and with which types.
Result<PlanFile> prove(Schedule schedule, const std::string& path) {
  Status proved = verify::verify(schedule);
  if (!proved.ok() && verify::needsEqualTrees(schedule)) {
    Schedule limited = schedule;
    limited.types = kIntegers;
    if (verify::verify(limited).ok()) {
      logWarn("{}: used for integers only: {}", path, proved.message());
      schedule = std::move(limited);
      proved = {};
    }
  }
  INCCL_TRY(std::move(proved));
  PlanFile plan;
  plan.inPlace = verify::verify(schedule, {.inPlace = true}).ok();
  plan.digest = schedule::digest(schedule);
  plan.schedule = std::move(schedule);
  return plan;
}

Result<PlanFile> readPlan(const std::string& path, int rankCount) {
  INCCL_TRY_ASSIGN(const std::string text, os::readTextFile(path, kMostPlanFileBytes));
  INCCL_TRY_ASSIGN(Schedule schedule, parse(text));
  if (schedule.rankCount != rankCount)
    return invalidArgument(
        fmt::format("is for {} ranks, this communicator has {}", schedule.rankCount, rankCount));
  if (std::ranges::any_of(schedule.ranks, [](const schedule::RankProgram& program) {
        return std::ranges::any_of(program.lanes, [](const schedule::Lane& lane) {
          return std::ranges::any_of(lane.steps, [](const schedule::Step& step) {
            return step.kind == schedule::StepKind::kAggregate;
          });
        });
      }))
    return invalidArgument("has steps for a switch, which there is none of");
  return prove(std::move(schedule), path);
}

// Of the larger buffer.
uint64_t sizeOfCall(const Schedule& schedule, size_t bytes) {
  const auto ranks = static_cast<uint64_t>(schedule.rankCount);
  return hasBlocks(schedule.collective) ? bytes * ranks : bytes;
}

template <typename Value>
bool allows(const std::vector<Value>& limits, Value value) {
  return limits.empty() || std::ranges::find(limits, value) != limits.end();
}

}  // namespace

bool PlanFile::fits(const OpSignature& signature, size_t bytes) const {
  const uint64_t size = sizeOfCall(schedule, bytes);
  return schedule.collective == signature.collective &&
         (!isRooted(schedule.collective) || schedule.root == signature.root) &&
         size >= schedule.minBytes && (schedule.maxBytes == 0 || size <= schedule.maxBytes) &&
         allows(schedule.types, signature.type) &&
         (!reduces(schedule.collective) || allows(schedule.ops, signature.op));
}

uint64_t channelsOf(const std::vector<PlanFile>& plans) {
  uint64_t all = 0;
  for (const PlanFile& plan : plans) {
    size_t most = 0;
    for (const schedule::RankProgram& program : plan.schedule.ranks) {
      const auto sends = std::ranges::count_if(
          program.lanes, [](const schedule::Lane& lane) { return lane.sendPeer != -1; });
      const auto receives = std::ranges::count_if(
          program.lanes, [](const schedule::Lane& lane) { return lane.recvPeer != -1; });
      most = std::max({most, static_cast<size_t>(sends), static_cast<size_t>(receives)});
    }
    all += most;
  }
  return all;
}

Result<std::vector<PlanFile>> readPlanFiles(std::string_view list, int rankCount) {
  std::vector<PlanFile> plans;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string path(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (path.empty()) continue;
    auto plan = readPlan(path, rankCount);
    if (!plan.ok()) return std::move(plan).status().within(fmt::format("plan file {}", path));
    plans.push_back(std::move(plan).value());
    if (plans.size() > kMostPlans)
      return invalidArgument(fmt::format("more than {} plan files", kMostPlans));
  }
  return plans;
}

}  // namespace inccl::comm
