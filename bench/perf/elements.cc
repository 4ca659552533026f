// The tables.
#include "perf/elements.h"

#include <algorithm>
#include <array>

namespace inccl::perf {
namespace {

constexpr std::array<ElementType, 17> kTypes{{{incclInt8, "int8", 1},
                                              {incclUint8, "uint8", 1},
                                              {incclInt32, "int32", 4},
                                              {incclUint32, "uint32", 4},
                                              {incclInt64, "int64", 8},
                                              {incclUint64, "uint64", 8},
                                              {incclFloat16, "half", 2, Kind::kFloat},
                                              {incclFloat32, "float", 4, Kind::kFloat},
                                              {incclFloat64, "double", 8, Kind::kFloat},
                                              {incclBfloat16, "bfloat16", 2, Kind::kFloat},
                                              {incclFloat8e4m3, "f8e4m3", 1, Kind::kFloat},
                                              {incclFloat8e5m2, "f8e5m2", 1, Kind::kFloat},
                                              {incclInt16, "int16", 2},
                                              {incclUint16, "uint16", 2},
                                              {incclBool, "bool", 1, Kind::kBool},
                                              {incclComplex64, "complex64", 8, Kind::kComplex},
                                              {incclComplex128, "complex128", 16, Kind::kComplex}}};

constexpr std::array<ReductionOp, 11> kOps{{{incclSum, "sum"},
                                            {incclProd, "prod"},
                                            {incclMax, "max"},
                                            {incclMin, "min"},
                                            {incclAvg, "avg"},
                                            {kMulSum, "mulsum"},
                                            {incclBitAnd, "band"},
                                            {incclBitOr, "bor"},
                                            {incclBitXor, "bxor"},
                                            {incclLogicalAnd, "land"},
                                            {incclLogicalOr, "lor"}}};

template <typename Table>
auto find(const Table& table, std::string_view name) {
  const auto at =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return name == row.name; });
  return at == table.end() ? nullptr : &*at;
}

bool isBitwise(incclRedOp_t op) {
  return op == incclBitAnd || op == incclBitOr || op == incclBitXor;
}
bool isLogical(incclRedOp_t op) { return op == incclLogicalAnd || op == incclLogicalOr; }

}  // namespace

std::span<const ElementType> elementTypes() { return kTypes; }
std::span<const ReductionOp> reductionOps() { return kOps; }
const ElementType* findElementType(std::string_view name) { return find(kTypes, name); }
const ReductionOp* findReductionOp(std::string_view name) {
  return find(kOps, name == "premulsum" ? "mulsum" : name);
}

std::string_view whyUndefined(Kind kind, incclRedOp_t op) {
  switch (kind) {
    case Kind::kInteger:
      return "";
    case Kind::kFloat:
      return isBitwise(op) || isLogical(op) ? "bitwise and logical operations need integers" : "";
    case Kind::kBool:
      return isLogical(op) || op == incclMax || op == incclMin
                 ? ""
                 : "truth values take land, lor, max and min";
    case Kind::kComplex:
      return op == incclSum || op == incclAvg ? "" : "complex numbers take sum and avg";
  }
  return "";
}

}  // namespace inccl::perf
