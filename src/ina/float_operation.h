// An all-reduce or reduce of f32 through a switch that adds integers only.
//
// Blocks of 256 elements from the start of the vector share a scale (reduce/fixed_point.h), which
// all ranks must know before they send. So every data chunk carries, beside its integers, the
// exponents of the chunk that will use the same slot next, and its result brings the largest of all
// ranks: agreed one window ahead, at no cost in time. Only the first window's exponents go ahead by
// themselves, in packets that hold nothing else: one round trip more for each call.
//
// Elements that are not finite must not spoil their block. A block that has one, on any rank, is
// marked by the agreed exponent and sent as zeros; all ranks know the same marked blocks, and
// append for each, in order: a plane of classes (per element the number of ranks with +Inf, -Inf
// and NaN, 10 bits each), and the finite values under a finite exponent that is agreed first. So
// each element is what IEEE says of it alone. Chunks come in phases, one after the other, of which
// the last three are mostly empty:
//   exponents of the first window | data | exponents of marked blocks | classes | values
//
// The result depends on the inputs and the number of ranks alone: not on payload size, slots, order
// or losses. A zero's sign is lost: sums of -0 are +0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/op_signature.h"
#include "ina/aggregated_operation.h"

namespace inccl::ina {

// Memory of such calls that stays from one to the next and only grows.
struct FloatRoom {
  std::vector<int32_t> payloads;   // of a window
  std::vector<int16_t> exponents;  // of a window, as sent
  std::vector<int16_t> own;        // of all blocks, once they were needed
  std::vector<int16_t> agreed;     // of all blocks
  std::vector<uint32_t> marked;    // blocks with an element that is not finite
  std::vector<int16_t> agreedMarked;
  std::vector<uint32_t> classes;  // of marked blocks, element by element, as they came back
};

struct FloatCall {
  OpSignature signature;
  OpTag tag;
  int rank = 0;
  int rankCount = 1;
  const float* send = nullptr;
  float* recv = nullptr;  // not looked at where this rank receives nothing
};

class FloatOperation final : public AggregatedOperation {
 public:
  // Why such a call is not summed so; empty: it is.
  static std::string_view whyNot(const OpSignature& signature);

  static constexpr size_t kLeastPayloadBytes = 32;
  // At a switch with `slots` slots for packets of `payloadBytes`. The room is not owned and used by
  // one operation at a time.
  FloatOperation(const FloatCall& call, uint32_t slots, size_t payloadBytes, FloatRoom& room);

  [[nodiscard]] uint32_t opTag() const override { return opTag_; }
  [[nodiscard]] uint64_t chunks() override;
  [[nodiscard]] ChunkShape shape(uint64_t chunk) const override;
  [[nodiscard]] std::span<const std::byte> payload(uint64_t chunk) override;
  [[nodiscard]] std::span<const std::byte> exponents(uint64_t chunk) override;
  void take(uint64_t chunk, std::span<const std::byte> sum,
            std::span<const std::byte> exponents) override;

 private:
  enum class Phase : uint8_t { kFirstExponents, kData, kMarkedExponents, kClasses, kValues };
  static constexpr uint32_t kPhases = 5;
  struct Place {
    Phase phase = Phase::kData;
    uint64_t number = 0;  // in the phase
  };
  // A run of elements within one block, or of whole blocks.
  struct Range {
    size_t first = 0, count = 0;
  };
  // A part of a marked block.
  struct MarkedPart {
    size_t index = 0;  // in the list of marked blocks
    Range elements;    // of the vector
  };

  void takeRoom();
  [[nodiscard]] Place place(uint64_t chunk) const;
  [[nodiscard]] Range dataOf(uint64_t number) const;
  [[nodiscard]] Range blocksOf(const Range& elements) const;
  [[nodiscard]] Range blockElements(size_t block) const;
  [[nodiscard]] Range laterBlocks(uint64_t number) const;
  [[nodiscard]] MarkedPart markedPart(uint64_t number) const;
  [[nodiscard]] int32_t* payloadRoom(uint64_t chunk);
  [[nodiscard]] bool receives() const;
  [[nodiscard]] int16_t ownExponent(size_t block);
  [[nodiscard]] int16_t finiteExponent(size_t block) const;

  void quantise(const Range& elements, int32_t* to) const;
  void dequantise(const Range& elements, const int32_t* from);
  void noteAgreed(const Range& blocks, std::span<const std::byte> exponents);
  void classify(const Range& elements, int32_t* to) const;
  void quantiseFinite(const MarkedPart& part, int32_t* to) const;
  void takeClasses(const MarkedPart& part, std::span<const std::byte> sum);
  void takeValues(const MarkedPart& part, std::span<const std::byte> sum);

  const FloatCall call_;
  const size_t slots_;
  const size_t lanes_;   // elements of a chunk: a power of two
  const size_t blocks_;  // of the vector
  const uint32_t opTag_;
  FloatRoom& room_;
  uint64_t begins_[kPhases] = {};  // first chunk of each phase, as far as they are known
  uint64_t end_ = 0;               // of the last known phase
  uint32_t known_ = 0;             // phases known
};

}  // namespace inccl::ina
