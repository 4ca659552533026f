#include "comm/setup_files.h"

#include <fmt/format.h>

#include "comm/planner.h"
#include "os/text_file.h"
#include "schedule/schedule_json.h"
#include "topo/topology_json.h"
#include "wire/byte_codec.h"

namespace inccl::comm {
namespace {

using wire::toBytes;
using wire::toText;

struct SentPlan {
  bool inPlace = false;
  std::vector<std::byte> schedule;  // as JSON

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.flag(self.inPlace);
    codec.blob(self.schedule, kMostSetupBytes);
  }
};

struct SentFiles {
  std::vector<std::byte> topology;  // as JSON; empty: none
  std::vector<SentPlan> plans;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.blob(self.topology, kMostSetupBytes);
    codec.list(self.plans, kMostPlans);
  }
};

}  // namespace

Result<SetupFiles> readSetupFiles(const Config& config, int rankCount) {
  SetupFiles files;
  INCCL_TRY_ASSIGN(files.plans, readPlanFiles(config.planFiles, rankCount));
  if (!config.topologyFile.empty()) {
    const auto where = fmt::format("topology file {}", config.topologyFile);
    INCCL_TRY_ASSIGN(const std::string text,
                     os::readTextFile(config.topologyFile, kMostSetupBytes));
    auto topology = topo::fromJson(text);
    if (!topology.ok()) return std::move(topology).status().within(where);
    auto agreed = AgreedTopology::of(topology.value(), rankCount);
    if (!agreed.ok()) return std::move(agreed).status().within(where);
    files.topology = std::move(topology).value();
  }
  return files;
}

std::vector<std::byte> encode(const SetupFiles& files) {
  if (files.empty()) return {};
  SentFiles sent;
  if (files.topology) sent.topology = toBytes(topo::toJson(*files.topology));
  for (const PlanFile& plan : files.plans)
    sent.plans.push_back({plan.inPlace, toBytes(schedule::toJson(plan.schedule))});
  wire::Writer writer;
  SentFiles::fields(writer, sent);
  return writer.take();
}

Result<SetupFiles> decodeSetupFiles(const std::vector<std::byte>& bytes) {
  SentFiles sent;
  wire::Reader reader(bytes);
  SentFiles::fields(reader, sent);
  INCCL_TRY(reader.finish("setup files"));
  SetupFiles files;
  if (!sent.topology.empty()) {
    INCCL_TRY_ASSIGN(files.topology, topo::fromJson(toText(sent.topology)));
  }
  for (const auto& [inPlace, text] : sent.plans) {
    PlanFile& plan = files.plans.emplace_back();
    plan.inPlace = inPlace;
    INCCL_TRY_ASSIGN(plan.schedule, schedule::fromJson(toText(text)));
    plan.digest = schedule::digest(plan.schedule);
  }
  return files;
}

}  // namespace inccl::comm
