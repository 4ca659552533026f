// Plans that a communicator has chosen, by collective and size class: looked up at every call.
#pragma once

#include <array>
#include <bit>
#include <cstddef>

#include "base/op_signature.h"
#include "comm/plan.h"

namespace inccl::comm {

class LanePlan;

// 2^(k-1) < bytes <= 2^k is class k; thresholds of choosePlan are powers of two, so a class is
// never split by one.
constexpr size_t sizeClass(size_t bytes) {
  return bytes <= 1 ? 0 : static_cast<size_t>(std::bit_width(bytes - 1));
}

struct ReadyPlan {
  bool chosen = false;
  Plan plan;
  LanePlan* lanes = nullptr;  // for Kernel::kLanes
};

class PlanTable {
 public:
  [[nodiscard]] ReadyPlan& at(Collective collective, size_t bytes) {
    return plans_[static_cast<size_t>(collective)][sizeClass(bytes)];
  }

 private:
  std::array<std::array<ReadyPlan, 65>, kCollectiveCount> plans_;
};

}  // namespace inccl::comm
