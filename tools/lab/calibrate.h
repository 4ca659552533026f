// What a plain TCP flow gets of each link, beside what the link is said to give.
//
// The kernel's token bucket is exact only within limits (shaping.h), and a busy machine makes it
// worse; whoever compares algorithms over a link should divide by what a flow got and not by what
// it should have got. Each direction of each cable, one after the other.
#pragma once

#include <vector>

#include "base/status.h"
#include "lab/plan.h"
#include "os/unique_fd.h"

namespace inccl::lab {

// Prints a line for each; 0.
Result<int> calibrateLinks(const Plan& plan, const std::vector<os::UniqueFd>& networks);

}  // namespace inccl::lab
