// dst[i] = src[i] ⊕ one value, perhaps from one format to another: scaling and conversions.
//
// Included once per instruction set.
#if defined(INCCL_REDUCE_MAP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef INCCL_REDUCE_MAP_INL
#undef INCCL_REDUCE_MAP_INL
#else
#define INCCL_REDUCE_MAP_INL
#endif

#include <hwy/highway.h>

#include "reduce/formats_inl.h"
#include "reduce/operations_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

// Beside those that reductions have. Division is IEEE's in every instruction set.
struct Quotient {
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> y) {
    return hn::Div(x, y);
  }
};

struct First {
  template <class D>
  static HWY_INLINE hn::Vec<D> combine(D /*d*/, hn::Vec<D> x, hn::Vec<D> /*y*/) {
    return x;
  }
};

// Elements i … count-1 in vectors of D, then of half as many lanes, down to one.
template <class From, class To, class Op, class D>
HWY_INLINE void mapFrom(D d, void* dst, const void* src, size_t i, size_t count,
                        hn::TFromD<D> operand) {
  const size_t lanes = hn::Lanes(d);
  const auto y = hn::Set(d, operand);
  for (; count - i >= lanes; i += lanes)
    To::store(d, canonical(d, Op::combine(d, From::load(d, src, i), y)), dst, i);
  constexpr size_t kHalf = hn::MaxLanes(D()) / 2;
  if constexpr (kHalf > 0) {
    const hn::CappedTag<hn::TFromD<D>, kHalf> half;
    mapFrom<From, To, Op>(half, dst, src, i, count, operand);
  }
}

// dst may be src.
template <class From, class To, class Op>
void map(void* dst, const void* src, size_t count, typename From::Computed operand) {
  const hn::ScalableTag<typename From::Computed> d;
  mapFrom<From, To, Op>(d, dst, src, 0, count, operand);
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
