// The last step of an average and the first of a pre-multiplied sum, for every type.
//
// Integers are divided in floating point, which rounds the quotient up to the next integer only
// where the type's largest value needs more bits than the mantissa has: 16 bits in f32 and 32 bits
// in f64 leave plenty. 64 bits take the processor's division, one by one.
#include <cstdint>

#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/scaling.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#include "reduce/map_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

// Integers of 16 and 8 bits, as f32 while they are divided; the fraction is cut off.
template <typename T>
struct ShortQuotient {
  using Computed = float;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    const auto v = hn::LoadU(hn::Rebind<T, D>(), static_cast<const T*>(source) + i);
    return hn::ConvertTo(d, hn::PromoteTo(hn::Rebind<int32_t, D>(), v));
  }
  template <class D>
  static HWY_INLINE void store(D /*d*/, hn::Vec<D> v, void* dst, size_t i) {
    const hn::Rebind<T, D> narrow;
    const auto whole = hn::ConvertTo(hn::Rebind<int32_t, D>(), v);
    hn::StoreU(hn::DemoteTo(narrow, whole), narrow, static_cast<T*>(dst) + i);
  }
};

// Integers of 32 bits as f64. An unsigned one is loaded as a signed one, 2^31 less; its quotient by
// 2 or more is below 2^31.
template <typename T>
struct WideQuotient {
  using Computed = double;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    const hn::Rebind<int32_t, D> integers;
    const auto v = hn::LoadU(integers, static_cast<const int32_t*>(source) + i);
    if constexpr (std::is_signed_v<T>) return hn::PromoteTo(d, v);
    const auto less = hn::PromoteTo(d, hn::Xor(v, hn::Set(integers, INT32_MIN)));
    return hn::Add(less, hn::Set(d, 2147483648.0));
  }
  template <class D>
  static HWY_INLINE void store(D /*d*/, hn::Vec<D> v, void* dst, size_t i) {
    const hn::Rebind<int32_t, D> integers;
    hn::StoreU(hn::DemoteTo(integers, v), integers, static_cast<int32_t*>(dst) + i);
  }
};

template <class Format, size_t kParts = 1>
void finish(void* dst, size_t count, uint32_t divisor) {
  if (divisor == 1) return;
  map<Format, Format, Quotient>(dst, dst, count * kParts,
                                static_cast<typename Format::Computed>(divisor));
}

template <typename T>
void finishOneByOne(void* dst, size_t count, uint32_t divisor) {
  auto* elements = static_cast<T*>(dst);
  for (size_t i = 0; i < count; ++i) elements[i] /= static_cast<T>(divisor);
}

template <class Format>
void premultiply(void* dst, const void* src, size_t count, const void* factor) {
  const hn::CappedTag<typename Format::Computed, 1> one;
  map<Format, Format, Prod>(dst, src, count, hn::GetLane(Format::load(one, factor, 0)));
}

ScaleFn findFinishHere(DataType type) {
  switch (type) {
    case DataType::kInt8:
      return &finish<ShortQuotient<int8_t>>;
    case DataType::kUint8:
      return &finish<ShortQuotient<uint8_t>>;
    case DataType::kInt16:
      return &finish<ShortQuotient<int16_t>>;
    case DataType::kUint16:
      return &finish<ShortQuotient<uint16_t>>;
    case DataType::kInt32:
      return &finish<WideQuotient<int32_t>>;
    case DataType::kUint32:
      return &finish<WideQuotient<uint32_t>>;
    case DataType::kInt64:
      return &finishOneByOne<int64_t>;
    case DataType::kUint64:
      return &finishOneByOne<uint64_t>;
    case DataType::kFloat16:
      return &finish<Half>;
    case DataType::kFloat32:
      return &finish<AsStored<float>>;
    case DataType::kFloat64:
      return &finish<AsStored<double>>;
    case DataType::kBfloat16:
      return &finish<Bfloat16>;
    case DataType::kFloat8e4m3:
      return &finish<Float8e4m3>;
    case DataType::kFloat8e5m2:
      return &finish<Float8e5m2>;
    case DataType::kComplex64:
      return &finish<AsStored<float>, 2>;
    case DataType::kComplex128:
      return &finish<AsStored<double>, 2>;
    case DataType::kBool:
      break;
  }
  return nullptr;
}

PremultiplyFn findPremultiplyHere(DataType type) {
  switch (type) {
    case DataType::kInt8:  // wraps to the same bits as the unsigned type
    case DataType::kUint8:
      return &premultiply<AsStored<uint8_t>>;
    case DataType::kInt16:
    case DataType::kUint16:
      return &premultiply<AsStored<uint16_t>>;
    case DataType::kInt32:
    case DataType::kUint32:
      return &premultiply<AsStored<uint32_t>>;
    case DataType::kInt64:
    case DataType::kUint64:
      return &premultiply<AsStored<uint64_t>>;
    case DataType::kFloat16:
      return &premultiply<Half>;
    case DataType::kFloat32:
      return &premultiply<AsStored<float>>;
    case DataType::kFloat64:
      return &premultiply<AsStored<double>>;
    case DataType::kBfloat16:
      return &premultiply<Bfloat16>;
    case DataType::kFloat8e4m3:
      return &premultiply<Float8e4m3>;
    case DataType::kFloat8e5m2:
      return &premultiply<Float8e5m2>;
    case DataType::kBool:
    case DataType::kComplex64:
    case DataType::kComplex128:
      break;
  }
  return nullptr;
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(findFinishHere);
HWY_EXPORT(findPremultiplyHere);

ScaleFn findFinish(DataType type) { return HWY_DYNAMIC_DISPATCH(findFinishHere)(type); }
PremultiplyFn findPremultiply(DataType type) {
  return HWY_DYNAMIC_DISPATCH(findPremultiplyHere)(type);
}

}  // namespace inccl::reduce
#endif
