// Which pairs of type and operation a run goes through.
//
// What the header does not define is left out and named; if that leaves nothing, because the pair
// was asked for by name, it is a problem.
#pragma once

#include <string>
#include <vector>

#include "perf/collectives.h"
#include "perf/elements.h"
#include "perf/outcome.h"

namespace inccl::perf {

struct TypeAndOp {
  ElementType type{};
  ReductionOp op{};  // name "none" where the collective does not reduce
};

struct Wanted {
  std::vector<ElementType> types;
  std::vector<ReductionOp> ops;
};

struct Support {
  std::vector<TypeAndOp> usable;     // in the order of the rows
  std::vector<std::string> leftOut;  // "half/band,bor"
};

Outcome<Support> supportOf(const CollectiveTraits& collective, const Wanted& wanted);

}  // namespace inccl::perf
