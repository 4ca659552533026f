// The receiving half of stream_channel.h.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transport/stream_channel.h"

namespace inccl::transport {

using wire::StreamFrame;

StreamRecvChannel::StreamRecvChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes)
    : stream_(std::move(stream)), slotBytes_(slotBytes), buffer_(bufferBytes(slotBytes)) {}

Arrival StreamRecvChannel::arrived() {
  if (!inPlace_) {
    if (broken_ || user_) return {};
    streamEmpty_ = false;
    // Into an empty buffer a frame like the last one is read at once, to where
    // it may stay.
    const size_t likely = buffered() == 0 ? lastFrameBytes_ + kTailBytes : 0;
    if (!learnHead(std::max(likely, kReadAheadBytes)) || !completeInPlace()) return {};
  }
  return {buffer_.at(begin_), head_.payloadBytes, head_.tag};
}

void StreamRecvChannel::release() {
  if (inPlace_)
    finishHead(afterHead_);
  else
    fail(internalError("release without an arrived message"));
}

Progress StreamRecvChannel::receive(std::byte* data, size_t bytes, OpTag tag) {
  if (broken_) return Progress::kBroken;
  streamEmpty_ = false;
  // In front of a large message only its header is read, so that the payload is
  // copied once.
  const bool small = StreamFrame::kBytes + bytes <= kReadAheadBytes;
  if (!learnHead(small ? kReadAheadBytes : StreamFrame::kBytes))
    return broken_ ? Progress::kBroken : Progress::kPending;
  if (head_.tag != tag || head_.payloadBytes != bytes) return Progress::kMismatch;
  if (!user_) {
    const size_t here = inPlace_ ? bytes : std::min(buffered(), bytes);
    if (here > 0) std::memcpy(data, buffer_.at(begin_), here);
    if (here == bytes) {
      finishHead(inPlace_ ? afterHead_ : begin_ + bytes);
      return Progress::kDone;
    }
    user_ = data;
    taken_ = here;
    begin_ = end_ = FrameBuffer::kHeaderOffset;
    if (streamEmpty_) return Progress::kPending;
  }
  if (user_ != data) {
    fail(internalError("a receive was resumed with other memory"));
    return Progress::kBroken;
  }
  return receiveRest();
}

// One read of the rest straight into user memory, and of a little of what
// follows. The buffer is empty: all that it held of the payload has been taken.
Progress StreamRecvChannel::receiveRest() {
  const size_t rest = head_.payloadBytes - taken_;
  const iovec parts[2] = {{user_ + taken_, rest},
                          {buffer_.at(FrameBuffer::kHeaderOffset), kTailBytes}};
  const size_t got = read(parts, 2);
  if (broken_) return Progress::kBroken;
  taken_ += std::min(got, rest);
  if (got < rest) return Progress::kPending;
  end_ = FrameBuffer::kHeaderOffset + (got - rest);
  finishHead(FrameBuffer::kHeaderOffset);
  return Progress::kDone;
}

// Reads and judges the next header unless it is known; asks the stream for
// `readBytes` at most.
bool StreamRecvChannel::learnHead(size_t readBytes) {
  if (headKnown_) return true;
  if (buffered() < StreamFrame::kBytes) {
    if (buffered() == 0 || bufferBytes(slotBytes_) - end_ < kReadAheadBytes)
      moveDown(FrameBuffer::kHeaderOffset);
    readIntoBuffer(readBytes - buffered());
    if (buffered() < StreamFrame::kBytes) return false;
  }
  const auto frame = StreamFrame::decode(buffer_.at(begin_));
  if (!frame || frame->payloadBytes > slotBytes_) {
    fail(remoteError(frame ? fmt::format("damaged frame: {} bytes of payload exceed the slot of {}",
                                         frame->payloadBytes, slotBytes_)
                           : std::string("damaged frame: wrong magic")));
    return false;
  }
  begin_ += StreamFrame::kBytes;
  head_ = *frame;
  headKnown_ = true;
  return true;
}

// Makes the payload of the known head contiguous and aligned in the buffer.
bool StreamRecvChannel::completeInPlace() {
  const size_t bytes = head_.payloadBytes;
  if (buffered() < bytes) {
    if (begin_ % kPayloadAlignment != 0 || begin_ + bytes > bufferBytes(slotBytes_))
      moveDown(FrameBuffer::kAlignment);
    if (streamEmpty_) return false;
    readIntoBuffer(bytes - buffered() + kTailBytes);
    if (buffered() < bytes) return false;
  }
  afterHead_ = begin_ + bytes;
  const size_t aligned = begin_ - begin_ % kPayloadAlignment;
  if (aligned != begin_) std::memmove(buffer_.at(aligned), buffer_.at(begin_), bytes);
  begin_ = aligned;
  inPlace_ = true;
  return true;
}

void StreamRecvChannel::moveDown(size_t to) {
  const size_t bytes = buffered();
  if (bytes > 0) std::memmove(buffer_.at(to), buffer_.at(begin_), bytes);
  begin_ = to;
  end_ = to + bytes;
}

void StreamRecvChannel::readIntoBuffer(size_t most) {
  const iovec part{buffer_.at(end_), std::min<size_t>(most, bufferBytes(slotBytes_) - end_)};
  end_ += read(&part, 1);
}

size_t StreamRecvChannel::read(const iovec* parts, int count) {
  size_t asked = 0;
  for (int i = 0; i < count; ++i) asked += parts[i].iov_len;
  const ssize_t moved = stream_->read(parts, count);
  if (moved < 0) {
    failCut();
    return 0;
  }
  streamEmpty_ = static_cast<size_t>(moved) < asked;
  return static_cast<size_t>(moved);
}

// The head is done with; the stream goes on at `next`.
void StreamRecvChannel::finishHead(size_t next) {
  lastFrameBytes_ = StreamFrame::kBytes + head_.payloadBytes;
  begin_ = next;
  headKnown_ = inPlace_ = false;
  user_ = nullptr;
  taken_ = 0;
}

// The stream has failed or ended: says why and, within a message, what is
// missing.
void StreamRecvChannel::failCut() {
  const Status why = stream_->failure();
  if (headKnown_)
    fail({why.code(), fmt::format("{} after {} of {} bytes of a message", why.message(),
                                  user_ ? taken_ : buffered(), head_.payloadBytes)});
  else if (buffered() > 0)
    fail({why.code(), fmt::format("{} within the header of a message", why.message())});
  else
    fail(why);
}

void StreamRecvChannel::fail(Status failure) {
  if (broken_) return;
  broken_ = true;
  failure_ = std::move(failure);
}

}  // namespace inccl::transport
