// dst = a ⊕ b, for every element type and operation, at the speed of memory.
//
// Kernels are found once, at plan time, and called through a pointer. They are compiled for several
// instruction sets and chosen at run time, and give the same bits at every level, on every rank:
// no contraction to FMA, any NaN result is the canonical quiet NaN (0x7fc00000, 0x7ff8…0), min and
// max treat -0 as smaller than +0 and give NaN if either side is NaN, integers wrap.
#pragma once

#include <cstddef>

#include "base/data_type.h"

namespace inccl::reduce {

// dst[i] = a[i] ⊕ b[i] for `count` elements. dst may be a or b (exactly), not overlap them
// otherwise. Pointers need only the alignment that the element type has.
using ReduceFn = void (*)(void* dst, const void* a, const void* b, size_t count);

// dst[i] = ((src[0][i] ⊕ src[1][i]) ⊕ src[2][i]) … over `sourceCount` ≥ 1 sources, in one pass over
// memory; dst may be one of the sources. With one source it is a copy (NaN made canonical).
using ReduceManyFn = void (*)(void* dst, const void* const* sources, size_t sourceCount, size_t count);

struct Kernels {
  ReduceFn reduce = nullptr;
  ReduceManyFn reduceMany = nullptr;
};

// Both are null for a pair that this build does not support.
Kernels find(DataType type, RedOp op);

// What runs on this machine, for logs: "AVX3".
const char* instructionSet();

}  // namespace inccl::reduce
