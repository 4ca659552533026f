#include "comm/setup_files.h"

#include <fmt/format.h>

#include "comm/fragments.h"
#include "comm/gather_messages.h"
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

struct Contribution {
  Outcome outcome;
  std::vector<std::byte> files;     // of rank 0
  std::vector<std::byte> topology;  // as JSON: a host's, by its lowest rank; then rank 0's of all

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    Outcome::fields(codec, self.outcome);
    codec.blob(self.files, kMostSetupBytes);
    codec.blob(self.topology, kMostSetupBytes);
  }
};

// A failure of one rank is everybody's.
Result<std::vector<Contribution>> gather(bootstrap::Session& session, const Contribution& mine,
                                         Deadline deadline) {
  INCCL_TRY_ASSIGN(auto all, gatherMessages(session, mine, "setup", deadline));
  std::vector<Outcome> outcomes;
  for (const Contribution& its : all) outcomes.push_back(its.outcome);
  INCCL_TRY(firstFailure(outcomes));
  return all;
}

Result<std::vector<std::byte>> filesOf(const Config& config, int rankCount) {
  INCCL_TRY_ASSIGN(const SetupFiles files, readSetupFiles(config, rankCount));
  std::vector<std::byte> bytes = encode(files);
  if (bytes.size() <= kMostSetupBytes) return bytes;
  return invalidArgument(
      fmt::format("plan and topology files have {} bytes together, the most is {}", bytes.size(),
                  kMostSetupBytes));
}

Status contribute(int rank, int rankCount, const Config& config,
                  const std::vector<std::vector<int>>& hosts, Contribution& mine) {
  if (rank == 0) {
    INCCL_TRY_ASSIGN(mine.files, filesOf(config, rankCount));
  }
  for (size_t host = 0; host < hosts.size() && hosts.size() > 1; ++host) {
    if (hosts[host].front() != rank) continue;
    INCCL_TRY_ASSIGN(const topo::Topology fragment,
                     fragmentOfThisHost(static_cast<int>(host), hosts[host]));
    mine.topology = toBytes(topo::toJson(fragment));
  }
  return {};
}

// What rank 0 makes of what the hosts told.
Contribution decide(const std::vector<Contribution>& told,
                    const std::vector<std::vector<int>>& hosts,
                    const std::vector<bootstrap::PeerInfo>& peers) {
  std::vector<std::vector<std::byte>> fragments;
  for (const std::vector<int>& ranks : hosts)
    fragments.push_back(told[static_cast<size_t>(ranks.front())].topology);
  const auto merged = mergeFragments(fragments, peers);
  Contribution decision;
  decision.outcome = Outcome::of(merged.status());
  if (merged.ok()) decision.topology = toBytes(topo::toJson(merged.value()));
  return decision;
}

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

Result<SetupFiles> agreeOnSetup(bootstrap::Session& session, const Config& config,
                                Deadline deadline) {
  const auto& peers = session.peers();
  const std::vector<std::vector<int>> hosts = ranksByHost(peers);
  Contribution mine;
  mine.outcome =
      Outcome::of(contribute(session.rank(), static_cast<int>(peers.size()), config, hosts, mine));
  INCCL_TRY_ASSIGN(const auto told, gather(session, mine, deadline));
  INCCL_TRY_ASSIGN(SetupFiles files, decodeSetupFiles(told[0].files));
  if (files.topology || hosts.size() == 1) return files;
  const Contribution decision = session.rank() == 0 ? decide(told, hosts, peers) : Contribution();
  INCCL_TRY_ASSIGN(const auto decided, gather(session, decision, deadline));
  INCCL_TRY_ASSIGN(files.topology, topo::fromJson(toText(decided[0].topology)));
  return files;
}

Result<SetupFiles> decodeSetupFiles(const std::vector<std::byte>& bytes) {
  if (bytes.empty()) return SetupFiles{};
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
