// What a rank keeps of each slot until the slot's next result: the sum that it took, or, where it
// was sent none, its own contribution.
//
// A switch may die when some ranks have a result and others do not, and in place a result has
// overwritten what it was made of. So somebody must have kept it. The next result of a slot proves
// that all ranks contributed to it, and so have the one before: one result a slot is enough (paper:
// none; found by the model, docs/ina-model.md). All room is made at construction.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ina/aggregated_operation.h"

namespace inccl::ina {

// What one rank gives to a chunk.
struct Contribution {
  ChunkShape shape;
  std::span<const std::byte> payload;
  std::span<const std::byte> exponents;
};

class RetainedResults {
 public:
  RetainedResults(uint32_t slots, size_t payloadBytes)
      : bytesOfSlot_(payloadBytes + size_t{2} * wire::kMostExponents),
        entries_(slots),
        bytes_(slots * bytesOfSlot_) {}

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  // Longer ones than there is room for are no results of this job.
  void keepSum(uint32_t slot, const ChunkShape& shape, std::span<const std::byte> payload,
               std::span<const std::byte> exponents) {
    keep(slot, shape, payload, exponents, true);
  }
  void keepContribution(uint32_t slot, const ChunkShape& shape, std::span<const std::byte> payload,
                        std::span<const std::byte> exponents) {
    keep(slot, shape, payload, exponents, false);
  }
  // Of the slot's last result; nothing before the first.
  [[nodiscard]] bool isSum(uint32_t slot) const { return entries_[slot].isSum; }
  [[nodiscard]] Contribution of(uint32_t slot) const {
    const Entry& entry = entries_[slot];
    const std::span all(bytes_);
    const auto mine = all.subspan(slot * bytesOfSlot_, bytesOfSlot_);
    return {entry.shape, mine.first(entry.payloadBytes),
            mine.subspan(entry.payloadBytes, entry.exponentBytes)};
  }

 private:
  struct Entry {
    ChunkShape shape;
    uint32_t payloadBytes = 0, exponentBytes = 0;
    bool isSum = false;
  };

  void keep(uint32_t slot, const ChunkShape& shape, std::span<const std::byte> payload,
            std::span<const std::byte> exponents, bool isSum) {
    if (payload.size() + exponents.size() > bytesOfSlot_) return;
    std::byte* const to = bytes_.data() + slot * bytesOfSlot_;
    std::ranges::copy(payload, to);
    std::ranges::copy(exponents, to + payload.size());
    entries_[slot] = {shape, static_cast<uint32_t>(payload.size()),
                      static_cast<uint32_t>(exponents.size()), isSum};
  }

  const size_t bytesOfSlot_;
  std::vector<Entry> entries_;
  std::vector<std::byte> bytes_;
};

}  // namespace inccl::ina
