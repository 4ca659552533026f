// BlueConnect's all-reduce, stage after stage, with nothing overlapped: the schedule for which its
// published formula is exact.
#pragma once

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::sim {

// Rank host · perHost + i. Reduce-scatter in rings inside the hosts, all-reduce in rings of the
// ranks of equal i, all-gather inside. perHost · hosts chunks.
Result<schedule::Schedule> twoLevelStages(int hosts, int perHost);

}  // namespace inccl::sim
