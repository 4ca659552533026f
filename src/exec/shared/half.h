// The `half` all-reduce: each rank reduces its share of the vector and hands the result to all.
//
// The vector is cut into pieces, each piece into n shares. For every piece a rank
//   posts    the shares of the others into a slot of its contribution ring,
//   reduces  its own share from everybody's slots (and its own input), in rank order, into the
//            output and, while that is still in the first-level cache, into a slot of its result
//            ring,
//   gathers  the others' shares from their result slots into the output.
// So each byte is reduced once in the whole group, and every rank gets the bits that the share's
// owner computed. The three stages of different pieces overlap: a piece is posted before the
// previous one is reduced, so that in step nobody waits. Posting far ahead would push the slots out
// of the cache; `lookahead` bounds it (and is larger where ranks share cores: fewer switches).
//
// In place works since a share of the output is written only after the same share of the input was
// posted or reduced.
//
// Implements the schedule `half` (direct reduce-scatter, then direct all-gather).
#pragma once

#include "exec/shared/shared_operation.h"
#include "reduce/reduce.h"

namespace inccl::exec {

// How a vector is cut.
struct HalfShape {
  size_t pieceElements = 0;  // of one piece; the last may be shorter
  uint32_t lookahead = 2;    // pieces posted before the oldest is reduced

  // Pieces whose foreign shares fit a slot, and not larger than is good for the caches.
  static HalfShape forVector(size_t count, size_t elementBytes,
                             const transport::MultiGroupShape& group, bool oversubscribed);
};

class HalfAllReduce final : public SharedOperation {
 public:
  HalfAllReduce(transport::MultiGroup& group, OpTag tag, const void* input, void* output,
                size_t count, size_t elementBytes, reduce::ReduceManyFn reduceMany,
                HalfShape shape);

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return posted_ + reduced_ + gathered_; }

 private:
  [[nodiscard]] size_t piecesPerStep() const {
    const size_t pieceBytes = shape_.pieceElements * elementBytes_;
    return kBytesPerStep / (pieceBytes == 0 ? 1 : pieceBytes) + 1;
  }
  // Elements [begin, begin + count) of the vector.
  struct Span {
    size_t begin, count;
  };
  [[nodiscard]] Span piece(size_t index) const;
  [[nodiscard]] Span share(const Span& piece, uint32_t member) const;
  [[nodiscard]] const std::byte* inputAt(size_t element) const {
    return input_ + element * elementBytes_;
  }
  [[nodiscard]] std::byte* outputAt(size_t element) const {
    return output_ + element * elementBytes_;
  }

  // Each does its next piece if it can; kDone when it did.
  transport::Progress post();
  transport::Progress reduceShare();
  transport::Progress gather();
  void reduceInto(std::byte* slot, const Span& piece);

  const std::byte* input_;
  std::byte* output_;
  size_t count_, elementBytes_;
  reduce::ReduceManyFn reduceMany_;
  HalfShape shape_;
  size_t pieceCount_;
  size_t posted_ = 0, reduced_ = 0, gathered_ = 0;
  uint32_t contributionsSeen_ = 0;  // members whose contribution to piece `reduced_` is there
  uint32_t nextResult_ = 0;         // member whose result of piece `gathered_` comes next
  const std::byte* contributions_[transport::kMostGroupMembers];
};

}  // namespace inccl::exec
