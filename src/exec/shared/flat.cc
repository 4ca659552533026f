#include "exec/shared/flat.h"

#include <algorithm>
#include <cstring>

namespace inccl::exec {

using transport::Progress;

Progress FlatAllReduce::step() {
  const size_t enough = reduced_ + kBytesPerStep;
  for (;;) {
    if (reduced_ >= enough && reduced_ != bytes_) return Progress::kPending;
    const bool posted = post();
    const Progress verdict = reducePiece();
    if (verdict == Progress::kMismatch) return verdict;
    if (verdict == Progress::kDone && reduced_ == bytes_) return Progress::kDone;
    if (verdict == Progress::kPending && !posted) return Progress::kPending;
  }
}

bool FlatAllReduce::post() {
  if (posted_ == bytes_ || posted_ >= reduced_ + kPiecesAhead * pieceBytes_) return false;
  std::byte* const slot = group_.contribution().reserve();
  if (!slot) return false;
  const size_t piece = pieceAt(posted_);
  std::memcpy(slot, input_ + posted_, piece);
  group_.contribution().publish(piece, tag_);
  group_.ringOthers();
  posted_ += piece;
  if (piece == bytes_) warmForNext(piece);
  return true;
}

Progress FlatAllReduce::reducePiece() {
  if (reduced_ == posted_) return Progress::kPending;
  for (; next_ < memberCount(); ++next_) {
    if (next_ == me()) {
      sources_[next_] = input_ + reduced_;
      continue;
    }
    const transport::SlotView view = group_.contributionOf(next_).head();
    const Head head = look(view, next_);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    sources_[next_] = view.data;
  }
  const size_t piece = pieceAt(reduced_);
  reduceMany_(output_ + reduced_, sources_, memberCount(), piece / elementBytes_);
  for (uint32_t member = 0; member < memberCount(); ++member) {
    if (member != me()) group_.contributionOf(member).release();
  }
  group_.ringOthers();
  next_ = 0;
  reduced_ += piece;
  return Progress::kDone;
}

}  // namespace inccl::exec
