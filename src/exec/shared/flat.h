// The `flat` all-reduce: everybody publishes its whole vector, everybody reduces all of them.
//
// One synchronisation instead of the two of `half`, at the price of n times the arithmetic: the
// right trade for vectors of a few KiB, and for more when ranks share cores and every
// synchronisation is a context switch. One slot of the contribution ring carries the vector.
//
// Implements the schedule `direct` (all pairs, reduceMany in rank order).
#pragma once

#include <cstring>

#include "exec/shared/exchange.h"
#include "reduce/reduce.h"

namespace inccl::exec {

class FlatAllReduce final : public SharedOperation {
 public:
  // `count` elements of `elementBytes`, together at most slotBytes. input may be output.
  FlatAllReduce(transport::MultiGroup& group, OpTag tag, const void* input, void* output,
                size_t count, size_t elementBytes, reduce::ReduceManyFn reduceMany)
      : SharedOperation(group, tag),
        input_(input),
        output_(output),
        count_(count),
        bytes_(count * elementBytes),
        reduceMany_(reduceMany) {}

  [[nodiscard]] transport::Progress step() override {
    if (!posted_ && !post()) return transport::Progress::kPending;
    for (; next_ < memberCount(); ++next_) {
      if (next_ == me()) {
        sources_[next_] = input_;
        continue;
      }
      const transport::SlotView view = group_.contributionOf(next_).head();
      const Head head = look(view, next_);
      if (head == Head::kAbsent) return transport::Progress::kPending;
      if (head == Head::kForeign) return transport::Progress::kMismatch;
      sources_[next_] = view.data;
    }
    reduceMany_(output_, sources_, memberCount(), count_);
    for (uint32_t member = 0; member < memberCount(); ++member) {
      if (member != me()) group_.contributionOf(member).release();
    }
    group_.ringOthers();
    return transport::Progress::kDone;
  }

 private:
  bool post() {
    std::byte* const slot = group_.contribution().reserve();
    if (!slot) return false;
    std::memcpy(slot, input_, bytes_);
    group_.contribution().publish(bytes_, tag_);
    group_.ringOthers();
    posted_ = true;
    return true;
  }

  const void* input_;
  void* output_;
  size_t count_;
  size_t bytes_;
  reduce::ReduceManyFn reduceMany_;
  uint32_t next_ = 0;
  bool posted_ = false;
  const void* sources_[64];
};

}  // namespace inccl::exec
