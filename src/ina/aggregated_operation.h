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
  uint16_t exponents = 0;  // that go with it both ways, of blocks that come later
  bool gives = true;       // this rank has a payload
  bool wants = true;       // and receives the result
};

class AggregatedOperation {
 public:
  virtual ~AggregatedOperation() = default;

  // Equal on all ranks if, and up to collisions only if, they call the same operation.
  [[nodiscard]] virtual uint32_t opTag() const = 0;
  // Asked when it begins and again when all so far have been taken: what comes next may depend on
  // what came back. Never less than before, and on all ranks alike.
  [[nodiscard]] virtual uint64_t chunks() = 0;
  [[nodiscard]] virtual ChunkShape shape(uint64_t chunk) const = 0;
  // The payload of a chunk that this rank gives to: elements × bytes of the type. However often it
  // is asked for, the same bytes, which stay where they are until the chunk's result is here.
  [[nodiscard]] virtual std::span<const std::byte> payload(uint64_t chunk) = 0;
  // Of a chunk that has some, this rank's: 2 bytes each, as payload().
  [[nodiscard]] virtual std::span<const std::byte> exponents(uint64_t /*chunk*/) { return {}; }
  // The sum of a chunk (empty unless it wants it) and the agreed exponents. Once for each chunk, in
  // any order.
  virtual void take(uint64_t chunk, std::span<const std::byte> sum,
                    std::span<const std::byte> exponents) = 0;
};

}  // namespace inccl::ina
