// Runs the schedule once with symbols and looks at what every output chunk then holds.
#pragma once

#include <vector>

#include "base/status.h"
#include "schedule/step_graph.h"
#include "verify/memory.h"

namespace inccl::verify {

// Every output chunk holds what the collective promises, each contribution once; with `equalTrees`,
// sums have one expression tree on all ranks. The steps must be free of races (races.h): then
// `order` stands for every other order.
Status checkResults(const schedule::StepGraph& graph, const std::vector<schedule::StepId>& order,
                    const MemoryMap& memory, bool equalTrees);

}  // namespace inccl::verify
