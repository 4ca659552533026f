// The kernels fall into families of types, one file each, so that they compile side by side; only
// find() puts them together. Not for callers: they include reduce.h.
//
// A file is compiled by Highway once per instruction set, each time into a namespace of its own,
// and ends there in a table of plain function pointers; the function below asks Highway which table
// this CPU takes. So a call of a kernel is one indirect call. Highway's choice is one atomic word,
// computed from CPUID alike by any thread that finds it unset.
#pragma once

#include "reduce/convert.h"
#include "reduce/reduce.h"

// CPUs before 2008: plain code is good enough. Under a sanitizer AVX2 stands for all, the same code
// with other widths: each instruction set costs a minute of compiling there.
#ifdef INCCL_SANITIZED
#define INCCL_REDUCE_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#else
#define INCCL_REDUCE_DISABLED_TARGETS HWY_SSSE3
#endif

namespace inccl::reduce {

// The kernels of one type; null ones for operations that it refuses.
struct Row {
  DataType type;
  Kernels sum, prod, max, min;
  Kernels bitAnd, bitOr, bitXor, logicalAnd, logicalOr;

  [[nodiscard]] constexpr Kernels of(RedOp op) const {
    switch (op) {
      case RedOp::kSum:
      case RedOp::kAvg:
      case RedOp::kPreMulSum:
        return sum;
      case RedOp::kProd:
        return prod;
      case RedOp::kMax:
        return max;
      case RedOp::kMin:
        return min;
      case RedOp::kBitAnd:
        return bitAnd;
      case RedOp::kBitOr:
        return bitOr;
      case RedOp::kBitXor:
        return bitXor;
      case RedOp::kLogicalAnd:
        return logicalAnd;
      case RedOp::kLogicalOr:
        return logicalOr;
    }
    return {};
  }
};

template <size_t kRows>
constexpr Kernels kernelsIn(const Row (&rows)[kRows], DataType type, RedOp op) {
  for (const Row& row : rows) {
    if (row.type == type) return row.of(op);
  }
  return {};
}

Kernels findWideIntegers(DataType type, RedOp op);   // 64 and 32 bits
Kernels findShortIntegers(DataType type, RedOp op);  // 16 and 8 bits, bool
Kernels findFloats(DataType type, RedOp op);         // float, double, and pairs of them
Kernels findSmallFloats(DataType type, RedOp op);    // 16 and 8 bits

ScaleFn findFinish(DataType type);
PremultiplyFn findPremultiply(DataType type);

}  // namespace inccl::reduce
