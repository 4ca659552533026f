// The operation that a case calls with: the header's own, or a pre-multiplied sum made for it.
//
// A pre-multiplied sum counts for one communicator and type and holds this rank's scalar, so it is
// made anew whenever the type changes, outside of everything that is timed.
#pragma once

#include <inccl/inccl.h>

#include "perf/elements.h"
#include "perf/outcome.h"
#include "perf/team.h"

namespace inccl::perf {

class CaseOperation {
 public:
  // `team` must outlive it, unless the communicator was aborted.
  explicit CaseOperation(const Team& team) : comm_(team.comm()), rank_(team.rank()) {}
  CaseOperation(CaseOperation&& other) noexcept;
  CaseOperation& operator=(CaseOperation&&) = delete;
  ~CaseOperation();

  Outcome<incclRedOp_t> choose(const ElementType& type, const ReductionOp& op);

 private:
  void destroy();

  incclComm_t comm_;
  int rank_;
  bool made_ = false;
  incclDataType_t type_ = incclInt8;  // of what was made
  incclRedOp_t id_ = incclSum;
};

}  // namespace inccl::perf
