// What rank 0 reads for all ranks at creation: plan files and the topology file.
#pragma once

#include <optional>
#include <vector>

#include "base/config.h"
#include "base/status.h"
#include "comm/plan_files.h"
#include "topo/topology.h"

namespace inccl::comm {

struct SetupFiles {
  std::vector<PlanFile> plans;
  std::optional<topo::Topology> topology;

  [[nodiscard]] bool empty() const { return plans.empty() && !topology; }
};

// An error names the file and what is wrong with it.
Result<SetupFiles> readSetupFiles(const Config& config, int rankCount);

// For the other ranks.
constexpr size_t kMostSetupBytes = 16u << 20;
std::vector<std::byte> encode(const SetupFiles& files);
Result<SetupFiles> decodeSetupFiles(const std::vector<std::byte>& bytes);

}  // namespace inccl::comm
