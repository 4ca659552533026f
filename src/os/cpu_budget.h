// How many cores this process may really use: what decides whether waiting may spin.
//
// The number of cores of the machine is not it: an affinity mask (taskset, cpusets, a launcher that
// binds) and a cgroup's CPU quota (containers) both cut it, and a rank that spins on a core which
// it shares with the rank it waits for only delays both.
#pragma once

#include <string>

namespace inccl::os {

// min(cores in the affinity mask, quota of this process's cgroups), at least 0.1. Files are read
// below `root` ("" = this machine), so that tests can present recorded machines.
double availableCores(const std::string& root = "");

}  // namespace inccl::os
