#include "exec/shared/publish.h"

#include <algorithm>
#include <cstring>

namespace inccl::exec {
namespace {

using transport::Progress;

// Publishes the piece of `input` that begins at `done`; false while no slot is free.
bool publishPiece(transport::MultiGroup& group, OpTag tag, const std::byte* input, size_t bytes,
                  size_t& done) {
  const size_t piece = std::min(bytes - done, group.shape().slotBytes);
  if (!group.contribution().post(input + done, piece, tag)) return false;
  group.ringOthers();
  done += piece;
  return true;
}

// Copies the piece at the head of `member`'s ring to output + done and lets it go.
void takePiece(transport::MultiGroup& group, uint32_t member, const transport::SlotView& view,
               std::byte* output, size_t bytes, size_t& done) {
  const size_t piece = std::min(view.bytes, bytes - done);
  std::memcpy(output + done, view.data, piece);
  done += piece;
  group.contributionOf(member).release();
  group.doorbell(member).ring();
}

}  // namespace

SharedBroadcast::SharedBroadcast(transport::MultiGroup& group, OpTag tag, uint32_t root,
                                 const void* input, void* output, size_t bytes)
    : SharedOperation(group, tag),
      root_(root),
      input_(static_cast<const std::byte*>(input)),
      output_(static_cast<std::byte*>(output)),
      bytes_(bytes) {}

Progress SharedBroadcast::step() {
  const size_t enough = done_ + kBytesPerStep;
  while (done_ < bytes_) {
    if (done_ >= enough) return Progress::kPending;
    if (me() == root_) {
      const size_t before = done_;
      if (!publishPiece(group_, tag_, input_, bytes_, done_)) return Progress::kPending;
      if (output_ != input_) std::memcpy(output_ + before, input_ + before, done_ - before);
      continue;
    }
    const transport::SlotView view = group_.contributionOf(root_).head();
    const Head head = look(view, root_);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
    takePiece(group_, root_, view, output_, bytes_, done_);
  }
  if (me() == root_) warmForNext(bytes_);
  return Progress::kDone;
}

SharedAllGather::SharedAllGather(transport::MultiGroup& group, OpTag tag, const void* input,
                                 void* output, size_t bytes)
    : SharedOperation(group, tag),
      input_(static_cast<const std::byte*>(input)),
      output_(static_cast<std::byte*>(output)),
      bytes_(bytes),
      unfinished_(group.memberCount() - 1) {}

Progress SharedAllGather::step() {
  std::byte* const own = output_ + bytes_ * me();
  const uint64_t enough = moves_ + kBytesPerStep / group_.shape().slotBytes + 1;
  for (;;) {
    bool moved = false;
    for (uint32_t member = 0; member < memberCount(); ++member) {
      if (member == me() || read_[member] == bytes_) continue;
      const transport::SlotView view = group_.contributionOf(member).head();
      const Head head = look(view, member);
      if (head == Head::kForeign) return Progress::kMismatch;
      if (head == Head::kAbsent) continue;
      takePiece(group_, member, view, output_ + bytes_ * member, bytes_, read_[member]);
      if (read_[member] == bytes_) --unfinished_;
      moved = true;
    }
    if (published_ < bytes_) {
      const size_t before = published_;
      if (publishPiece(group_, tag_, input_, bytes_, published_)) {
        if (own != input_) std::memcpy(own + before, input_ + before, published_ - before);
        moved = true;
      }
    }
    if (published_ == bytes_ && unfinished_ == 0) return Progress::kDone;
    if (!moved || ++moves_ >= enough) return Progress::kPending;
  }
}

}  // namespace inccl::exec
