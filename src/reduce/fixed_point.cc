#include "reduce/fixed_point.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/fixed_point.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Magnitudes of floats are ordered as their bits without the sign.
uint32_t largestMagnitudeHere(const float* x, size_t count) {
  const hn::ScalableTag<int32_t> d;
  const size_t lanes = hn::Lanes(d);
  const auto magnitude = hn::Set(d, 0x7fffffff);
  auto largest = hn::Zero(d), largest2 = hn::Zero(d);
  size_t i = 0;
  const auto* const bits = reinterpret_cast<const int32_t*>(x);
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    largest = hn::Max(largest, hn::And(hn::LoadU(d, bits + i), magnitude));
    largest2 = hn::Max(largest2, hn::And(hn::LoadU(d, bits + i + lanes), magnitude));
  }
  auto result = static_cast<uint32_t>(hn::GetLane(hn::MaxOfLanes(d, hn::Max(largest, largest2))));
  for (; i < count; ++i) result = std::max(result, std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu);
  return result;
}

// x · first · second is exact where second is not 1: then x is tiny and first a power of two.
void toFixedPointHere(int32_t* q, const float* x, size_t count, float first, float second) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto a = hn::Set(d, first), b = hn::Set(d, second);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(hn::NearestInt(hn::Mul(hn::Mul(hn::LoadU(d, x + i), a), b)), di, q + i);
  for (; i < count; ++i) q[i] = static_cast<int32_t>(std::lrintf(x[i] * first * second));
}

void fromFixedPointHere(float* x, const int32_t* q, size_t count, float scale) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, scale);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(hn::Mul(hn::ConvertTo(d, hn::LoadU(di, q + i)), factor), d, x + i);
  for (; i < count; ++i) x[i] = static_cast<float>(q[i]) * scale;
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {
namespace {

HWY_EXPORT(largestMagnitudeHere);
HWY_EXPORT(toFixedPointHere);
HWY_EXPORT(fromFixedPointHere);

constexpr uint32_t kInfinityBits = 0x7f800000;
constexpr int kMantissaBits = 23;
// Powers of two that are normal floats.
constexpr int kLargestPower = 127, kSmallestPower = -126;

float powerOfTwo(int exponent) {
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << kMantissaBits);
}

}  // namespace

int16_t blockExponent(const float* x, size_t count) {
  const uint32_t largest = HWY_DYNAMIC_DISPATCH(largestMagnitudeHere)(x, count);
  if (largest == 0) return kZeroBlock;
  if (largest >= kInfinityBits) return kNotFiniteBlock;
  const auto exponent = static_cast<int>(largest >> kMantissaBits);
  // 1.m · 2^(e - 127) < 2^(e - 126); without the leading 1 it is m · 2^-149.
  if (exponent > 0) return static_cast<int16_t>(exponent - 126);
  return static_cast<int16_t>(static_cast<int>(std::bit_width(largest)) - 149);
}

void toFixedPoint(int32_t* q, const float* x, size_t count, int k) {
  const int first = std::min(k, kLargestPower);
  HWY_DYNAMIC_DISPATCH(toFixedPointHere)
  (q, x, count, powerOfTwo(first), powerOfTwo(k - first));
}

// Where 2^-k is no normal float the results are tiny; double holds sum and scale exactly, so they
// too are rounded once.
void fromFixedPoint(float* x, const int32_t* q, size_t count, int k) {
  if (-k >= kSmallestPower)
    return HWY_DYNAMIC_DISPATCH(fromFixedPointHere)(x, q, count, powerOfTwo(-k));
  for (size_t i = 0; i < count; ++i)
    x[i] = static_cast<float>(std::ldexp(static_cast<double>(q[i]), -k));
}

}  // namespace inccl::reduce
#endif
