// What the switch compares: whether two contributions are to one operation.
#pragma once

#include <cstdint>

#include "base/hash.h"
#include "base/op_signature.h"

namespace inccl::ina {

// Changes with the arithmetic that ranks must share.
inline constexpr uint32_t kQuantiserVersion = 1;

// Of everything that all ranks must mean alike (sequence, collective, count, type, operation, root,
// number of ranks, arithmetic); never 0.
inline uint32_t opTagOf(OpTag opTag, int rankCount) {
  const uint64_t hash =
      mixHash(mixHash(opTag.word(), static_cast<uint64_t>(rankCount)), kQuantiserVersion);
  const auto tag = static_cast<uint32_t>(hash ^ hash >> 32);
  return tag == 0 ? 1 : tag;
}

}  // namespace inccl::ina
