// The pairs, by the header's contract.
#include "perf/support.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace inccl::perf {
namespace {

constexpr ElementType kNoType{incclInt8, "none", 1, Kind::kInteger};
constexpr ReductionOp kNoOp{incclSum, "none"};

}  // namespace

Outcome<Support> supportOf(const CollectiveTraits& collective, const Wanted& wanted) {
  Support support;
  if (!collective.movesData) {
    support.usable.push_back({kNoType, kNoOp});
    return support;
  }
  std::string_view why;
  for (const ElementType& type : wanted.types) {
    if (!collective.reduces) {
      support.usable.push_back({type, kNoOp});
      continue;
    }
    std::vector<std::string> refused;
    for (const ReductionOp& op : wanted.ops) {
      const std::string_view reason = whyUndefined(type.kind, op.id);
      if (reason.empty()) {
        support.usable.push_back({type, op});
        continue;
      }
      why = reason;
      refused.emplace_back(op.name);
    }
    if (!refused.empty())
      support.leftOut.push_back(fmt::format("{}/{}", type.name, fmt::join(refused, ",")));
  }
  if (support.usable.empty())
    return Problem{fmt::format("-d,--datatype and -o,--op: {} is not defined: {}",
                               support.leftOut.front(), why)};
  return support;
}

}  // namespace inccl::perf
