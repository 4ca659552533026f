#include "exec/shared/half.h"

#include <algorithm>
#include <cstring>

namespace inccl::exec {
namespace {

using transport::Progress;

// A reduced block is copied to the result slot while it is in the first-level cache.
constexpr size_t kBlockBytes = 8192;

}  // namespace

HalfShape HalfShape::forVector(size_t count, size_t elementBytes,
                               const transport::MultiGroupShape& group, bool oversubscribed) {
  const size_t members = group.memberCount;
  // Foreign shares of a piece are (n-1)/n of it, rounded up by at most one element per share.
  const size_t slotElements = group.slotBytes / elementBytes - members;
  HalfShape shape;
  shape.pieceElements =
      std::max<size_t>(members, slotElements * members / std::max<size_t>(members - 1, 1));
  shape.lookahead = oversubscribed ? group.slotCount : 2;
  shape.pieceElements = std::min(shape.pieceElements, std::max<size_t>(count, 1));
  return shape;
}

HalfAllReduce::HalfAllReduce(transport::MultiGroup& group, OpTag tag, const void* input,
                             void* output, size_t count, size_t elementBytes,
                             reduce::ReduceManyFn reduceMany, HalfShape shape)
    : SharedOperation(group, tag),
      input_(static_cast<const std::byte*>(input)),
      output_(static_cast<std::byte*>(output)),
      count_(count),
      elementBytes_(elementBytes),
      reduceMany_(reduceMany),
      shape_(shape),
      pieceCount_((count + shape.pieceElements - 1) / shape.pieceElements) {}

HalfAllReduce::Span HalfAllReduce::piece(size_t index) const {
  const size_t begin = index * shape_.pieceElements;
  return {begin, std::min(shape_.pieceElements, count_ - begin)};
}

HalfAllReduce::Span HalfAllReduce::share(const Span& piece, uint32_t member) const {
  const size_t n = memberCount();
  const size_t base = piece.count / n, extra = piece.count % n;
  const size_t longer = std::min<size_t>(member, extra);
  return {piece.begin + base * member + longer, base + (member < extra ? 1 : 0)};
}

Progress HalfAllReduce::step() {
  const size_t lastPiece = gathered_ + piecesPerStep();
  for (;;) {
    if (gathered_ >= lastPiece && gathered_ != pieceCount_) return Progress::kPending;
    // Finish before you start: what is oldest is warmest in the caches.
    Progress moved = gather();
    if (moved == Progress::kDone && gathered_ == pieceCount_) return Progress::kDone;
    if (moved == Progress::kPending) moved = reduceShare();
    if (moved == Progress::kPending) moved = post();
    if (moved != Progress::kDone) return moved;
  }
}

Progress HalfAllReduce::post() {
  if (posted_ == pieceCount_ || posted_ >= reduced_ + shape_.lookahead) return Progress::kPending;
  std::byte* const slot = group_.contribution().reserve();
  if (!slot) return Progress::kPending;
  const Span whole = piece(posted_), mine = share(whole, me());
  const size_t before = (mine.begin - whole.begin) * elementBytes_;
  const size_t after = (whole.count - mine.count) * elementBytes_ - before;
  std::memcpy(slot, inputAt(whole.begin), before);
  std::memcpy(slot + before, inputAt(mine.begin + mine.count), after);
  group_.contribution().publish(before + after, tag_);
  group_.ringOthers();
  ++posted_;
  return Progress::kDone;
}

Progress HalfAllReduce::reduceShare() {
  if (reduced_ == posted_) return Progress::kPending;
  const Span whole = piece(reduced_), mine = share(whole, me());
  for (; contributionsSeen_ < memberCount(); ++contributionsSeen_) {
    const uint32_t member = contributionsSeen_;
    if (member == me()) {
      contributions_[member] = inputAt(mine.begin);
      continue;
    }
    const transport::SlotView view = group_.contributionOf(member).head();
    const Head head = look(view, member);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    // The slot leaves out its owner's share.
    const size_t leftOut = member < me() ? share(whole, member).count : 0;
    contributions_[member] = view.data + (mine.begin - whole.begin - leftOut) * elementBytes_;
  }
  std::byte* const slot = group_.result().reserve();
  if (!slot) return Progress::kPending;
  reduceInto(slot, mine);
  group_.result().publish(mine.count * elementBytes_, tag_);
  for (uint32_t member = 0; member < memberCount(); ++member) {
    if (member != me()) group_.contributionOf(member).release();
  }
  group_.ringOthers();
  contributionsSeen_ = 0;
  ++reduced_;
  return Progress::kDone;
}

void HalfAllReduce::reduceInto(std::byte* slot, const Span& mine) {
  const size_t blockElements = kBlockBytes / elementBytes_;
  const void* sources[transport::kMostGroupMembers];
  for (size_t done = 0; done < mine.count; done += blockElements) {
    const size_t count = std::min(blockElements, mine.count - done);
    for (uint32_t member = 0; member < memberCount(); ++member)
      sources[member] = contributions_[member] + done * elementBytes_;
    std::byte* const output = outputAt(mine.begin + done);
    reduceMany_(output, sources, memberCount(), count);
    std::memcpy(slot + done * elementBytes_, output, count * elementBytes_);
  }
}

Progress HalfAllReduce::gather() {
  if (gathered_ == reduced_) return Progress::kPending;
  for (; nextResult_ < memberCount(); ++nextResult_) {
    if (nextResult_ == me()) continue;
    transport::SlotReader& reader = group_.resultOf(nextResult_);
    const transport::SlotView view = reader.head();
    const Head head = look(view, nextResult_);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    const Span theirs = share(piece(gathered_), nextResult_);
    std::memcpy(outputAt(theirs.begin), view.data, theirs.count * elementBytes_);
    reader.release();
    group_.doorbell(nextResult_).ring();
  }
  nextResult_ = 0;
  ++gathered_;
  return Progress::kDone;
}

}  // namespace inccl::exec
