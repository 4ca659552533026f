// Who is known to have entered when a rank leaves.
#pragma once

#include <vector>

#include "base/status.h"
#include "schedule/step_graph.h"

namespace inccl::verify {

// A barrier's promise: the end of every rank's program depends on the start of every other's.
Status checkBarrier(const schedule::StepGraph& graph, const std::vector<schedule::StepId>& order);

}  // namespace inccl::verify
