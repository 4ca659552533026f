// What ⊕ does to one vector, for each operation, in the instruction set that is being compiled.
//
// The contract of reduce.h says which bits come out; the instructions differ in what they do with
// NaN and signed zeros (x86 min returns its second operand, Arm propagates NaN, plain C++
// compares). So each operation is written such that it does not matter: combine() fixes the order
// of zeros, and canonical() replaces a NaN of any payload. A NaN stays a NaN through any further
// combine(), so a chain is made canonical once, at its end.
//
// Included once per instruction set by kernels.cc (Highway's foreach_target), hence the toggle
// instead of #pragma once.
#if defined(INCCL_REDUCE_OPERATIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef INCCL_REDUCE_OPERATIONS_INL
#undef INCCL_REDUCE_OPERATIONS_INL
#else
#define INCCL_REDUCE_OPERATIONS_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 0x7fc00000, 0x7ff8000000000000: quiet, positive, no payload.
template <class D>
HWY_INLINE hn::Vec<D> canonicalNan(D d) {
  using T = hn::TFromD<D>;
  using Bits = hwy::MakeUnsigned<T>;
  constexpr Bits kQuiet = Bits{1} << (hwy::MantissaBits<T>() - 1);
  return hn::BitCast(d, hn::Set(hn::Rebind<Bits, D>(), hwy::ExponentMask<T>() | kQuiet));
}

template <class D>
HWY_INLINE hn::Vec<D> canonical(D d, hn::Vec<D> v) {
  if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
    return hn::IfThenElse(hn::IsNaN(v), canonicalNan(d), v);
  } else {
    return v;
  }
}

// `ordered` unless x or y is NaN.
template <class D>
HWY_INLINE hn::Vec<D> unlessNan(D d, hn::Vec<D> x, hn::Vec<D> y, hn::Vec<D> ordered) {
  return hn::IfThenElse(hn::Or(hn::IsNaN(x), hn::IsNaN(y)), canonicalNan(d), ordered);
}

// kCanonical: combine() yields no NaN but the canonical one.
struct Sum {
  static constexpr bool kCanonical = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::Add(x, y);
  }
};

struct Prod {
  static constexpr bool kCanonical = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::Mul(x, y);
  }
};

// Of two zeros the instruction returns either operand, the swapped one the other or the same; only
// there can the two differ, in the sign bit. Or keeps a minus, And keeps a plus.
struct Min {
  static constexpr bool kCanonical = true;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D d, hn::Vec<D> x, hn::Vec<D> y) {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      return unlessNan(d, x, y, hn::Or(hn::Min(x, y), hn::Min(y, x)));
    } else {
      return hn::Min(x, y);
    }
  }
};

struct Max {
  static constexpr bool kCanonical = true;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D d, hn::Vec<D> x, hn::Vec<D> y) {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      return unlessNan(d, x, y, hn::And(hn::Max(x, y), hn::Max(y, x)));
    } else {
      return hn::Max(x, y);
    }
  }
};

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
