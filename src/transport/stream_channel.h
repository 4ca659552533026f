// Channels over a byte stream: frames, partial writes and reads, read-ahead.
//
// A stream (a TCP socket, a test's in-memory pipe) moves some bytes at a time. The sender writes
// header and payload with one call, straight from user memory. What the stream does not take is
// kept in one of two staging slots and pushed by flush(), so that a sender can always have two
// messages under way, as the verifier of schedules assumes, however small the kernel's buffers are.
// The receiver reads ahead a little: a small message costs one read, header included; the payload
// of a large one goes straight to its place, and the next header comes with the same call.
// Nothing is allocated after construction.
#pragma once

#include <sys/uio.h>

#include <array>
#include <memory>
#include <vector>

#include "transport/transport.h"
#include "wire/stream_frame.h"

namespace inccl::transport {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Bytes moved; 0: nothing can be moved now; -1: failed or ended for good, failure() says why.
  virtual ssize_t write(const iovec* parts, int count) = 0;
  virtual ssize_t read(const iovec* parts, int count) = 0;
  [[nodiscard]] virtual Status failure() const = 0;
  [[nodiscard]] virtual int fd() const { return -1; }
};

class StreamSendChannel final : public SendChannel {
 public:
  StreamSendChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes);

  [[nodiscard]] size_t slotBytes() const override { return slotBytes_; }
  [[nodiscard]] uint32_t slotCount() const override { return kStagingSlots; }
  [[nodiscard]] Progress send(const std::byte* data, size_t bytes, OpTag tag) override;
  [[nodiscard]] std::byte* reserve() override;
  void commit(size_t bytes, OpTag tag) override;
  [[nodiscard]] Progress flush() override;
  [[nodiscard]] Status failure() const override { return stream_->failure(); }
  [[nodiscard]] WaitHandle waitHandle() const override;

 private:
  static constexpr uint32_t kStagingSlots = 2;
  // A frame of which the first `written` bytes are out.
  struct Staged {
    std::vector<std::byte> frame;  // header and payload
    size_t bytes = 0, written = 0;
  };
  [[nodiscard]] bool slotFree() const { return staged_ < kStagingSlots; }
  [[nodiscard]] Staged& newest() { return slots_[(oldest_ + staged_) % kStagingSlots]; }

  std::unique_ptr<ByteStream> stream_;
  size_t slotBytes_;
  std::array<Staged, kStagingSlots> slots_;
  uint32_t oldest_ = 0, staged_ = 0;
  bool broken_ = false;
};

class StreamRecvChannel final : public RecvChannel {
 public:
  StreamRecvChannel(std::unique_ptr<ByteStream> stream, size_t slotBytes);

  [[nodiscard]] size_t slotBytes() const override { return slotBytes_; }
  [[nodiscard]] uint32_t slotCount() const override { return 2; }
  [[nodiscard]] Arrival arrived() override;
  void release() override;
  [[nodiscard]] Progress receive(std::byte* data, size_t bytes, OpTag tag) override;
  [[nodiscard]] Status failure() const override {
    return damage_.ok() ? stream_->failure() : damage_;
  }
  [[nodiscard]] WaitHandle waitHandle() const override;
  // After arrived() gave nothing: whether it ever can again.
  [[nodiscard]] bool broken() const override { return broken_; }

 private:
  [[nodiscard]] size_t buffered() const { return end_ - begin_; }
  // Reads until `wanted` bytes are buffered (and some ahead); kDone when they are.
  Progress fill(size_t wanted);
  // The header of the frame at the head; kDone once frame_ is valid.
  Progress readHeader();
  Progress readInto(std::byte* data, size_t bytes);

  std::unique_ptr<ByteStream> stream_;
  size_t slotBytes_;
  std::vector<std::byte> buffer_;
  size_t begin_ = 0, end_ = 0;
  bool haveFrame_ = false;
  wire::StreamFrame frame_;
  size_t received_ = 0;  // payload bytes of frame_ already in user memory
  bool broken_ = false;
  Status damage_;
};

}  // namespace inccl::transport
