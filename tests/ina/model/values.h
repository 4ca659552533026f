// A sum as a symbol: who is in it, and with what.
//
// Numbers would hide errors (3 + 3 = 2 + 4), so a value is a small digit for each worker: 0, it is
// not in the sum; c + 1, its own contribution to chunk c is in it, once; kSpoilt, something else
// is: a contribution twice, one to another chunk, a result in a contribution's place, a buffer that
// the user has used again. Nothing is ever taken out of a sum, so a spoilt digit stays spoilt, and
// one symbol for everything that is wrong loses nothing.
#pragma once

#include <cstdint>

namespace inccl::ina_model {

inline constexpr int kMaxWorkers = 8;
inline constexpr int kMaxChunks = 12;  // chunk c is the digit c + 1, below kSpoilt

using Value = uint32_t;  // worker w: the 4 bits from 4w
inline constexpr uint32_t kSpoilt = 15;

inline constexpr uint32_t part(Value value, int worker) { return value >> (4 * worker) & 15; }

inline constexpr Value onlyPart(int worker, uint32_t digit) { return digit << (4 * worker); }

inline constexpr Value ownContribution(int worker, int chunk) {
  return onlyPart(worker, static_cast<uint32_t>(chunk) + 1);
}

inline constexpr Value sumOf(Value a, Value b) {
  Value sum = a | b;
  for (int worker = 0; worker < kMaxWorkers; ++worker) {
    if (part(a, worker) != 0 && part(b, worker) != 0) sum |= onlyPart(worker, kSpoilt);
  }
  return sum;
}

}  // namespace inccl::ina_model
