// Channels over a byte stream: frames, partial writes and reads, read-ahead.
//
// A stream (a TCP socket, a test's in-memory pipe) moves some bytes at a time.
// The sender writes header and payload with one call, straight from user
// memory. What the stream does not take is kept in one of two staging slots and
// pushed by every later call, above all flush(), so that a sender can always
// have two messages under way, as the verifier of schedules assumes, however
// small the kernel's buffers are.
//
// The receiver reads ahead: a small message costs one read, header included,
// and several small ones often cost none. The payload of a large one goes
// straight to its place, be it user memory or, for a look in place, the buffer,
// and the next header comes with the same read. A read that came back short has
// emptied the stream, so the call ends there instead of asking once more.
//
// Nothing is allocated after construction. The first failure sticks; messages
// that had arrived in full are still delivered.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>

#include "transport/transport.h"
#include "wire/stream_frame.h"

namespace inccl::transport {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Bytes moved; 0: nothing can be moved now; -1: failed or ended for good,
  // failure() says why. At least one part, none of them empty.
  virtual ssize_t write(const iovec* parts, int count) = 0;
  virtual ssize_t read(const iovec* parts, int count) = 0;
  [[nodiscard]] virtual Status failure() const = 0;
  // What to sleep on until write, or read, may move something again.
  [[nodiscard]] virtual WaitHandle writable() const = 0;
  [[nodiscard]] virtual WaitHandle readable() const = 0;
};

// Memory for frames, aligned so that payloads can be. Not zeroed: a page that
// no message ever touches costs no memory.
class FrameBuffer {
 public:
  static constexpr size_t kAlignment = 64;
  // A header here is followed by an aligned payload.
  static constexpr size_t kHeaderOffset = kAlignment - wire::StreamFrame::kBytes;

  explicit FrameBuffer(size_t bytes)
      : memory_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kAlignment}))) {}
  [[nodiscard]] std::byte* at(size_t offset) const { return memory_.get() + offset; }

 private:
  struct Free {
    void operator()(std::byte* memory) const {
      ::operator delete (memory, std::align_val_t{kAlignment});
    }
  };
  std::unique_ptr<std::byte, Free> memory_;
};

class StreamSendChannel final : public SendChannel {
 public:
  StreamSendChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes);
  // Buffer memory that a channel holds.
  static constexpr uint64_t bufferBytes(size_t slotBytes) {
    return kStagingSlots * stride(slotBytes);
  }

  [[nodiscard]] size_t slotBytes() const override { return slotBytes_; }
  [[nodiscard]] uint32_t slotCount() const override { return kStagingSlots; }
  [[nodiscard]] Progress send(const std::byte* data, size_t bytes, OpTag tag) override;
  [[nodiscard]] std::byte* reserve() override;
  void commit(size_t bytes, OpTag tag) override;
  [[nodiscard]] Progress flush() override;
  [[nodiscard]] Status failure() const override { return failure_; }
  [[nodiscard]] WaitHandle waitHandle() const override;

 private:
  static constexpr uint32_t kStagingSlots = 2;
  static constexpr uint64_t stride(size_t slotBytes) {
    constexpr uint64_t kMask = FrameBuffer::kAlignment - 1;
    return FrameBuffer::kAlignment + ((slotBytes + kMask) & ~kMask);
  }
  // What the stream has not taken yet of a frame, or of its end.
  struct Staged {
    const std::byte* next = nullptr;
    size_t rest = 0;
  };
  // The parts of one write: the staged slots, oldest first, and a frame in the
  // caller's memory.
  struct Parts {
    std::array<iovec, kStagingSlots + 2> list;
    int count = 0;
    void add(const std::byte* data, size_t bytes) {
      // iovec serves reading too, hence the cast.
      if (bytes > 0) list[static_cast<size_t>(count++)] = {const_cast<std::byte*>(data), bytes};
    }
  };
  [[nodiscard]] bool slotFree() const { return staged_ < kStagingSlots; }
  [[nodiscard]] uint32_t newest() const { return (oldest_ + staged_) % kStagingSlots; }
  [[nodiscard]] std::byte* slotHeader(uint32_t slot) const {
    return buffer_.at(slot * stride(slotBytes_) + FrameBuffer::kHeaderOffset);
  }
  void addStaged(Parts& parts) const;
  // One write; the bytes that went beyond the staged slots. Nothing when the
  // stream failed.
  std::optional<size_t> push(const Parts& parts);
  void fail(Status failure);

  std::unique_ptr<ByteStream> stream_;
  size_t slotBytes_;
  FrameBuffer buffer_;
  std::array<Staged, kStagingSlots> slots_;
  uint32_t oldest_ = 0, staged_ = 0;
  bool reserved_ = false;  // the slot after the staged ones is the caller's
  bool broken_ = false;
  Status failure_;
};

class StreamRecvChannel final : public RecvChannel {
 public:
  // Read beyond what is asked for, at most: in search of a header, and behind a
  // large payload.
  static constexpr size_t kReadAheadBytes = 16384;
  static constexpr size_t kTailBytes = 4096;

  StreamRecvChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes);
  // Buffer memory that a channel holds.
  static constexpr uint64_t bufferBytes(size_t slotBytes) {
    return FrameBuffer::kAlignment + slotBytes + kReadAheadBytes;
  }

  [[nodiscard]] size_t slotBytes() const override { return slotBytes_; }
  [[nodiscard]] uint32_t slotCount() const override { return 2; }
  [[nodiscard]] Arrival arrived() override;
  void release() override;
  [[nodiscard]] Progress receive(std::byte* data, size_t bytes, OpTag tag) override;
  [[nodiscard]] Status failure() const override { return failure_; }
  [[nodiscard]] WaitHandle waitHandle() const override { return stream_->readable(); }
  // After arrived() gave nothing: whether it ever can again.
  [[nodiscard]] bool broken() const override { return broken_; }

 private:
  // Payloads looked at in place have it, whatever lay before them in the
  // stream. The header, already read, lies below them and leaves the room to
  // move them down.
  static constexpr size_t kPayloadAlignment = 16;
  static_assert(kPayloadAlignment <= wire::StreamFrame::kBytes);

  [[nodiscard]] size_t buffered() const { return end_ - begin_; }
  bool learnHead(size_t readBytes);
  bool completeInPlace();
  Progress receiveRest();
  void moveDown(size_t to);
  void readIntoBuffer(size_t most);
  size_t read(const iovec* parts, int count);
  void finishHead(size_t next);
  void failCut();
  void fail(Status failure);

  std::unique_ptr<ByteStream> stream_;
  size_t slotBytes_;
  FrameBuffer buffer_;
  // Unread bytes of the stream are [begin_, end_) of the buffer. Once the head
  // is known its header is behind and begin_ is the rest of its payload.
  size_t begin_ = FrameBuffer::kHeaderOffset, end_ = FrameBuffer::kHeaderOffset;
  bool headKnown_ = false;
  wire::StreamFrame head_;
  bool inPlace_ = false;       // the head is complete and aligned in the buffer
  size_t afterHead_ = 0;       // where the stream goes on behind it
  std::byte* user_ = nullptr;  // where the head goes, once its first bytes went there
  size_t taken_ = 0;           // payload bytes of the head at user_
  size_t lastFrameBytes_ = 0;  // what the next frame is likely to take
  bool streamEmpty_ = false;   // the last read of this call came back short
  bool broken_ = false;
  Status failure_;
};

// The largest slots, at most `largest`, with which a rank of `rankCount` that
// talks with all others, and besides opens `moreChannels` in each direction,
// keeps within `bufferBytes`; an error that names the figure when not even the
// smallest do.
Result<size_t> streamSlotBytesWithin(uint64_t bufferBytes, int rankCount, size_t largest,
                                     uint64_t moreChannels = 0);

}  // namespace inccl::transport
