// One tiny call per type and operation.
#include "perf/support.h"

#include <fmt/format.h>

#include <array>

namespace inccl::perf {
namespace {

constexpr ElementType kNoType{incclInt8, "none", 1};
constexpr ReductionOp kNoOp{incclSum, "none"};

incclResult_t tryOnce(Team& team, const Options& o, const TypeAndOp& wanted,
                      std::vector<std::byte>& recv) {
  std::array<std::byte, 8> send{};
  CallArguments a;
  a.collective = o.collective.id;
  a.send = send.data();
  a.recv = recv.data();
  a.count = 1;
  a.type = wanted.type.id;
  a.op = wanted.op.id;
  a.rank = team.rank();
  a.ranks = team.ranks();
  a.comm = team.comm();
  return call(a);
}

std::string nameOf(const Options& o, const TypeAndOp& what) {
  return o.collective.reduces ? fmt::format("{}/{}", what.type.name, what.op.name)
                              : std::string(what.type.name);
}

}  // namespace

Outcome<Support> findSupport(Team& team, const Options& o) {
  const std::vector<ReductionOp> ops =
      o.collective.reduces ? o.ops : std::vector<ReductionOp>{kNoOp};
  const bool chosenByAll = o.typesAreAll || (o.collective.reduces && o.opsAreAll);
  std::vector<std::byte> recv(8 * static_cast<size_t>(team.ranks()));
  Support support;
  if (!o.collective.movesData) {
    support.usable.push_back({kNoType, kNoOp});
    return support;
  }
  for (const ElementType& type : o.types) {
    std::vector<std::string> refused;
    for (const ReductionOp& op : ops) {
      const TypeAndOp wanted{type, op};
      const incclResult_t result = tryOnce(team, o, wanted, recv);
      if (result == incclSuccess) {
        support.usable.push_back(wanted);
        continue;
      }
      refused.push_back(nameOf(o, wanted));
      if (result == incclInvalidArgument && chosenByAll) continue;
      const std::string what =
          fmt::format("rank {}: {} of {}", team.rank(), o.collective.name, refused.back());
      PERF_TRY(checkCall(result, what.c_str(), team.comm()));
    }
    if (refused.size() == ops.size()) refused = {type.name};
    support.leftOut.insert(support.leftOut.end(), refused.begin(), refused.end());
  }
  if (support.usable.empty())
    return Problem{fmt::format("{}: the library does none of what was asked", o.collective.name)};
  return support;
}

}  // namespace inccl::perf
