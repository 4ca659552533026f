// INCCL_ALGO and INCCL_PROTO, a line each: what is accepted decides alike in any case, and no plan
// is chosen that it forbids.
#include "algo/algorithm.h"
#include "base/environment.h"
#include "comm/plan.h"
#include "fuzz/fuzz_target.h"

namespace inccl::comm {
namespace {

void choose(const ChoiceRules& rules, const ChoiceRules& lower, const PlanContext& context) {
  for (const auto collective : {Collective::kAllReduce, Collective::kBroadcast,
                                Collective::kAllGather, Collective::kBarrier}) {
    for (const size_t bytes : {size_t{0}, size_t{4096}, size_t{1} << 20}) {
      const auto plan = choosePlan(context, rules, collective, bytes);
      const auto same = choosePlan(context, lower, collective, bytes);
      FUZZ_CHECK(plan.ok() == same.ok());
      if (!plan.ok()) continue;
      FUZZ_CHECK(plan.value().id == same.value().id);
      FUZZ_CHECK(rules.allows(collective, plan.value().algorithm));
      FUZZ_CHECK(rules.allows(collective, plan.value().kernel));
      FUZZ_CHECK(algo::supports(plan.value().algorithm, collective));
    }
  }
}

}  // namespace
}  // namespace inccl::comm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inccl::comm;
  std::string_view rest = inccl::fuzz::asText(data, size);
  const std::string algorithms(inccl::fuzz::takeUpTo(rest, '\n'));
  const std::string protocols(inccl::fuzz::takeUpTo(rest, '\n'));
  const auto rules = ChoiceRules::parse(algorithms, protocols);
  const auto lower = ChoiceRules::parse(inccl::lowerCase(algorithms), inccl::lowerCase(protocols));
  FUZZ_CHECK(rules.ok() == lower.ok());
  if (!rules.ok()) return 0;
  choose(rules.value(), lower.value(), {3, true, false, 8192, 65536});
  choose(rules.value(), lower.value(), {2, false, false, 0, 0});
  return 0;
}
