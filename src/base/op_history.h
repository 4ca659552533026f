// The last operations of one communicator, so that a rank that waits long can ask the others what
// they called under the same sequence number.
//
// Written by the thread that starts an operation (three relaxed stores), read by the service
// thread when a peer asks. A reader checks the tag word before and after, so a row that is being
// overwritten is reported as absent, never as a mixture.
#pragma once

#include <array>
#include <atomic>
#include <optional>

#include "base/op_signature.h"

namespace inccl {

class OpHistory {
 public:
  static constexpr uint32_t kLength = 4096;  // a group may begin as many at once

  // The caller's thread: operation `tag` begins.
  void begin(OpTag tag, const OpSignature& signature) {
    Row& row = rows_[tag.sequence() % kLength];
    row.tag.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    row.count.store(signature.count, std::memory_order_relaxed);
    row.kinds.store(pack(signature), std::memory_order_relaxed);
    row.tag.store(tag.word(), std::memory_order_release);
    current_.store(tag.sequence(), std::memory_order_release);
  }
  // The caller's thread: operation `sequence` has ended, well or not.
  void end(uint32_t sequence) { finished_.store(sequence, std::memory_order_release); }
  // The newest sequence ended; equal to current() when nothing is under way.
  [[nodiscard]] uint32_t finished() const { return finished_.load(std::memory_order_acquire); }
  // The newest sequence begun; 0 before the first.
  [[nodiscard]] uint32_t current() const { return current_.load(std::memory_order_acquire); }
  // What was called under `sequence`; nothing when not begun yet or already forgotten.
  [[nodiscard]] std::optional<OpSignature> find(uint32_t sequence) const {
    const Row& row = rows_[sequence % kLength];
    const uint64_t before = row.tag.load(std::memory_order_acquire);
    if (before == 0 || OpTag::fromWord(before).sequence() != sequence) return std::nullopt;
    const OpSignature signature = unpack(row.kinds.load(std::memory_order_relaxed),
                                         row.count.load(std::memory_order_relaxed));
    std::atomic_thread_fence(std::memory_order_acquire);
    if (row.tag.load(std::memory_order_relaxed) != before) return std::nullopt;
    return signature;
  }

 private:
  struct Row {
    std::atomic<uint64_t> tag{0}, count{0}, kinds{0};
  };
  static uint64_t pack(const OpSignature& s) {
    return uint64_t{static_cast<uint8_t>(s.collective)} << 48 |
           (static_cast<uint64_t>(s.type) & 0xff) << 40 |
           (static_cast<uint64_t>(s.op) & 0xff) << 32 | static_cast<uint32_t>(s.root);
  }
  static OpSignature unpack(uint64_t kinds, uint64_t count) {
    OpSignature s;
    s.collective = static_cast<Collective>(kinds >> 48);
    s.type = static_cast<DataType>(kinds >> 40 & 0xff);
    s.op = static_cast<RedOp>(kinds >> 32 & 0xff);
    s.root = static_cast<int32_t>(static_cast<uint32_t>(kinds));
    s.count = count;
    return s;
  }

  std::array<Row, kLength> rows_;
  std::atomic<uint32_t> current_{0};
  std::atomic<uint32_t> finished_{0};
};

}  // namespace inccl
