#include "exec/shared/rooted.h"

#include <algorithm>
#include <cstring>

namespace inccl::exec {

using transport::Progress;

Progress ToRoot::step() {
  if (me() == root_) return take(kBytesPerStep);
  skipOthers();
  return publish();
}

// Of the publishers beside the root and this rank.
void ToRoot::skipOthers() {
  if (skipped_) return;
  skipped_ = true;
  const size_t messages = (bytes_ + pieceBytes_ - 1) / pieceBytes_;
  for (uint32_t member = 0; member < memberCount(); ++member) {
    if (member == root_ || member == me()) continue;
    group_.contributionOf(member).skip(messages);
    group_.doorbell(member).ring();
  }
}

Progress ToRoot::publish() {
  const size_t enough = published_ + kBytesPerStep;
  awaited_ = static_cast<int>(root_);
  while (published_ < bytes_) {
    const size_t piece = pieceAt(published_);
    if (published_ >= enough || !group_.contribution().post(input_ + published_, piece, tag_))
      return Progress::kPending;
    group_.doorbell(root_).ring();
    published_ += piece;
    ++moves_;
  }
  warmForNext(bytes_);
  return Progress::kDone;
}

Progress SharedReduce::take(size_t enough) {
  const size_t until = reduced_ + enough;
  while (reduced_ < bytes()) {
    if (reduced_ >= until) return Progress::kPending;
    for (; next_ < memberCount(); ++next_) {
      if (next_ == me()) {
        sources_[next_] = input() + reduced_;
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
    ++moves_;
  }
  return Progress::kDone;
}

Progress SharedGather::take(size_t enough) {
  std::byte* const own = output_ + bytes() * me();
  if (!ownCopied_ && own != input()) std::memcpy(own, input(), bytes());
  ownCopied_ = true;
  size_t copied = 0;
  for (bool moved = true; moved && unfinished_ > 0 && copied < enough;) {
    moved = false;
    for (uint32_t member = 0; member < memberCount(); ++member) {
      if (member == me() || read_[member] == bytes()) continue;
      const transport::SlotView view = group_.contributionOf(member).head();
      const Head head = look(view, member);
      if (head == Head::kForeign) return Progress::kMismatch;
      if (head == Head::kAbsent) continue;
      const size_t piece = pieceAt(read_[member]);
      std::memcpy(output_ + bytes() * member + read_[member], view.data, piece);
      group_.contributionOf(member).release();
      group_.doorbell(member).ring();
      read_[member] += piece;
      copied += piece;
      ++moves_;
      moved = true;
      if (read_[member] == bytes()) --unfinished_;
    }
  }
  return unfinished_ == 0 ? Progress::kDone : Progress::kPending;
}

Progress SharedScatter::step() {
  if (me() != root_) return take();
  const uint64_t enough = moves_ + kBytesPerStep / pieceBytes_ + 1;
  while (done_ < bytes_) {
    if (moves_ >= enough || !publish()) return Progress::kPending;
  }
  return Progress::kDone;
}

// The next rank's block of this piece; behind the last one, the own.
bool SharedScatter::publish() {
  const size_t piece = pieceAt(done_);
  if (next_ == root_) ++next_;
  if (next_ < memberCount()) {
    if (!group_.contribution().post(input_ + bytes_ * next_ + done_, piece, tag_)) return false;
    group_.ringOthers();
    ++next_;
    ++moves_;
    return true;
  }
  const std::byte* const own = input_ + bytes_ * root_ + done_;
  if (output_ + done_ != own) std::memcpy(output_ + done_, own, piece);
  next_ = 0;
  done_ += piece;
  return true;
}

Progress SharedScatter::take() {
  transport::SlotReader& reader = group_.contributionOf(root_);
  const uint32_t before = placeOf(me()), after = memberCount() - 2 - before;
  const size_t enough = done_ + kBytesPerStep;
  while (done_ < bytes_) {
    if (done_ >= enough) return Progress::kPending;
    if (!aligned_) reader.skip(before);
    aligned_ = true;
    const transport::SlotView view = reader.head();
    const Head head = look(view, root_);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    const size_t piece = pieceAt(done_);
    std::memcpy(output_ + done_, view.data, piece);
    reader.skip(1 + after);
    group_.doorbell(root_).ring();
    aligned_ = false;
    done_ += piece;
    ++moves_;
  }
  return Progress::kDone;
}

}  // namespace inccl::exec
