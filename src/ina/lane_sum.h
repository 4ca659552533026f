// Lanes added on a host as a switch adds them: integers that wrap, the largest exponent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/data_type.h"
#include "reduce/reduce.h"
#include "wire/aggregation_packet.h"

namespace inccl::ina {

// The library's type and operation that do to words what lanes of `type` undergo. What nobody adds
// to is given by one rank, zeros by the others.
inline DataType wordType(wire::LaneType type) {
  return type == wire::LaneType::kUint32 ? DataType::kUint32 : DataType::kInt32;
}
inline RedOp wordOp(wire::LaneOp op) {
  switch (op) {
    case wire::LaneOp::kMin:
      return RedOp::kMin;
    case wire::LaneOp::kMax:
      return RedOp::kMax;
    case wire::LaneOp::kAnd:
      return RedOp::kBitAnd;
    case wire::LaneOp::kXor:
      return RedOp::kBitXor;
    case wire::LaneOp::kSum:
      return RedOp::kSum;
    case wire::LaneOp::kNone:
    case wire::LaneOp::kOr:
      break;
  }
  return RedOp::kBitOr;
}

// into[i] = into[i] ∘ from[i]; both of `bytes` bytes, whole lanes.
inline void addLanes(void* into, const void* from, size_t bytes, DataType type, RedOp op) {
  if (bytes == 0) return;
  const void* const sources[] = {into, from};
  reduce::find(type, op).reduceMany(into, sources, 2, bytes / sizeOf(type));
}

}  // namespace inccl::ina
