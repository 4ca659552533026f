#include "exec/shared/blocks.h"

#include <algorithm>
#include <cstring>

namespace inccl::exec {

using transport::Progress;

BlockShape BlockShape::forBlocks(size_t blockBytes, size_t elementBytes,
                                 const transport::MultiGroupShape& group, bool oversubscribed) {
  const size_t others = std::max<size_t>(group.memberCount - 1, 1);
  BlockShape shape;
  shape.pieceBytes = std::max(group.slotBytes / others / elementBytes, size_t{1}) * elementBytes;
  shape.pieceBytes = std::min(shape.pieceBytes, std::max(blockBytes, elementBytes));
  shape.lookahead = oversubscribed ? group.slotCount : 2;
  return shape;
}

Progress SharedBlocks::step() {
  const size_t enough = taken_ + kBytesPerStep / memberCount() + 1;
  for (;;) {
    if (taken_ >= enough && taken_ != blockBytes_) return Progress::kPending;
    const bool posted = post();
    const Progress verdict = taken_ == posted_ ? Progress::kPending : take();
    if (verdict == Progress::kMismatch) return verdict;
    if (verdict == Progress::kDone) {
      next_ = 0;
      taken_ += pieceAt(taken_);
      if (taken_ == blockBytes_) return Progress::kDone;
    } else if (!posted) {
      return Progress::kPending;
    }
  }
}

bool SharedBlocks::post() {
  if (posted_ == blockBytes_ || posted_ >= taken_ + shape_.lookahead * shape_.pieceBytes)
    return false;
  std::byte* const slot = group_.contribution().reserve();
  if (!slot) return false;
  const size_t piece = pieceAt(posted_);
  std::byte* to = slot;
  for (uint32_t member = 0; member < memberCount(); ++member) {
    if (member == me()) continue;
    std::memcpy(to, input_ + blockBytes_ * member + posted_, piece);
    to += piece;
  }
  group_.contribution().publish(static_cast<size_t>(to - slot), tag_);
  group_.ringOthers();
  posted_ += piece;
  if (piece == blockBytes_) warmForNext(static_cast<size_t>(to - slot));
  return true;
}

Progress SharedReduceScatter::take() {
  for (; next_ < memberCount(); ++next_) {
    if (next_ == me()) {
      sources_[next_] = ownBlock() + taken();
      continue;
    }
    const transport::SlotView view = group_.contributionOf(next_).head();
    const Head head = look(view, next_);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    sources_[next_] = minePart(view, next_);
  }
  reduceMany_(output_ + taken(), sources_, memberCount(), pieceAt(taken()) / elementBytes_);
  for (uint32_t member = 0; member < memberCount(); ++member) {
    if (member != me()) group_.contributionOf(member).release();
  }
  group_.ringOthers();
  return Progress::kDone;
}

Progress SharedAllToAll::take() {
  const size_t piece = pieceAt(taken());
  for (; next_ < memberCount(); ++next_) {
    std::byte* const to = output_ + blockBytes() * next_ + taken();
    if (next_ == me()) {
      std::memcpy(to, ownBlock() + taken(), piece);
      continue;
    }
    const transport::SlotView view = group_.contributionOf(next_).head();
    const Head head = look(view, next_);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    std::memcpy(to, minePart(view, next_), piece);
    group_.contributionOf(next_).release();
    group_.doorbell(next_).ring();
  }
  return Progress::kDone;
}

}  // namespace inccl::exec
