// Floating-point numbers of 16 and 8 bits to float and back: half, bfloat16 and the two 8-bit
// formats of the Open Compute Project ("OCP 8-bit Floating Point Specification", E4M3 and E5M2).
//
// To float is exact. From float rounds to nearest, ties to even, subnormals included. What is too
// large for the format becomes Inf; E4M3 has none, and there it becomes the largest number, ±448,
// Inf too (as CUDA's __NV_SATFINITE). NaN becomes the format's canonical one: 0x7e00, 0x7fc0, 0x7f,
// 0x7e. The same bits in every instruction set, and the same as inside the reductions.
//
// Threading: everything here may be called from any thread at any time.
#pragma once

#include <cstddef>

#include "base/data_type.h"

namespace inccl::reduce {

struct Conversions {
  void (*toFloat)(float* dst, const void* src, size_t count) = nullptr;
  void (*fromFloat)(void* dst, const float* src, size_t count) = nullptr;
};

// Null for a type that is none of the four.
Conversions conversionsOf(DataType type);

}  // namespace inccl::reduce
