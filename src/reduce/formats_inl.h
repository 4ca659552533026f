// How elements lie in memory and in which type they are combined, in the instruction set that is
// being compiled.
//
// 16- and 8-bit floats are combined as f32 and rounded once, to nearest even. Highway 1.0.3
// converts them in ways that differ between instruction sets (its bfloat16 truncates, its half
// without F16C does not round and knows no Inf), so the conversions are written out here in integer
// operations that are the same everywhere; only where the processor converts half itself is that
// used, since it follows the same rules. No subnormal f32 occurs on the way from a small format, so
// the caller's denormals-are-zero mode does not change what half and the 8-bit formats mean.
//
// Included once per instruction set by each family of kernels.
#if defined(INCCL_REDUCE_FORMATS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef INCCL_REDUCE_FORMATS_INL
#undef INCCL_REDUCE_FORMATS_INL
#else
#define INCCL_REDUCE_FORMATS_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "reduce/operations_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

// Members of a format: load() and store() the elements i … of an array as a vector of Computed;
// kHeavy where they take so many instructions that several vectors at a time, or streaming, gain
// little and cost much code and compile time; else stream().
template <typename T>
struct AsStored {
  using Stored = T;
  using Computed = T;
  static constexpr bool kHeavy = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    return hn::LoadU(d, static_cast<const T*>(source) + i);
  }
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::StoreU(v, d, static_cast<T*>(dst) + i);
  }
  // dst + i is aligned to a whole vector.
  template <class D>
  static HWY_INLINE void stream(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::Stream(v, d, static_cast<T*>(dst) + i);
  }
};

// Stores vectors shorter than 16 bytes plainly: Highway would stream 16 whatever their length.
template <class D>
HWY_INLINE void streamShort(D d, hn::Vec<D> v, hn::TFromD<D>* to) {
  if constexpr (hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) >= 16) {
    hn::Stream(v, d, to);
  } else {
    hn::StoreU(v, d, to);
  }
}

// The upper half of an f32. Takes a canonical NaN, which rounding leaves as it is.
struct Bfloat16 {
  using Stored = uint16_t;
  using Computed = float;
  static constexpr bool kHeavy = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    const hn::Rebind<uint16_t, D> bits;
    const hn::Rebind<uint32_t, D> wide;
    const auto v = hn::LoadU(bits, static_cast<const uint16_t*>(source) + i);
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(wide, v)));
  }
  template <class D>
  static HWY_INLINE auto rounded(D /*d*/, hn::Vec<D> v) {
    const hn::Rebind<uint32_t, D> wide;
    const auto bits = hn::BitCast(wide, v);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(wide, 1u));
    const auto up = hn::Add(bits, hn::Add(odd, hn::Set(wide, 0x7fffu)));
    return hn::TruncateTo(hn::Rebind<uint16_t, D>(), hn::ShiftRight<16>(up));
  }
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::StoreU(rounded(d, v), hn::Rebind<uint16_t, D>(), static_cast<uint16_t*>(dst) + i);
  }
  template <class D>
  static HWY_INLINE void stream(D d, hn::Vec<D> v, void* dst, size_t i) {
    streamShort(hn::Rebind<uint16_t, D>(), rounded(d, v), static_cast<uint16_t*>(dst) + i);
  }
};

// Numbers of 1 sign bit, kExponentBits and kMantissaBits; the largest exponent is that of Inf and
// NaN as in IEEE 754 (kInfinity), or of ordinary numbers but for one NaN, all ones (OCP E4M3). What
// is too large becomes Inf; without one it becomes the largest number, as CUDA's __NV_SATFINITE.
template <typename Bits, int kExponentBits, int kMantissaBits, bool kInfinity>
struct SmallFloat {
  using Stored = Bits;
  using Computed = float;
  static constexpr bool kHeavy = true;
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr int kWidth = kExponentBits + kMantissaBits;  // without the sign
  static constexpr int kDropped = 23 - kMantissaBits;           // bits of an f32 mantissa
  static constexpr int32_t kSignless = (1 << kWidth) - 1;
  static constexpr int32_t kInf = ((1 << kExponentBits) - 1) << kMantissaBits;
  static constexpr int32_t kLargest = kInfinity ? kInf - 1 : kSignless - 1;
  static constexpr int32_t kNan = kInfinity ? kInf | 1 << (kMantissaBits - 1) : kSignless;
  static constexpr int32_t kF32Inf = 255 << 23;

  // 2^e as an f32.
  static constexpr int32_t powerBits(int e) { return (127 + e) << 23; }

  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    const hn::RebindToSigned<D> integers;
    const hn::Rebind<Bits, D> narrow;
    const auto bits = hn::PromoteTo(hn::Rebind<int32_t, D>(),
                                    hn::LoadU(narrow, static_cast<const Bits*>(source) + i));
    const auto magnitude = hn::And(bits, hn::Set(integers, kSignless));
    const auto sign = hn::ShiftLeft<31 - kWidth>(hn::Xor(bits, magnitude));
    const auto normal =
        hn::Add(hn::ShiftLeft<kDropped>(magnitude), hn::Set(integers, (127 - kBias) * (1 << 23)));
    const auto smallest = hn::BitCast(d, hn::Set(integers, powerBits(1 - kBias - kMantissaBits)));
    const auto subnormal = hn::BitCast(integers, hn::Mul(hn::ConvertTo(d, magnitude), smallest));
    const auto finite =
        hn::IfThenElse(hn::Lt(magnitude, hn::Set(integers, 1 << kMantissaBits)), subnormal, normal);
    const auto all = hn::IfThenElse(hn::Gt(magnitude, hn::Set(integers, kLargest)),
                                    hn::Or(normal, hn::Set(integers, kF32Inf)), finite);
    return hn::BitCast(d, hn::Or(all, sign));
  }

  template <class D>
  static HWY_INLINE auto rounded(D d, hn::Vec<D> v) {
    const hn::RebindToSigned<D> integers;
    const hn::RebindToUnsigned<D> wide;
    const auto bits = hn::BitCast(integers, v);
    const auto magnitude = hn::And(bits, hn::Set(integers, INT32_MAX));
    const auto sign = hn::BitCast(
        integers, hn::ShiftRight<31 - kWidth>(hn::BitCast(wide, hn::Xor(bits, magnitude))));

    // In integers: half of what is dropped, less one where the mantissa stays even, carries over.
    const auto odd = hn::And(hn::ShiftRight<kDropped>(magnitude), hn::Set(integers, 1));
    const auto half = hn::Set(integers, (1 << (kDropped - 1)) - 1 - (127 - kBias) * (1 << 23));
    const auto normal = hn::ShiftRight<kDropped>(hn::Add(magnitude, hn::Add(odd, half)));
    const auto clamped = hn::Min(normal, hn::Set(integers, kInfinity ? kInf : kLargest));

    // Added to a number whose last mantissa bit is the smallest subnormal, f32 rounds by itself.
    const auto anchor = hn::Set(integers, powerBits(24 - kBias - kMantissaBits));
    const auto sum = hn::Add(hn::BitCast(d, magnitude), hn::BitCast(d, anchor));
    const auto subnormal = hn::Sub(hn::BitCast(integers, sum), anchor);

    const auto isSubnormal = hn::Lt(magnitude, hn::Set(integers, powerBits(1 - kBias)));
    const auto isNan = hn::Gt(magnitude, hn::Set(integers, kF32Inf));
    const auto finite = hn::Or(hn::IfThenElse(isSubnormal, subnormal, clamped), sign);
    const auto all = hn::IfThenElse(isNan, hn::Set(integers, kNan), finite);
    return hn::TruncateTo(hn::Rebind<Bits, D>(), hn::BitCast(wide, all));
  }

  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::StoreU(rounded(d, v), hn::Rebind<Bits, D>(), static_cast<Bits*>(dst) + i);
  }
};

using Float8e4m3 = SmallFloat<uint8_t, 4, 3, false>;
using Float8e5m2 = SmallFloat<uint8_t, 5, 2, true>;

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2 && !defined(HWY_DISABLE_F16C)
// The processor's own conversions (F16C), which round to nearest even whatever the mode and know
// subnormals and Inf. Takes a canonical NaN, which they keep.
struct Half {
  using Stored = uint16_t;
  using Computed = float;
  static constexpr bool kHeavy = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const void* source, size_t i) {
    const hn::Rebind<hwy::float16_t, D> halves;
    const auto bits =
        hn::LoadU(hn::Rebind<uint16_t, D>(), static_cast<const uint16_t*>(source) + i);
    return hn::PromoteTo(d, hn::BitCast(halves, bits));
  }
  template <class D>
  static HWY_INLINE auto rounded(D /*d*/, hn::Vec<D> v) {
    return hn::BitCast(hn::Rebind<uint16_t, D>(), hn::DemoteTo(hn::Rebind<hwy::float16_t, D>(), v));
  }
  template <class D>
  static HWY_INLINE void store(D d, hn::Vec<D> v, void* dst, size_t i) {
    hn::StoreU(rounded(d, v), hn::Rebind<uint16_t, D>(), static_cast<uint16_t*>(dst) + i);
  }
  template <class D>
  static HWY_INLINE void stream(D d, hn::Vec<D> v, void* dst, size_t i) {
    streamShort(hn::Rebind<uint16_t, D>(), rounded(d, v), static_cast<uint16_t*>(dst) + i);
  }
};
#else
using Half = SmallFloat<uint16_t, 5, 10, true>;
#endif

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
