// Kernels of integers of 64 and 32 bits.
#include "reduce/families.h"

#define HWY_DISABLED_TARGETS INCCL_REDUCE_DISABLED_TARGETS
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/wide_integers.cc"
#include <hwy/foreach_target.h>  // before highway.h
#include <hwy/highway.h>

#include "reduce/integers_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

constexpr Row kWideIntegers[] = {
    integerRow<int32_t>(DataType::kInt32),
    integerRow<uint32_t>(DataType::kUint32),
    integerRow<int64_t>(DataType::kInt64),
    integerRow<uint64_t>(DataType::kUint64),
};

Kernels findWideIntegersHere(DataType type, RedOp op) { return kernelsIn(kWideIntegers, type, op); }

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inccl::reduce {

HWY_EXPORT(findWideIntegersHere);

Kernels findWideIntegers(DataType type, RedOp op) {
  return HWY_DYNAMIC_DISPATCH(findWideIntegersHere)(type, op);
}

}  // namespace inccl::reduce
#endif
