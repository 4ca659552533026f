#include "exec/message.h"

#include <algorithm>

namespace inccl::exec {

using transport::Progress;

Progress SendOperation::step() {
  const size_t enough = done_ + kBytesPerStep;
  while (!sent_) {
    if (done_ >= enough) return Progress::kPending;
    const size_t piece = nextPiece(channel_.slotBytes());
    const Progress verdict = channel_.send(data_ + done_, piece, tag_);
    if (verdict != Progress::kDone) return verdict;
    sent_ = advance(piece);
  }
  return channel_.flush();
}

Progress RecvOperation::step() {
  const size_t enough = done_ + kBytesPerStep;
  for (;;) {
    if (done_ >= enough) return Progress::kPending;
    const size_t piece = nextPiece(channel_.slotBytes());
    const Progress verdict = channel_.receive(data_ + done_, piece, tag_);
    if (verdict != Progress::kDone) return verdict;
    if (advance(piece)) return Progress::kDone;
  }
}

bool RecvAnyOperation::choose() {
  for (const Source& source : sources_) {
    if (source.channel->arrived().data == nullptr) continue;
    chosen_.emplace(*source.channel, source.peer, OpTag(++*source.received, digest_), data_,
                    bytes_);
    *source_ = source.peer;
    return true;
  }
  return false;
}

Progress RecvAnyOperation::step() {
  if (chosen_ || choose()) return chosen_->step();
  const bool anyoneLeft =
      std::ranges::any_of(sources_, [](const Source& source) { return !source.channel->broken(); });
  return anyoneLeft ? Progress::kPending : Progress::kBroken;
}

Status RecvAnyOperation::failure() const {
  if (chosen_) return chosen_->failure();
  return sources_.empty() ? Status() : sources_.back().channel->failure();
}

void RecvAnyOperation::addWaitHandles(std::vector<transport::WaitHandle>& handles) const {
  if (chosen_) return chosen_->addWaitHandles(handles);
  for (const Source& source : sources_) handles.push_back(source.channel->waitHandle());
}

}  // namespace inccl::exec
