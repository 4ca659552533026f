#include "transport/loopback/loopback_stream.h"

#include <algorithm>

namespace inccl::transport::loopback {
namespace {

// One end of a pipe; both ends together keep it.
class LoopbackEnd final : public ByteStream {
 public:
  explicit LoopbackEnd(std::shared_ptr<LoopbackPipe> pipe) : pipe_(std::move(pipe)) {}
  ssize_t write(const iovec* parts, int count) override {
    return judge(pipe_->write(parts, count));
  }
  ssize_t read(const iovec* parts, int count) override { return judge(pipe_->read(parts, count)); }
  [[nodiscard]] Status failure() const override { return failure_; }

 private:
  ssize_t judge(ssize_t moved) {
    if (moved < 0) failure_ = remoteError("the loopback connection was cut");
    return moved;
  }
  std::shared_ptr<LoopbackPipe> pipe_;
  Status failure_;
};

}  // namespace

LoopbackPipe::LoopbackPipe(const LoopbackFaults& faults)
    : faults_(faults), random_(faults.seed), ring_(faults.bufferBytes) {}

size_t LoopbackPipe::limit(size_t possible) {
  std::uniform_real_distribution<double> chance(0, 1);
  if (possible == 0 || chance(random_) < faults_.skippedMoves) return 0;
  if (chance(random_) < faults_.shortMoves)
    return std::uniform_int_distribution<size_t>(1, possible)(random_);
  return possible;
}

ssize_t LoopbackPipe::write(const iovec* parts, int count) {
  const std::lock_guard lock(mutex_);
  if (written_ >= faults_.cutAfterBytes) return -1;
  size_t offered = 0;
  for (int i = 0; i < count; ++i) offered += parts[i].iov_len;
  const size_t room =
      std::min<uint64_t>(ring_.size() - (written_ - read_), faults_.cutAfterBytes - written_);
  size_t left = limit(std::min(offered, room));
  const size_t moved = left;
  for (int i = 0; i < count; ++i) {
    const auto* const from = static_cast<const std::byte*>(parts[i].iov_base);
    for (size_t at = 0; at < parts[i].iov_len && left > 0; ++at, --left)
      ring_[written_++ % ring_.size()] = from[at];
  }
  return static_cast<ssize_t>(moved);
}

ssize_t LoopbackPipe::read(const iovec* parts, int count) {
  const std::lock_guard lock(mutex_);
  if (read_ >= faults_.cutAfterBytes) return -1;
  size_t wanted = 0;
  for (int i = 0; i < count; ++i) wanted += parts[i].iov_len;
  size_t left = limit(std::min<uint64_t>(wanted, written_ - read_));
  const size_t moved = left;
  for (int i = 0; i < count; ++i) {
    auto* const to = static_cast<std::byte*>(parts[i].iov_base);
    for (size_t at = 0; at < parts[i].iov_len && left > 0; ++at, --left)
      to[at] = ring_[read_++ % ring_.size()];
  }
  return static_cast<ssize_t>(moved);
}

LoopbackPair makePair(const LoopbackFaults& faults, size_t slotBytes) {
  auto pipe = std::make_shared<LoopbackPipe>(faults);
  return {std::make_unique<StreamSendChannel>(std::make_unique<LoopbackEnd>(pipe), slotBytes),
          std::make_unique<StreamRecvChannel>(std::make_unique<LoopbackEnd>(pipe), slotBytes)};
}

}  // namespace inccl::transport::loopback
