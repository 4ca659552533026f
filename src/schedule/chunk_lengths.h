// How long is the data that a step handles?
//
// A vector is cut into chunks as evenly as possible, so chunks differ by one element, and a scratch
// chunk is as long as whatever was put into it. So each value carries the index of the slice's
// chunk that it came from, its length class, along copies, sums and messages. A step that would mix
// two classes (add chunks of different length, store one in the place of another) is refused here;
// for all others both ends of a message know its size without saying it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "schedule/step_graph.h"

namespace inccl::schedule {

// The length class of an input or output chunk: its place in its block.
uint32_t lengthClass(const Schedule& schedule, const ChunkRef& chunk);

// By StepId, the class of what the step moves; 0 for a step without data. `order` is an order in
// which the steps can run. Fails also when a step reads scratch that nothing was written to.
Result<std::vector<uint32_t>> inferLengthClasses(const StepGraph& graph,
                                                 const std::vector<StepId>& order);

}  // namespace inccl::schedule
