#include "switch/switchml/operation_register.h"

#include <span>

namespace inccl::switchml {
namespace {

// Word 1: elements in bits 0 to 11, type 12 to 15, operation 16 to 19, poison 20, opener above.
constexpr uint32_t kShapeBits = (1u << 20) - 1, kPoison = 1u << 20;
constexpr int kOpenerShift = 21;

uint32_t encode(const PayloadShape& shape) {
  return shape.elements | static_cast<uint32_t>(shape.type) << 12 |
         static_cast<uint32_t>(shape.op) << 16;
}

PayloadShape decode(uint32_t word) {
  return {static_cast<uint16_t>(word & 0xfff), static_cast<wire::LaneType>(word >> 12 & 0xf),
          static_cast<wire::LaneOp>(word >> 16 & 0xf)};
}

Agreement read(std::span<const uint32_t> words) {
  Agreement agreement;
  agreement.opTag = words[0];
  agreement.opener = words[1] >> kOpenerShift;
  agreement.shape = decode(words[1]);
  agreement.poisoned = (words[1] & kPoison) != 0;
  return agreement;
}

// A payload that no operation combines with another has one contributor only.
bool differs(std::span<const uint32_t> words, uint32_t opTag, const PayloadShape& shape) {
  const PayloadShape stored = decode(words[1]);
  if (words[0] != opTag) return true;
  if (shape.elements == 0 || stored.elements == 0) return false;
  return stored != shape || shape.op == wire::LaneOp::kNone;
}

}  // namespace

Agreement OperationRegister::contribute(pipeline::Pass& pass, size_t entry,
                                        const wire::AggregationHeader& header, bool opens,
                                        bool counts) {
  const PayloadShape shape = PayloadShape::of(header);
  return words_.update(pass, entry, [&](std::span<uint32_t> words) {
    bool firstPayload = false, poisonedNow = false;
    if (opens) {
      words[0] = header.opTag;
      words[1] = encode(shape) | uint32_t{header.worker} << kOpenerShift;
      firstPayload = shape.elements > 0;
    } else if (counts && (words[1] & kPoison) == 0) {
      if (differs(words, header.opTag, shape)) {
        words[1] |= kPoison;
        poisonedNow = true;
      } else if (shape.elements > 0 && (words[1] & kShapeBits) == 0) {
        words[1] |= encode(shape);
        firstPayload = true;
      }
    }
    Agreement agreement = read(words);
    agreement.firstPayload = firstPayload;
    agreement.poisonedNow = poisonedNow;
    return agreement;
  });
}

Agreement OperationRegister::look(pipeline::Pass& pass, size_t entry) {
  return words_.update(pass, entry, [](std::span<uint32_t> words) { return read(words); });
}

}  // namespace inccl::switchml
