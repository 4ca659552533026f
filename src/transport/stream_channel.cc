#include "transport/stream_channel.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstring>

namespace inccl::transport {
namespace {

using wire::StreamFrame;

// How far a read for a header may reach into what follows: a small message comes whole, a large
// one is not copied twice.
constexpr size_t kReadAheadBytes = 8192;

}  // namespace

StreamSendChannel::StreamSendChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes)
    : stream_(std::move(stream)), slotBytes_(slotBytes) {
  for (Staged& slot : slots_) slot.frame.resize(StreamFrame::kBytes + slotBytes);
}

Progress StreamSendChannel::send(const std::byte* data, size_t bytes, OpTag tag) {
  const Progress earlier = flush();
  if (earlier == Progress::kBroken) return earlier;
  if (!slotFree()) return Progress::kPending;
  auto header = StreamFrame{static_cast<uint32_t>(bytes), tag}.encode();
  size_t written = 0;
  if (earlier == Progress::kDone) {
    const iovec parts[2] = {{header.data(), header.size()}, {const_cast<std::byte*>(data), bytes}};
    const ssize_t moved = stream_->write(parts, bytes > 0 ? 2 : 1);
    if (moved < 0) {
      broken_ = true;
      return Progress::kBroken;
    }
    written = static_cast<size_t>(moved);
    if (written == header.size() + bytes) return Progress::kDone;
  }
  // The rest waits here, so that the caller has its memory back.
  Staged& slot = newest();
  std::memcpy(slot.frame.data(), header.data(), header.size());
  if (bytes > 0) std::memcpy(slot.frame.data() + header.size(), data, bytes);
  slot.bytes = header.size() + bytes;
  slot.written = written;
  ++staged_;
  return Progress::kDone;
}

std::byte* StreamSendChannel::reserve() {
  if (!slotFree() && (flush() == Progress::kBroken || !slotFree())) return nullptr;
  return newest().frame.data() + StreamFrame::kBytes;
}

void StreamSendChannel::commit(size_t bytes, OpTag tag) {
  Staged& slot = newest();
  const auto header = StreamFrame{static_cast<uint32_t>(bytes), tag}.encode();
  std::memcpy(slot.frame.data(), header.data(), header.size());
  slot.bytes = header.size() + bytes;
  slot.written = 0;
  ++staged_;
  // A failure is kept and shows at the next call.
  static_cast<void>(flush());
}

Progress StreamSendChannel::flush() {
  if (broken_) return Progress::kBroken;
  while (staged_ > 0) {
    Staged& slot = slots_[oldest_];
    const iovec part{slot.frame.data() + slot.written, slot.bytes - slot.written};
    const ssize_t moved = stream_->write(&part, 1);
    if (moved < 0) {
      broken_ = true;
      return Progress::kBroken;
    }
    if (moved == 0) return Progress::kPending;
    slot.written += static_cast<size_t>(moved);
    if (slot.written < slot.bytes) continue;
    oldest_ = (oldest_ + 1) % kStagingSlots;
    --staged_;
  }
  return Progress::kDone;
}

WaitHandle StreamSendChannel::waitHandle() const {
  return staged_ > 0 ? WaitHandle{stream_->fd(), POLLOUT} : WaitHandle{};
}

StreamRecvChannel::StreamRecvChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes)
    : stream_(std::move(stream)),
      slotBytes_(slotBytes),
      buffer_(StreamFrame::kBytes + slotBytes + kReadAheadBytes) {}

Progress StreamRecvChannel::fill(size_t wanted) {
  while (buffered() < wanted) {
    if (broken_) return Progress::kBroken;
    if (begin_ + wanted > buffer_.size() || begin_ == end_) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, buffered());
      end_ -= begin_;
      begin_ = 0;
    }
    const size_t room = std::min(buffer_.size() - end_, wanted - buffered() + kReadAheadBytes);
    const iovec part{buffer_.data() + end_, room};
    const ssize_t moved = stream_->read(&part, 1);
    if (moved < 0) {
      broken_ = true;
      return Progress::kBroken;
    }
    if (moved == 0) return Progress::kPending;
    end_ += static_cast<size_t>(moved);
  }
  return Progress::kDone;
}

Progress StreamRecvChannel::readHeader() {
  if (haveFrame_) return Progress::kDone;
  if (const Progress verdict = fill(StreamFrame::kBytes); verdict != Progress::kDone)
    return verdict;
  const auto frame = StreamFrame::decode(buffer_.data() + begin_);
  if (!frame || frame->payloadBytes > slotBytes_) {
    broken_ = true;
    damage_ =
        remoteError(frame ? fmt::format("damaged frame: {} bytes of payload", frame->payloadBytes)
                          : std::string("damaged frame: wrong magic"));
    begin_ = end_ = 0;
    return Progress::kBroken;
  }
  frame_ = *frame;
  begin_ += StreamFrame::kBytes;
  haveFrame_ = true;
  received_ = 0;
  return Progress::kDone;
}

Arrival StreamRecvChannel::arrived() {
  if (readHeader() != Progress::kDone || fill(frame_.payloadBytes) != Progress::kDone) return {};
  return {buffer_.data() + begin_, frame_.payloadBytes, frame_.tag};
}

void StreamRecvChannel::release() {
  begin_ += frame_.payloadBytes;
  haveFrame_ = false;
}

Progress StreamRecvChannel::receive(std::byte* data, size_t bytes, OpTag tag) {
  if (const Progress verdict = readHeader(); verdict != Progress::kDone) return verdict;
  if (frame_.tag != tag || frame_.payloadBytes != bytes) return Progress::kMismatch;
  if (const Progress verdict = readInto(data, bytes); verdict != Progress::kDone) return verdict;
  haveFrame_ = false;
  return Progress::kDone;
}

Progress StreamRecvChannel::readInto(std::byte* data, size_t bytes) {
  const size_t ready = std::min(buffered(), bytes - received_);
  if (ready > 0) std::memcpy(data + received_, buffer_.data() + begin_, ready);
  begin_ += ready;
  received_ += ready;
  while (received_ < bytes) {
    if (broken_) return Progress::kBroken;
    begin_ = end_ = 0;
    const iovec parts[2] = {{data + received_, bytes - received_},
                            {buffer_.data(), kReadAheadBytes}};
    const ssize_t moved = stream_->read(parts, 2);
    if (moved < 0) {
      broken_ = true;
      return Progress::kBroken;
    }
    if (moved == 0) return Progress::kPending;
    const size_t direct = std::min(static_cast<size_t>(moved), bytes - received_);
    received_ += direct;
    end_ = static_cast<size_t>(moved) - direct;
  }
  return Progress::kDone;
}

WaitHandle StreamRecvChannel::waitHandle() const { return {stream_->fd(), POLLIN}; }

}  // namespace inccl::transport
