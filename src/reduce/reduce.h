// dst = a ⊕ b, for every element type and operation, at the speed of memory.
//
// Kernels are found once, at plan time, and called through a pointer. They are compiled for several
// instruction sets and chosen at run time, and give the same bits at every level, on every rank:
// no contraction to FMA, any NaN result is the canonical quiet NaN (0x7fc00000, 0x7ff8…0, in small
// formats see convert.h), min and max treat -0 as smaller than +0 and give NaN if either side is
// NaN, integers wrap, truth values are 0 or 1. Rounding mode and flush to zero are the calling
// thread's: ranks that set them differently get different bits.
//
// Floats of 16 and 8 bits are combined as f32, all sources of a step, and rounded once (convert.h).
// Where an 8-bit E4M3 result is too large it becomes ±448, in the other formats Inf.
//
// Threading: everything here may be called from any thread at any time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/data_type.h"

namespace inccl::reduce {

// dst[i] = a[i] ⊕ b[i] for `count` elements. dst may be a or b (exactly), not overlap them
// otherwise. Pointers need only the alignment that the element type has.
using ReduceFn = void (*)(void* dst, const void* a, const void* b, size_t count);

// dst[i] = ((src[0][i] ⊕ src[1][i]) ⊕ src[2][i]) … over `sourceCount` ≥ 1 sources, in one pass over
// memory; dst may be one of the sources. With one source it is a copy (NaN made canonical, truth
// values 0 or 1). In 16- and 8-bit floats it differs from a chain of ReduceFn: that rounds often.
using ReduceManyFn = void (*)(void* dst, const void* const* sources, size_t sourceCount,
                              size_t count);

// dst[i] = dst[i] / divisor, divisor ≥ 1. Floats are divided as f32 or f64 and rounded; integers
// lose their fraction (towards 0).
using ScaleFn = void (*)(void* dst, size_t count, uint32_t divisor);

// dst[i] = src[i] · factor, of which `factor` points to one element of the same type. dst may be
// src. Rounded to the type; integers wrap.
using PremultiplyFn = void (*)(void* dst, const void* src, size_t count, const void* factor);

// kAvg and kPreMulSum reduce as kSum does, so that a schedule need not know of them. Whoever runs
// the schedule adds the missing step:
//   kAvg        `finish` with the number of ranks, once on each element of the result, when its sum
//               is complete: on the rank that completes it, before others get it. The sum itself
//               must fit: past 65504 a half is Inf however many ranks it is divided by.
//   kPreMulSum  `premultiply` with this rank's factor on its own input, where a step first reads
//   it.
struct Kernels {
  ReduceFn reduce = nullptr;
  ReduceManyFn reduceMany = nullptr;
  ReduceFn reduceStreaming = nullptr;   // the same bits as reduce; see below
  ScaleFn finish = nullptr;             // kAvg only
  PremultiplyFn premultiply = nullptr;  // kPreMulSum only
};

// `reduce` and its variants are null exactly for a pair that isSupported() (base/data_type.h)
// refuses.
Kernels find(DataType type, RedOp op);

// Streaming writes dst past the caches (non-temporal stores, fenced before the return), which saves
// reading its old lines first. It pays where dst is too large to be found in a cache and is not a
// source. Streaming over plain, rates of two threads side by side (virtual Xeon with AVX-512, 2 MiB
// of L2 a core; bench/micro, medians of 3):
//   MiB of dst             4     8     16    32    64
//   f32 sum               0.99  0.99  1.06  1.62  1.38
//   f32 sum, dst is read  0.79  0.79  0.87  1.13  1.25
//   f32 sum, dst is a     0.49  0.48  0.49  0.60  0.79
//   copy over memcpy      0.97  0.97  0.97  1.17  1.40
// So: from kStreamingMinBytes of dst on, and never onto a source.
inline constexpr size_t kStreamingMinBytes = size_t{32} << 20;

// memcpy with streaming stores.
void copyStreaming(void* dst, const void* src, size_t bytes);

// What runs on this machine, for logs: "AVX3".
const char* instructionSet();

}  // namespace inccl::reduce
