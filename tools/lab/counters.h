// How many bytes have left by each end of each cable: what the links carried, as the kernel counts.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "lab/plan.h"
#include "os/unique_fd.h"

namespace inccl::lab {

// By cable and end; acknowledgements too. A segment that TCP leaves to be cut into frames later
// counts with one header, so this is nearer to what programs sent than to what the bucket let
// through.
using SentBytes = std::vector<std::array<uint64_t, 2>>;

// The calling process is in one of the networks after.
Result<SentBytes> sentBytes(const Plan& plan, const std::vector<os::UniqueFd>& networks);

}  // namespace inccl::lab
