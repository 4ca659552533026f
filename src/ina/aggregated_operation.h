// What an operation says of its chunks: what to put into one, and where its sum goes.
//
// The slot window (slot_window.h) moves chunks and knows nothing of collectives; an operation cuts
// its data into chunks and knows nothing of packets. Chunks are numbered from 0 in each operation,
// and all ranks cut alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/aggregation_packet.h"

namespace inccl::ina {

// One chunk, as this rank sees it.
struct ChunkShape {
  wire::PacketKind kind = wire::PacketKind::kData;  // or kExponents
  wire::LaneType type = wire::LaneType::kNone;
  wire::LaneOp op = wire::LaneOp::kNone;
  uint16_t elements = 0;
  bool gives = true;  // this rank has a payload
  bool wants = true;  // and receives the result
};

class AggregatedOperation {
 public:
  virtual ~AggregatedOperation() = default;

  // Equal on all ranks if, and up to collisions only if, they call the same operation.
  [[nodiscard]] virtual uint32_t opTag() const = 0;
  [[nodiscard]] virtual uint64_t chunks() const = 0;
  [[nodiscard]] virtual ChunkShape shape(uint64_t chunk) const = 0;
  // The payload of a chunk that this rank gives to: elements × bytes of the type. However often it
  // is asked for, the same bytes, which stay where they are until the chunk's result is here.
  [[nodiscard]] virtual std::span<const std::byte> payload(uint64_t chunk) = 0;
  // The sum of a chunk that it wants. Once for each chunk, in any order.
  virtual void take(uint64_t chunk, std::span<const std::byte> sum) = 0;
};

}  // namespace inccl::ina
