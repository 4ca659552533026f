// Whether all contributors to a use mean the same operation.
//
// Slot and generation say where a contribution belongs, not what it is: two ranks that swapped two
// calls, or called with other counts, would be summed without anybody noticing. So the first
// contributor's opTag (a hash of everything that must be equal) stays with the use, and so does the
// shape of the first payload: type, operation and number of elements. Another tag or shape poisons
// the use: it never has a result, and all workers are told which two of them differ.
//
// One pair of words in stage 3: the tag; shape, poison and opener.
#pragma once

#include <cstdint>

#include "switch/pipeline/register_array.h"
#include "wire/aggregation_packet.h"

namespace inccl::switchml {

// What a payload is; 0 elements: there is none (yet).
struct PayloadShape {
  uint16_t elements = 0;
  wire::LaneType type = wire::LaneType::kNone;
  wire::LaneOp op = wire::LaneOp::kNone;

  static PayloadShape of(const wire::AggregationHeader& header) {
    return {header.elements, header.elements == 0 ? wire::LaneType::kNone : header.type,
            header.elements == 0 ? wire::LaneOp::kNone : header.op};
  }
  [[nodiscard]] size_t bytes() const { return elements * wire::bytesOf(type); }
  bool operator==(const PayloadShape&) const = default;
};

// What the register says after the packet.
struct Agreement {
  uint32_t opTag = 0;  // of the opener
  uint32_t opener = 0;
  PayloadShape shape;
  bool firstPayload = false;  // this packet's payload is the first
  bool poisoned = false;
  bool poisonedNow = false;  // by this packet
};

class OperationRegister {
 public:
  static constexpr uint32_t kStage = 3;

  OperationRegister(pipeline::Pipeline& pipeline, uint32_t entries)
      : words_(pipeline, "operation", {0, kStage}, entries, 2) {}

  // `opens`: of the first contribution; `counts`: of one that is not a repetition.
  Agreement contribute(pipeline::Pass& pass, size_t entry, const wire::AggregationHeader& header,
                       bool opens, bool counts);
  Agreement look(pipeline::Pass& pass, size_t entry);

  void clear() { words_.clear(); }
  [[nodiscard]] pipeline::RegisterArray& registers() { return words_; }

 private:
  pipeline::RegisterArray words_;
};

}  // namespace inccl::switchml
