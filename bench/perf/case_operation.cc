// Making and destroying pre-multiplied sums.
#include "perf/case_operation.h"

#include <utility>

#include "perf/test_values.h"

namespace inccl::perf {

CaseOperation::CaseOperation(CaseOperation&& other) noexcept
    : comm_(other.comm_),
      rank_(other.rank_),
      made_(std::exchange(other.made_, false)),
      type_(other.type_),
      id_(other.id_) {}

CaseOperation::~CaseOperation() { destroy(); }

void CaseOperation::destroy() {
  if (std::exchange(made_, false)) (void)incclRedOpDestroy(id_, comm_);
}

Outcome<incclRedOp_t> CaseOperation::choose(const ElementType& type, const ReductionOp& op) {
  if (op.id != kMulSum) return op.id;
  if (made_ && type_ == type.id) return id_;
  destroy();
  alignas(16) const Scalar scalar = scalarOf(type.id, rank_);
  PERF_TRY(checkCall(
      incclRedOpCreatePreMulSum(&id_, scalar.data(), type.id, incclScalarHostImmediate, comm_),
      "incclRedOpCreatePreMulSum", comm_));
  made_ = true;
  type_ = type.id;
  return id_;
}

}  // namespace inccl::perf
