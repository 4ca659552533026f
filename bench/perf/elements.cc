// The two tables of names.
#include "perf/elements.h"

#include <algorithm>
#include <array>

namespace inccl::perf {
namespace {

constexpr std::array<ElementType, 12> kTypes{{{incclInt8, "int8", 1},
                                              {incclUint8, "uint8", 1},
                                              {incclInt32, "int32", 4},
                                              {incclUint32, "uint32", 4},
                                              {incclInt64, "int64", 8},
                                              {incclUint64, "uint64", 8},
                                              {incclFloat16, "half", 2},
                                              {incclFloat32, "float", 4},
                                              {incclFloat64, "double", 8},
                                              {incclBfloat16, "bfloat16", 2},
                                              {incclFloat8e4m3, "f8e4m3", 1},
                                              {incclFloat8e5m2, "f8e5m2", 1}}};

constexpr std::array<ReductionOp, 4> kOps{
    {{incclSum, "sum"}, {incclProd, "prod"}, {incclMax, "max"}, {incclMin, "min"}}};

template <typename Table>
auto find(const Table& table, std::string_view name) {
  const auto at =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return name == row.name; });
  return at == table.end() ? nullptr : &*at;
}

}  // namespace

std::span<const ElementType> elementTypes() { return kTypes; }
std::span<const ReductionOp> reductionOps() { return kOps; }
const ElementType* findElementType(std::string_view name) { return find(kTypes, name); }
const ReductionOp* findReductionOp(std::string_view name) { return find(kOps, name); }

}  // namespace inccl::perf
