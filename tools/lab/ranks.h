// One process for each rank of a lab, or one on one of its hosts.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "lab/launch.h"
#include "lab/plan.h"
#include "os/unique_fd.h"

namespace inccl::lab {

struct RanksOptions {
  LaunchOptions launch;
  bool marks = true;      // "[3] " before the lines of rank 3
  bool counters = false;  // afterwards, what each link carried
};

// `networks` as raiseLab() made them. The exit status of runTasks(), or why nothing was started.
Result<int> runRanks(const Plan& plan, const std::vector<os::UniqueFd>& networks,
                     const std::string& lab, const RanksOptions& options);

Result<int> runOnHost(const Plan& plan, const std::vector<os::UniqueFd>& networks,
                      const std::string& lab, const std::string& host,
                      const LaunchOptions& options);

}  // namespace inccl::lab
