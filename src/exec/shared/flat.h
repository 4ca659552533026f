// The `flat` all-reduce: everybody publishes its whole vector, everybody reduces all of them.
//
// One synchronisation instead of the two of `half`, at the price of n times the arithmetic. Between
// two ranks the same number of bytes crosses between the cores either way (each reads what the
// other wrote), so the fewer synchronisations win as long as the caches hold the data; with more
// ranks it pays for short vectors, and for longer ones when ranks share cores and every
// synchronisation is a context switch. Long vectors go in pieces of a slot of the contribution
// ring; a piece is posted before the previous one is reduced.
//
// In place works since a piece of the output is written only after the same piece of the input was
// posted. Implements the schedule `direct` (all pairs, reduceMany in rank order).
#pragma once

#include "exec/shared/shared_operation.h"
#include "reduce/reduce.h"

namespace inccl::exec {

class FlatAllReduce final : public SharedOperation {
 public:
  // `count` elements of `elementBytes`, in pieces of at most `pieceBytes` ≤ slotBytes. input may be
  // output.
  FlatAllReduce(transport::MultiGroup& group, OpTag tag, const void* input, void* output,
                size_t count, size_t elementBytes, reduce::ReduceManyFn reduceMany,
                size_t pieceBytes)
      : SharedOperation(group, tag),
        input_(static_cast<const std::byte*>(input)),
        output_(static_cast<std::byte*>(output)),
        bytes_(count * elementBytes),
        elementBytes_(elementBytes),
        pieceBytes_(pieceBytes / elementBytes * elementBytes),
        reduceMany_(reduceMany) {}

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return posted_ + reduced_; }

 private:
  static constexpr size_t kPiecesAhead = 2;

  [[nodiscard]] size_t pieceAt(size_t offset) const {
    return bytes_ - offset < pieceBytes_ ? bytes_ - offset : pieceBytes_;
  }
  bool post();
  transport::Progress reducePiece();

  const std::byte* input_;
  std::byte* output_;
  size_t bytes_, elementBytes_, pieceBytes_;
  reduce::ReduceManyFn reduceMany_;
  size_t posted_ = 0, reduced_ = 0;  // bytes
  uint32_t next_ = 0;                // member whose piece is looked for
  const void* sources_[transport::kMostGroupMembers];
};

}  // namespace inccl::exec
