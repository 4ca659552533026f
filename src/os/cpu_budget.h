// Which cores, and how much of them, a rank may use: what decides whether waiting may spin.
//
// The number of cores of the machine is not it: an affinity mask (taskset, cpusets, a launcher that
// binds) and a cgroup's CPU quota (containers) both cut it, and a rank that spins on a core which
// it shares with the rank it waits for only delays both. Nor is one rank's own budget: ranks that a
// launcher bound to a core each see one core and yet share nothing. So every rank describes its
// budget, and the budgets of a host are judged together, alike by all its ranks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inccl::os {

struct CpuBudget {
  std::vector<uint16_t> cores;   // in the calling thread's affinity mask, ascending; empty: unknown
  uint32_t quotaMilliCores = 0;  // of the tightest cgroup on the way to the root; 0: no quota
  uint64_t quotaGroup = 0;       // names that cgroup among those of the host
};

// The calling thread's. Files are read below `root` ("" = this machine), so that tests can present
// recorded machines.
CpuBudget cpuBudget(const std::string& root = "");

// True when the ranks of one host, a budget each, cannot all run at the same time: no choice of
// cores gives each of them one of its own, or a quota is less than a core for each of its ranks.
bool sharesCores(const std::vector<CpuBudget>& ranks);

}  // namespace inccl::os
