// Kernels of integers of 16 and 8 bits and of truth values.
#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/short_integers.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#include "reduce/integers_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

// Max of truth values is or, min is and; both also turn any byte but 0 into 1.
constexpr Row boolRow() {
  using Byte = AsStored<uint8_t>;
  const Kernels both = kernelsOf<Byte, LogicalAnd>(), either = kernelsOf<Byte, LogicalOr>();
  return {DataType::kBool, {}, {}, either, both, {}, {}, {}, both, either};
}

constexpr Row kShortIntegers[] = {
    integerRow<int8_t>(DataType::kInt8),
    integerRow<uint8_t>(DataType::kUint8),
    integerRow<int16_t>(DataType::kInt16),
    integerRow<uint16_t>(DataType::kUint16),
    boolRow(),
};

Kernels findShortIntegersHere(DataType type, RedOp op) {
  return kernelsIn(kShortIntegers, type, op);
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(findShortIntegersHere);

Kernels findShortIntegers(DataType type, RedOp op) {
  return HWY_DYNAMIC_DISPATCH(findShortIntegersHere)(type, op);
}

}  // namespace inccl::reduce
#endif
