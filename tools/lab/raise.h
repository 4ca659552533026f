// Makes a plan real, in the room of the calling process (enclosure.h).
#pragma once

#include <vector>

#include "base/status.h"
#include "lab/plan.h"
#include "os/unique_fd.h"

namespace inccl::lab {

// By space its network. A failure names the program, the link and the program's own words; what was
// made until then goes with the descriptors. The calling process is in some of these networks
// after.
Result<std::vector<os::UniqueFd>> raiseLab(const Plan& plan);

}  // namespace inccl::lab
