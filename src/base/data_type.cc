#include "base/data_type.h"

#include <array>
#include <utility>

namespace inccl {
namespace {

struct TypeRow {
  DataType type;
  std::string_view name;
};

constexpr std::array kTypes = {
    TypeRow{DataType::kInt8, "int8"},
    TypeRow{DataType::kUint8, "uint8"},
    TypeRow{DataType::kInt32, "int32"},
    TypeRow{DataType::kUint32, "uint32"},
    TypeRow{DataType::kInt64, "int64"},
    TypeRow{DataType::kUint64, "uint64"},
    TypeRow{DataType::kFloat16, "half"},
    TypeRow{DataType::kFloat32, "float"},
    TypeRow{DataType::kFloat64, "double"},
    TypeRow{DataType::kBfloat16, "bfloat16"},
    TypeRow{DataType::kFloat8e4m3, "f8e4m3"},
    TypeRow{DataType::kFloat8e5m2, "f8e5m2"},
    TypeRow{DataType::kInt16, "int16"},
    TypeRow{DataType::kUint16, "uint16"},
    TypeRow{DataType::kBool, "bool"},
    TypeRow{DataType::kComplex64, "complex64"},
    TypeRow{DataType::kComplex128, "complex128"},
};

constexpr std::array<std::pair<RedOp, std::string_view>, 11> kOps = {{
    {RedOp::kSum, "sum"},
    {RedOp::kProd, "prod"},
    {RedOp::kMax, "max"},
    {RedOp::kMin, "min"},
    {RedOp::kAvg, "avg"},
    {RedOp::kBitAnd, "band"},
    {RedOp::kBitOr, "bor"},
    {RedOp::kBitXor, "bxor"},
    {RedOp::kLogicalAnd, "land"},
    {RedOp::kLogicalOr, "lor"},
    {RedOp::kPreMulSum, "mulsum"},
}};

const TypeRow* find(DataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view name(DataType type) {
  const TypeRow* row = find(type);
  return row ? row->name : "unknown type";
}

std::string_view name(RedOp op) {
  for (const auto& [value, text] : kOps) {
    if (value == op) return text;
  }
  return "unknown operation";
}

std::optional<DataType> parseDataType(std::string_view text) {
  for (const TypeRow& row : kTypes) {
    if (row.name == text) return row.type;
  }
  return std::nullopt;
}

std::optional<RedOp> parseRedOp(std::string_view text) {
  for (const auto& [value, known] : kOps) {
    if (known == text) return value;
  }
  return std::nullopt;
}

}  // namespace inccl
