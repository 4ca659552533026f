// No two steps of one rank that may run in either order touch one place, if one of them writes.
//
// Steps of one rank are ordered by their lane and by `after`, and by nothing else (schedule.h says
// why messages do not count). Each step gets a vector clock: how many steps of each lane of its
// rank are known to have finished when it starts. Then two accesses of one place are compared, each
// write with every other access. Only one slice is looked at: slices use different elements, and
// an executor keeps the scratch of different slices apart.
#pragma once

#include <vector>

#include "base/status.h"
#include "schedule/step_graph.h"
#include "verify/memory.h"

namespace inccl::verify {

Status checkRaces(const schedule::StepGraph& graph, const std::vector<schedule::StepId>& order,
                  const MemoryMap& memory);

}  // namespace inccl::verify
