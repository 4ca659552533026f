// Which types and operations the library that runs can do, found by asking it.
//
// Each is tried once with one element. A refusal (incclInvalidArgument) changes nothing and is the
// same on all ranks, so all of them come to the same list. What was asked for by name and is
// refused is a problem; what came from "all" is left out and named.
#pragma once

#include <string>
#include <vector>

#include "perf/measurement.h"
#include "perf/options.h"
#include "perf/team.h"

namespace inccl::perf {

struct TypeAndOp {
  ElementType type{};
  ReductionOp op{};  // name "none" where the collective does not reduce
};

struct Support {
  std::vector<TypeAndOp> usable;     // in the order of the rows
  std::vector<std::string> leftOut;  // "half", or, where only some operations lack, "half/prod"
};

Outcome<Support> findSupport(Team& team, const Options& options);

}  // namespace inccl::perf
