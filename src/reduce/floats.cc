// Kernels of float and double, and of complex numbers: pairs of them that are only added.
#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/floats.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#include "reduce/loops_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

template <class Format>
constexpr Row floatRow(DataType type) {
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

template <typename Part>
constexpr Row complexRow(DataType type) {
  return {type, InParts<AsStored<Part>, Sum, 2>::kernels(), {}, {}, {}, {}, {}, {}, {}, {}};
}

constexpr Row kFloats[] = {
    floatRow<AsStored<float>>(DataType::kFloat32),
    floatRow<AsStored<double>>(DataType::kFloat64),
    complexRow<float>(DataType::kComplex64),
    complexRow<double>(DataType::kComplex128),
};

Kernels findFloatsHere(DataType type, RedOp op) { return kernelsIn(kFloats, type, op); }

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(findFloatsHere);

Kernels findFloats(DataType type, RedOp op) {
  return HWY_DYNAMIC_DISPATCH(findFloatsHere)(type, op);
}

}  // namespace inccl::reduce
#endif
