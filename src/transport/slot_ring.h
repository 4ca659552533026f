// A ring of message slots in memory that one writer and several readers map.
//
// Each slot has a header line of its own: sequence, tag and length are written with one cache-line
// transfer, and the sequence is stored last (release). A reader that polls the header of the slot
// that it expects next gets all three with the line that wakes it. Slots are reused in order; the
// writer may reuse one when every reader's `released` counter has passed it. It keeps the smallest
// counter that it has seen and looks at the readers' lines only when that one does not suffice, so
// in steady state a message costs the writer no miss at all.
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

 protected:
  struct alignas(64) Header {
    std::atomic<uint64_t> sequence;  // number of the message (1, 2 …) that the slot holds
    uint64_t tag;
    uint64_t bytes;
  };
  struct alignas(64) Released {
    std::atomic<uint64_t> count;  // messages that this reader has let go
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
    if (published_ - smallestReleased_ >= shape_.slotCount && !refreshReleased()) return nullptr;
    return slot(nextSlot_);
  }
  // Makes the reserved slot visible. Pairs with SlotReader::head().
  void publish(size_t bytes, OpTag tag) {
    Header& line = header(nextSlot_);
    line.tag = tag.word();
    line.bytes = bytes;
    line.sequence.store(++published_, std::memory_order_release);
    if (++nextSlot_ == shape_.slotCount) nextSlot_ = 0;
  }
  // Fetches the header and the first `bytes` of the next slot into this core's cache, if the slot
  // is known to be free: for the time in which one waits anyway.
  void warmNextSlot(size_t bytes) const {
    if (published_ - smallestReleased_ >= shape_.slotCount) return;
    os::prefetchForWriting(reinterpret_cast<const std::byte*>(&header(nextSlot_)), sizeof(Header));
    os::prefetchForWriting(slot(nextSlot_), bytes);
  }
  // True when every reader has let go of everything.
  [[nodiscard]] bool drained() {
    return smallestReleased_ == published_ || (refreshReleased(), smallestReleased_ == published_);
  }

 private:
  bool refreshReleased() {
    uint64_t smallest = ~uint64_t{0};
    for (uint32_t reader = 0; reader < shape_.readerCount; ++reader)
      smallest = std::min(smallest, released(reader).count.load(std::memory_order_acquire));
    smallestReleased_ = smallest;
    return published_ - smallest < shape_.slotCount;
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
    return {slot(nextSlot_), std::min<size_t>(line.bytes, shape_.slotBytes),
            OpTag::fromWord(line.tag)};
  }
  // Lets go of the oldest message. Pairs with SlotWriter::reserve().
  void release() {
    released(reader_).count.store(++released_, std::memory_order_release);
    if (++nextSlot_ == shape_.slotCount) nextSlot_ = 0;
  }

 private:
  uint64_t released_ = 0;
  uint32_t nextSlot_ = 0;
  uint32_t reader_ = 0;
};

}  // namespace inccl::transport
