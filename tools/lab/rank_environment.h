// What a process in the lab finds in its environment: its place among the ranks, where rank 0 is,
// which interfaces are the lab's.
//
// INCCL's own variables, and those of torchrun for programs that do not know INCCL. Setting them is
// all: a rank in the lab is launched as on any cluster, and learns of the lab nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lab/plan.h"

namespace inccl::lab {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct LaunchFacts {
  std::string lab;     // its name
  std::string secret;  // INCCL_SECRET
  uint16_t rootPort = 0;
};

// Of any process on a host or switch.
Environment hostEnvironment(const Plan& plan, SpaceIndex space, const std::string& lab);
// Of a rank: the same and its place.
Environment rankEnvironment(const Plan& plan, int rank, const LaunchFacts& facts);

}  // namespace inccl::lab
