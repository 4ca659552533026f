// Floats as integers on a scale that all ranks agreed on, so that their sum is the same in any
// order.
//
// A block of floats has an exponent E: the smallest with |x| < 2^E for all its elements. Once the
// ranks agreed on the largest E of a block, each turns its elements into q = rint(x · 2^k) with
// k = 30 - ceil(log2 n) - E, for n ranks; integers are summed; and the sum is turned back by 2^-k.
//
// No sum overflows: |x| < 2^E gives |q| <= 2^(30 - ceil(log2 n)), also after rounding, since that
// bound is an integer; n of them give at most n · 2^(30 - ceil(log2 n)) <= 2^30 < 2^31.
// Error: each q is off by at most 1/2, so the sum by at most n/2 · 2^-k = n · 2^-(k+1); the one
// conversion back rounds to nearest even, once, and adds half a unit in the last place.
//
// The same bits at every SIMD level. Rounding mode and flush to zero are the calling thread's.
// Threading: any thread, any time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace inccl::reduce {

// Elements that share an exponent, counted from the first of the tensor.
inline constexpr size_t kFixedPointBlock = 256;

// Of a block without any other element than zeros, and of one with an element that is not finite:
// they are the least and the greatest, so that the largest of several ranks' means what it should.
inline constexpr int16_t kZeroBlock = INT16_MIN;
inline constexpr int16_t kNotFiniteBlock = INT16_MAX;

// E of `count` elements.
int16_t blockExponent(const float* x, size_t count);
// k for n >= 1 ranks; `exponent` is none of the two above.
constexpr int fixedPointScale(int exponent, uint32_t rankCount) {
  return 30 - static_cast<int>(std::bit_width(rankCount - 1)) - exponent;
}

// Between -108 and 178: what fixedPointScale gives.
void toFixedPoint(int32_t* q, const float* x, size_t count, int k);
void fromFixedPoint(float* x, const int32_t* q, size_t count, int k);

}  // namespace inccl::reduce
