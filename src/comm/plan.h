// The choice for one operation: which schedule, and which kernel runs it.
//
// A plan is a pure function of what all ranks know alike: number of ranks, who shares memory, the
// agreed topology, settings, collective and size. So every rank chooses by itself, lazily, and all
// choose the same. Kernels over shared memory implement a schedule each (kernelSchedule); a test
// verifies that schedule, so "everything is a schedule" holds for them too.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "algo/algorithm.h"
#include "base/config.h"
#include "base/op_signature.h"
#include "base/status.h"
#include "comm/plan_files.h"
#include "comm/planner.h"

namespace inccl::comm {

enum class Kernel : uint8_t {
  kTiny,     // exchange cells, one hop: where all hear from all and what one sends fits a cell
  kFlat,     // whole vectors, everybody reduces everything
  kHalf,     // each rank reduces its share
  kPublish,  // through the publishers' rings: all but all-reduce and barrier
  kRead,     // out of the owner's memory: what publish does, without slots
  kLanes,    // the interpreter of schedules, over channels
  kSwitch,   // a switch sums; not chosen by size but by what a switch can do (in_network.cc)
};
std::string_view name(Kernel kernel);

struct Plan {
  Kernel kernel = Kernel::kLanes;
  algo::Algorithm algorithm = algo::Algorithm::kDirect;
  const PlanFile* file = nullptr;  // instead of an algorithm; kLanes runs it
  uint64_t id = 0;                 // of schedule, kernel and slicing

  [[nodiscard]] std::string_view algorithmName() const;
};

// What all ranks of a communicator know alike.
struct PlanContext {
  int rankCount = 1;
  bool allShareMemory = false;  // every rank on one host, with a group segment
  bool oversubscribed = false;  // more ranks than cores there
  size_t cellBytes = 0;
  size_t slotBytes = 0;
  size_t messageBytes = 0;  // of channels, which cuts a vector into slices
  // Where the simulator chooses among schedules over channels; nullptr: thresholds do.
  std::shared_ptr<const AgreedTopology> topology{};
  bool readsMemory = false;  // where all share memory: also that of each other's users
};

// What the rules say of the algorithm "ina". Forced, it counts for what a switch can do; everything
// else goes on as if nothing had been said.
enum class SwitchChoice : uint8_t { kFree, kForced, kNever };

// INCCL_ALGO and INCCL_PROTO, read once: what is forced, per collective. NCCL's grammar:
// "ring", "allreduce:ring;broadcast:direct", "^tiny" (all but), in any case. Unknown words are
// errors.
class ChoiceRules {
 public:
  static Result<ChoiceRules> parse(const std::string& algorithms, const std::string& protocols);
  // Of one call: algorithms and kernels in one list, "ring,tree,lanes" or "^flat". Of both kinds
  // one must fit.
  static Result<ChoiceRules> parseForCall(const std::string& words);
  [[nodiscard]] bool allows(Collective collective, algo::Algorithm algorithm) const;
  [[nodiscard]] bool allows(Collective collective, Kernel kernel) const;
  [[nodiscard]] SwitchChoice takesSwitch(Collective collective) const;

 private:
  using Masks = std::array<uint32_t, kCollectiveCount>;  // indexed by Collective
  static constexpr Masks allowingAll() {
    Masks masks{};
    masks.fill(~0u);
    return masks;
  }
  Masks algorithms_ = allowingAll();
  Masks kernels_ = allowingAll();
};

Plan planOfSwitch(const PlanContext& context, Collective collective);
// The plan that runs `file`.
Plan planOf(const PlanContext& context, const PlanFile& file);

// `bytes`: of one rank's contribution. Sizes in (2^(k-1), 2^k] share a choice, so that a
// communicator can keep it. An error when the rules leave nothing.
Result<Plan> choosePlan(const PlanContext& context, const ChoiceRules& rules, Collective collective,
                        size_t bytes);

}  // namespace inccl::comm
