// What ⊕ does to one vector, for each operation, in the instruction set that is being compiled.
//
// The contract of reduce.h says which bits come out; the instructions differ in what they do with
// NaN and signed zeros (x86 min returns its second operand, Arm propagates NaN, plain C++
// compares). So each operation is written such that it does not matter: combine() fixes the order
// of zeros, and canonical() replaces a NaN of any payload. A NaN stays a NaN through any further
// combine(), so a chain is made canonical once, at its end (settled()).
//
// Included once per instruction set (Highway's foreach_target) by each family of kernels, hence the
// toggle instead of #pragma once.
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

// The low halves of the products of unsigned integers of any width, 8 bits included, for which no
// instruction set has an instruction.
template <class D>
HWY_INLINE hn::Vec<D> multiplied(D d, hn::Vec<D> x, hn::Vec<D> y) {
  if constexpr (sizeof(hn::TFromD<D>) > 1) {
    return hn::Mul(x, y);
  } else if constexpr (hn::MaxLanes(D()) == 1) {
    const hn::Rebind<uint16_t, D> wide;
    return hn::TruncateTo(d, hn::Mul(hn::PromoteTo(wide, x), hn::PromoteTo(wide, y)));
  } else {  // pairs of bytes: the even ones in place, the odd ones shifted down and up again
    const hn::Repartition<uint16_t, D> pairs;
    const auto a = hn::BitCast(pairs, x), b = hn::BitCast(pairs, y);
    const auto odd = hn::ShiftLeft<8>(hn::Mul(hn::ShiftRight<8>(a), hn::ShiftRight<8>(b)));
    return hn::BitCast(d, hn::Or(hn::And(hn::Mul(a, b), hn::Set(pairs, 0xff)), odd));
  }
}

// What an operation says of itself:
//   kCanonical  combine() yields no NaN but the canonical one
//   kTruths     the result is 0 or 1
struct Sum {
  static constexpr bool kCanonical = false, kTruths = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::Add(x, y);
  }
};

struct Prod {
  static constexpr bool kCanonical = false, kTruths = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D d, hn::Vec<D> x, hn::Vec<D> y) {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      return hn::Mul(x, y);
    } else {
      return multiplied(d, x, y);
    }
  }
};

// Of two zeros the instruction returns either operand, the swapped one the other or the same; only
// there can the two differ, in the sign bit. Or keeps a minus, And keeps a plus.
struct Min {
  static constexpr bool kCanonical = true, kTruths = false;
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
  static constexpr bool kCanonical = true, kTruths = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D d, hn::Vec<D> x, hn::Vec<D> y) {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      return unlessNan(d, x, y, hn::And(hn::Max(x, y), hn::Max(y, x)));
    } else {
      return hn::Max(x, y);
    }
  }
};

struct BitAnd {
  static constexpr bool kCanonical = true, kTruths = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::And(x, y);
  }
};

struct BitOr {
  static constexpr bool kCanonical = true, kTruths = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::Or(x, y);
  }
};

struct BitXor {
  static constexpr bool kCanonical = true, kTruths = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::Xor(x, y);
  }
};

// 1 where an unsigned element is not 0.
template <class D>
HWY_INLINE hn::Vec<D> truth(D d, hn::Vec<D> x) {
  return hn::Min(x, hn::Set(d, hn::TFromD<D>{1}));
}

struct LogicalAnd {
  static constexpr bool kCanonical = true, kTruths = true;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D d, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::And(truth(d, x), truth(d, y));
  }
};

struct LogicalOr {
  static constexpr bool kCanonical = true, kTruths = true;
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D d, hn::Vec<D> x, hn::Vec<D> y) {
    return truth(d, hn::Or(x, y));
  }
};

// The end of a chain of combine(), perhaps of none: what is stored.
template <class Op, class D>
HWY_INLINE hn::Vec<D> settled(D d, hn::Vec<D> v) {
  if constexpr (Op::kTruths) {
    return truth(d, v);
  } else {
    return canonical(d, v);
  }
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
