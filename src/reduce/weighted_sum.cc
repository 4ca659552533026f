#include "reduce/weighted_sum.h"

#include <cstring>

#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/weighted_sum.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

int32_t valueAt(const void* values, size_t i) {
  int32_t value = 0;
  std::memcpy(&value, static_cast<const char*>(values) + 4 * i, sizeof value);
  return value;
}

int64_t weightedSumHere(const void* values, const int32_t* weights, size_t count) {
  int64_t result = 0;
  size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<int32_t> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  // Products are of the lanes at even places; this brings the others there.
  const auto oddLanes = [&](auto v) {
    return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, v)));
  };
  const size_t lanes = hn::Lanes(d);
  const auto* const integers = static_cast<const int32_t*>(values);
  auto even = hn::Zero(wide), odd = hn::Zero(wide);
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::LoadU(d, integers + i), w = hn::LoadU(d, weights + i);
    even = hn::Add(even, hn::MulEven(v, w));
    odd = hn::Add(odd, hn::MulEven(oddLanes(v), oddLanes(w)));
  }
  result = hn::GetLane(hn::SumOfLanes(wide, hn::Add(even, odd)));
#endif
  for (; i < count; ++i) result += int64_t{valueAt(values, i)} * weights[i];
  return result;
}

uint32_t weightedSumWrappingHere(const void* values, const int32_t* weights, size_t count) {
  uint32_t result = 0;
  size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<uint32_t> d;
  const size_t lanes = hn::Lanes(d);
  const auto* const integers = static_cast<const uint32_t*>(values);
  const auto* const factors = reinterpret_cast<const uint32_t*>(weights);
  auto sum = hn::Zero(d);
  for (; i + lanes <= count; i += lanes)
    sum = hn::Add(sum, hn::Mul(hn::LoadU(d, integers + i), hn::LoadU(d, factors + i)));
  result = hn::GetLane(hn::SumOfLanes(d, sum));
#endif
  for (; i < count; ++i)
    result += static_cast<uint32_t>(valueAt(values, i)) * static_cast<uint32_t>(weights[i]);
  return result;
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(weightedSumHere);
HWY_EXPORT(weightedSumWrappingHere);

int64_t weightedSum(const void* values, const int32_t* weights, size_t count) {
  return HWY_DYNAMIC_DISPATCH(weightedSumHere)(values, weights, count);
}
uint32_t weightedSumWrapping(const void* values, const int32_t* weights, size_t count) {
  return HWY_DYNAMIC_DISPATCH(weightedSumWrappingHere)(values, weights, count);
}

}  // namespace inccl::reduce
#endif
