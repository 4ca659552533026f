// Kernels of floating-point numbers of 16 and 8 bits, and their conversions.
#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/small_floats.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#include "reduce/loops_inl.h"
#include "reduce/map_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

template <class Format>
constexpr Row smallFloatRow(DataType type) {
  return {type,
          kernelsOf<Format, Sum>(),
          kernelsOf<Format, Prod>(),
          kernelsOf<Format, Max>(),
          kernelsOf<Format, Min>(),
          {},
          {},
          {},
          {},
          {}};
}

constexpr Row kSmallFloats[] = {
    smallFloatRow<Half>(DataType::kFloat16),
    smallFloatRow<Bfloat16>(DataType::kBfloat16),
    smallFloatRow<Float8e4m3>(DataType::kFloat8e4m3),
    smallFloatRow<Float8e5m2>(DataType::kFloat8e5m2),
};

Kernels findSmallFloatsHere(DataType type, RedOp op) { return kernelsIn(kSmallFloats, type, op); }

template <class Format>
void toFloat(float* dst, const void* src, size_t count) {
  map<Format, AsStored<float>, First>(dst, src, count, 0);
}

template <class Format>
void fromFloat(void* dst, const float* src, size_t count) {
  map<AsStored<float>, Format, First>(dst, src, count, 0);
}

template <class Format>
constexpr Conversions conversions() {
  return {&toFloat<Format>, &fromFloat<Format>};
}

Conversions conversionsHere(DataType type) {
  if (type == DataType::kFloat16) return conversions<Half>();
  if (type == DataType::kBfloat16) return conversions<Bfloat16>();
  if (type == DataType::kFloat8e4m3) return conversions<Float8e4m3>();
  if (type == DataType::kFloat8e5m2) return conversions<Float8e5m2>();
  return {};
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(findSmallFloatsHere);
HWY_EXPORT(conversionsHere);

Kernels findSmallFloats(DataType type, RedOp op) {
  return HWY_DYNAMIC_DISPATCH(findSmallFloatsHere)(type, op);
}
Conversions conversionsOf(DataType type) { return HWY_DYNAMIC_DISPATCH(conversionsHere)(type); }

}  // namespace inccl::reduce
#endif
