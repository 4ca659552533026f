// A ring of message slots in memory that one writer and several readers map.
//
// Each slot has a header line of its own: sequence, tag and length are written with one cache-line
// transfer, and the sequence is stored last (release). A reader that polls the header of the slot
// that it expects next gets all three with the line that wakes it. Slots are reused in order; the
// writer may reuse one when every reader's `released` counter has passed it. It keeps the smallest
// counter that it has seen and looks at the readers' lines only when that one does not suffice, so
// in steady state a message costs the writer no miss at all.
//
// A message of at most kInlineBytes that is post()ed lies in the header's own line, so it takes one
// transfer instead of two.
//
// Layout (offsets from the ring's start): slotCount headers, readerCount released-lines, then the
// slots. All integers are naturally aligned; the memory starts zeroed. Readers are numbered
// 0 … readerCount-1. The same ring is the channel of a pair (one reader) and the multi-channel of a
// group (all others read).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/op_signature.h"
#include "os/cache_hints.h"

namespace inccl::transport {

struct SlotRingShape {
  size_t slotBytes = 0;  // a multiple of 64
  uint32_t slotCount = 0;
  uint32_t readerCount = 0;

  [[nodiscard]] size_t totalBytes() const {
    return 64 * size_t{slotCount} + 64 * size_t{readerCount} + slotBytes * slotCount;
  }
};

// What is at the head of a ring, seen by a reader.
struct SlotView {
  const std::byte* data = nullptr;  // nullptr: nothing there yet
  size_t bytes = 0;
  OpTag tag;
};

class SlotRingBase {
 public:
  SlotRingBase() = default;
  SlotRingBase(std::byte* memory, SlotRingShape shape) : memory_(memory), shape_(shape) {}
  [[nodiscard]] const SlotRingShape& shape() const { return shape_; }
  static constexpr size_t kInlineBytes = 40;

 protected:
  // In Header::bytes: the message lies in the header.
  static constexpr uint64_t kIsInline = uint64_t{1} << 63;
  struct alignas(64) Header {
    std::atomic<uint64_t> sequence;  // number of the message (1, 2 …) that the slot holds
    uint64_t tag;
    uint64_t bytes;
    std::byte inlined[kInlineBytes];
  };
  static_assert(sizeof(Header) == 64);
  struct alignas(64) Released {
    std::atomic<uint64_t> count;  // messages that this reader has let go, or will not look at
  };
  [[nodiscard]] Header& header(uint32_t slot) const {
    return reinterpret_cast<Header*>(memory_)[slot];
  }
  [[nodiscard]] Released& released(uint32_t reader) const {
    return reinterpret_cast<Released*>(memory_ + 64 * size_t{shape_.slotCount})[reader];
  }
  [[nodiscard]] std::byte* slot(uint32_t index) const {
    return memory_ + 64 * (size_t{shape_.slotCount} + shape_.readerCount) +
           shape_.slotBytes * index;
  }

  std::byte* memory_ = nullptr;
  SlotRingShape shape_;
};

// The writing end; one thread.
class SlotWriter : public SlotRingBase {
 public:
  using SlotRingBase::SlotRingBase;

  // The next slot to fill, or nullptr while a reader still holds it.
  [[nodiscard]] std::byte* reserve() {
    if (isFull() && !refreshReleased()) return nullptr;
    return slot(nextSlot_);
  }
  // Makes the reserved slot visible. Pairs with SlotReader::head().
  void publish(size_t bytes, OpTag tag) { publishHeader(bytes, tag); }
  // Copies a message and publishes it; false while a reader still holds the slot.
  [[nodiscard]] bool post(const void* data, size_t bytes, OpTag tag) {
    std::byte* const slot = reserve();
    if (!slot) return false;
    if (bytes > kInlineBytes) {
      std::memcpy(slot, data, bytes);
      publishHeader(bytes, tag);
    } else {
      if (bytes > 0) std::memcpy(header(nextSlot_).inlined, data, bytes);
      publishHeader(bytes | kIsInline, tag);
    }
    return true;
  }
  // Fetches the header and the first `bytes` of the next slot into this core's cache, if the slot
  // is known to be free: for the time in which one waits anyway.
  void warmNextSlot(size_t bytes) const {
    if (isFull()) return;
    os::prefetchForWriting(reinterpret_cast<const std::byte*>(&header(nextSlot_)), sizeof(Header));
    os::prefetchForWriting(slot(nextSlot_), bytes);
  }
  // All slots side by side, to be used for anything until the next message; nullptr unless every
  // reader has let go of everything.
  [[nodiscard]] std::byte* allSlots() { return drained() ? slot(0) : nullptr; }
  // True when every reader has let go of everything.
  [[nodiscard]] bool drained() {
    const auto held = [this] { return static_cast<int64_t>(published_ - smallestReleased_) > 0; };
    return !held() || (refreshReleased(), !held());
  }

 private:
  // Signed, since readers that skip may be ahead of the writer.
  [[nodiscard]] bool isFull() const {
    return static_cast<int64_t>(published_ - smallestReleased_) >= int64_t{shape_.slotCount};
  }
  void publishHeader(uint64_t bytes, OpTag tag) {
    Header& line = header(nextSlot_);
    line.tag = tag.word();
    line.bytes = bytes;
    line.sequence.store(++published_, std::memory_order_release);
    if (++nextSlot_ == shape_.slotCount) nextSlot_ = 0;
  }
  bool refreshReleased() {
    uint64_t smallest = ~uint64_t{0};
    for (uint32_t reader = 0; reader < shape_.readerCount; ++reader)
      smallest = std::min(smallest, released(reader).count.load(std::memory_order_acquire));
    smallestReleased_ = smallest;
    return !isFull();
  }

  uint64_t published_ = 0;
  uint64_t smallestReleased_ = 0;
  uint32_t nextSlot_ = 0;
};

// One reading end; one thread.
class SlotReader : public SlotRingBase {
 public:
  SlotReader() = default;
  SlotReader(std::byte* memory, SlotRingShape shape, uint32_t reader)
      : SlotRingBase(memory, shape), reader_(reader) {}

  // The oldest message that was not released yet. Pairs with SlotWriter::publish(). A length from
  // the peer's memory is never trusted beyond the slot.
  [[nodiscard]] SlotView head() const {
    const Header& line = header(nextSlot_);
    if (line.sequence.load(std::memory_order_acquire) != released_ + 1) return {};
    const OpTag tag = OpTag::fromWord(line.tag);
    if ((line.bytes & kIsInline) != 0)
      return {line.inlined, std::min<size_t>(line.bytes & ~kIsInline, kInlineBytes), tag};
    return {slot(nextSlot_), std::min<size_t>(line.bytes, shape_.slotBytes), tag};
  }
  // Lets go of the oldest message. Pairs with SlotWriter::reserve().
  void release() {
    released(reader_).count.store(++released_, std::memory_order_release);
    if (++nextSlot_ == shape_.slotCount) nextSlot_ = 0;
  }
  // Lets go of the next `messages` without looking at them; the writer may not even have come to
  // them. For whoever knows how many messages of an operation are not for it.
  void skip(uint64_t messages) {
    released(reader_).count.store(released_ += messages, std::memory_order_release);
    nextSlot_ = static_cast<uint32_t>((nextSlot_ + messages) % shape_.slotCount);
  }

 private:
  uint64_t released_ = 0;
  uint32_t nextSlot_ = 0;
  uint32_t reader_ = 0;
};

}  // namespace inccl::transport
