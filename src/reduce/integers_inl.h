// The row of an integer type, for both files of them.
//
// Included once per instruction set.
#if defined(INCCL_REDUCE_INTEGERS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef INCCL_REDUCE_INTEGERS_INL
#undef INCCL_REDUCE_INTEGERS_INL
#else
#define INCCL_REDUCE_INTEGERS_INL
#endif

#include "reduce/families.h"
#include "reduce/loops_inl.h"

HWY_BEFORE_NAMESPACE();
namespace inccl::reduce::HWY_NAMESPACE {

// Unsigned arithmetic wraps, to the same bits; only order asks for the sign. Bits are bits at any
// width.
template <typename T>
constexpr Row integerRow(DataType type) {
  using Unsigned = AsStored<hwy::MakeUnsigned<T>>;
  using Byte = AsStored<uint8_t>;
  return {type,
          kernelsOf<Unsigned, Sum>(),
          kernelsOf<Unsigned, Prod>(),
          kernelsOf<AsStored<T>, Max>(),
          kernelsOf<AsStored<T>, Min>(),
          InParts<Byte, BitAnd, sizeof(T)>::kernels(),
          InParts<Byte, BitOr, sizeof(T)>::kernels(),
          InParts<Byte, BitXor, sizeof(T)>::kernels(),
          kernelsOf<Unsigned, LogicalAnd>(),
          kernelsOf<Unsigned, LogicalOr>()};
}

}  // namespace inccl::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
