#include "verify/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "schedule/chunk_lengths.h"
#include "schedule/step_graph.h"
#include "schedule/validate.h"
#include "verify/causality.h"
#include "verify/memory.h"
#include "verify/races.h"
#include "verify/results.h"

namespace inccl::verify {
namespace {

using schedule::Schedule;
using schedule::StepGraph;
using schedule::StepId;
using schedule::StepKind;

Status refuseAggregates(const StepGraph& graph) {
  for (StepId id = 0; id < graph.stepCount(); ++id) {
    if (graph.step(id).kind == StepKind::kAggregate)
      return invalidArgument(fmt::format("{}: in-network steps cannot be verified",
                                         describe(graph.schedule(), graph.place(id))));
  }
  return {};
}

}  // namespace

bool needsEqualTrees(const Schedule& schedule) {
  const bool floats = schedule.types.empty() ||
                      std::any_of(schedule.types.begin(), schedule.types.end(), isRounded);
  const bool sums =
      schedule.ops.empty() || std::any_of(schedule.ops.begin(), schedule.ops.end(), dependsOnOrder);
  return floats && sums;
}

Status verify(const Schedule& schedule, const VerifyOptions& options) {
  INCCL_TRY(validate(schedule));
  INCCL_TRY_ASSIGN(const StepGraph graph, StepGraph::build(schedule));
  INCCL_TRY(refuseAggregates(graph));
  INCCL_TRY_ASSIGN(const std::vector<StepId> order, graph.order(options.slotsPerChannel));
  const MemoryMap memory(schedule, options.inPlace);
  INCCL_TRY(checkRaces(graph, order, memory));
  INCCL_TRY(inferLengthClasses(graph, order).status());
  if (schedule.collective == Collective::kBarrier) return checkBarrier(graph, order);
  return checkResults(graph, order, memory, needsEqualTrees(schedule));
}

Status verifyBothWays(const Schedule& schedule) {
  INCCL_TRY(verify(schedule, {.inPlace = false}).within("out of place"));
  return verify(schedule, {.inPlace = true}).within("in place");
}

}  // namespace inccl::verify
