#include "exec/message.h"

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

}  // namespace inccl::exec
