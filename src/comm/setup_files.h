// What the ranks agree on at creation besides each other: plans, and what the machine is like.
//
// Rank 0 reads the plan files and the topology file for all. Where no file says what the machine is
// like and there are several hosts, each host tells of itself (fragments.h) and rank 0 puts that
// together. Everybody gets the same bytes. On one host, and with a topology file, that is one round
// of the control channel, else two.
#pragma once

#include <optional>
#include <vector>

#include "base/config.h"
#include "base/status.h"
#include "bootstrap/session.h"
#include "comm/plan_files.h"
#include "topo/topology.h"

namespace inccl::comm {

struct SetupFiles {
  std::vector<PlanFile> plans;
  std::optional<topo::Topology> topology;  // none on one host without a file

  [[nodiscard]] bool empty() const { return plans.empty() && !topology; }
};

// The files of rank 0. An error names the file and what is wrong with it.
Result<SetupFiles> readSetupFiles(const Config& config, int rankCount);

// What all ranks have in the end; all ranks call it. A failure of any rank is everybody's.
Result<SetupFiles> agreeOnSetup(bootstrap::Session& session, const Config& config,
                                Deadline deadline);

// Rank 0's files in a message; nothing when there are none.
constexpr size_t kMostSetupBytes = 16u << 20;
std::vector<std::byte> encode(const SetupFiles& files);
Result<SetupFiles> decodeSetupFiles(const std::vector<std::byte>& bytes);

}  // namespace inccl::comm
