// From a type and an operation to its kernels: the families put together.
#include "reduce/families.h"

namespace inccl::reduce {
namespace {

Kernels findInFamily(DataType type, RedOp op) {
  switch (type) {
    case DataType::kInt32:
    case DataType::kUint32:
    case DataType::kInt64:
    case DataType::kUint64:
      return findWideIntegers(type, op);
    case DataType::kInt8:
    case DataType::kUint8:
    case DataType::kInt16:
    case DataType::kUint16:
    case DataType::kBool:
      return findShortIntegers(type, op);
    case DataType::kFloat32:
    case DataType::kFloat64:
    case DataType::kComplex64:
    case DataType::kComplex128:
      return findFloats(type, op);
    case DataType::kFloat16:
    case DataType::kBfloat16:
    case DataType::kFloat8e4m3:
    case DataType::kFloat8e5m2:
      return findSmallFloats(type, op);
  }
  return {};
}

}  // namespace

Kernels find(DataType type, RedOp op) {
  if (!isSupported(type, op)) return {};
  Kernels kernels = findInFamily(type, op);
  if (op == RedOp::kAvg) kernels.finish = findFinish(type);
  if (op == RedOp::kPreMulSum) kernels.premultiply = findPremultiply(type);
  return kernels;
}

}  // namespace inccl::reduce
