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

bool isFloat(DataType type) {
  switch (type) {
    case DataType::kFloat16:
    case DataType::kFloat32:
    case DataType::kFloat64:
    case DataType::kBfloat16:
    case DataType::kFloat8e4m3:
    case DataType::kFloat8e5m2:
    case DataType::kComplex64:
    case DataType::kComplex128:
      return true;
    case DataType::kInt8:
    case DataType::kUint8:
    case DataType::kInt32:
    case DataType::kUint32:
    case DataType::kInt64:
    case DataType::kUint64:
    case DataType::kInt16:
    case DataType::kUint16:
    case DataType::kBool:
      return false;
  }
  return true;
}

bool dependsOnOrder(RedOp op) {
  switch (op) {
    case RedOp::kSum:
    case RedOp::kProd:
    case RedOp::kAvg:
    case RedOp::kPreMulSum:
      return true;
    case RedOp::kMin:
    case RedOp::kMax:
    case RedOp::kBitAnd:
    case RedOp::kBitOr:
    case RedOp::kBitXor:
    case RedOp::kLogicalAnd:
    case RedOp::kLogicalOr:
      return false;
  }
  return true;
}

}  // namespace

bool needsEqualTrees(const Schedule& schedule) {
  const bool floats =
      schedule.types.empty() || std::any_of(schedule.types.begin(), schedule.types.end(), isFloat);
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
