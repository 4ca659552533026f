// Bit patterns of 16- and 8-bit floating-point numbers, for values that they represent exactly.
//
// The verifier compares bits, so it must write down a number in every format of the library. Nearly
// all of its numbers are representable (the choice of the test values sees to it, and a unit test
// checks by decoding every pattern); only averages and the data of --hash are rounded first.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace inccl::perf {

// kExponentBits and kMantissaBits as in IEEE 754 binary interchange formats; the bias is half the
// exponent range. `value` must be representable.
template <int kExponentBits, int kMantissaBits>
uint32_t encodeExactly(double value) {
  constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  const uint32_t sign = std::signbit(value) ? 1u << (kExponentBits + kMantissaBits) : 0;
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return sign;
  int exponent = 0;
  const double significand = std::frexp(magnitude, &exponent) * 2;  // 1 <= significand < 2
  const int biased = exponent - 1 + kBias;
  if (biased <= 0)  // subnormal: a multiple of the smallest positive number
    return sign | static_cast<uint32_t>(std::ldexp(magnitude, kBias - 1 + kMantissaBits));
  const auto mantissa = static_cast<uint32_t>(std::ldexp(significand - 1, kMantissaBits));
  return sign | static_cast<uint32_t>(biased) << kMantissaBits | mantissa;
}

// The representable number next to `value`, of two equally near ones the even one. `value` must be
// within the range of the format.
template <int kExponentBits, int kMantissaBits>
double roundToFormat(double value) {
  constexpr int kSmallestExponent = 2 - (1 << (kExponentBits - 1));
  if (value == 0) return value;
  const int exponent = std::max(std::ilogb(value), kSmallestExponent);
  const double quantum = std::ldexp(1.0, exponent - kMantissaBits);
  return std::nearbyint(value / quantum) * quantum;
}

}  // namespace inccl::perf
