#include "base/data_type.h"

#include <array>
#include <utility>

namespace inccl {
namespace {

struct TypeRow {
  DataType type;
  std::string_view name;
  size_t bytes;
  bool supported;
};

constexpr std::array kTypes = {
    TypeRow{DataType::kInt8, "int8", 1, false},
    TypeRow{DataType::kUint8, "uint8", 1, false},
    TypeRow{DataType::kInt32, "int32", 4, true},
    TypeRow{DataType::kUint32, "uint32", 4, false},
    TypeRow{DataType::kInt64, "int64", 8, true},
    TypeRow{DataType::kUint64, "uint64", 8, false},
    TypeRow{DataType::kFloat16, "half", 2, false},
    TypeRow{DataType::kFloat32, "float", 4, true},
    TypeRow{DataType::kFloat64, "double", 8, true},
    TypeRow{DataType::kBfloat16, "bfloat16", 2, false},
    TypeRow{DataType::kFloat8e4m3, "f8e4m3", 1, false},
    TypeRow{DataType::kFloat8e5m2, "f8e5m2", 1, false},
};

constexpr std::array<std::pair<RedOp, std::string_view>, 5> kOps = {{
    {RedOp::kSum, "sum"},
    {RedOp::kProd, "prod"},
    {RedOp::kMax, "max"},
    {RedOp::kMin, "min"},
    {RedOp::kAvg, "avg"},
}};

const TypeRow* find(DataType type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

}  // namespace

size_t sizeOf(DataType type) {
  const TypeRow* row = find(type);
  return row ? row->bytes : 0;
}

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

bool isSupported(DataType type) {
  const TypeRow* row = find(type);
  return row && row->supported;
}

bool isSupported(RedOp op) {
  return op == RedOp::kSum || op == RedOp::kProd || op == RedOp::kMax || op == RedOp::kMin;
}

}  // namespace inccl
