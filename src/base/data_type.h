// Element types and reduction operations, with the public header's values (those of NCCL up to its
// own; ours start higher), their sizes and the names that tools and messages print.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace inccl {

enum class DataType : int {
  kInt8 = 0,
  kUint8 = 1,
  kInt32 = 2,
  kUint32 = 3,
  kInt64 = 4,
  kUint64 = 5,
  kFloat16 = 6,
  kFloat32 = 7,
  kFloat64 = 8,
  kBfloat16 = 9,
  kFloat8e4m3 = 10,
  kFloat8e5m2 = 11,
};

enum class RedOp : int { kSum = 0, kProd = 1, kMax = 2, kMin = 3, kAvg = 4 };

// Bytes of one element.
size_t sizeOf(DataType type);

// "float32", "sum" …, as nccl-tests prints them ("float", "sum").
std::string_view name(DataType type);
std::string_view name(RedOp op);
std::optional<DataType> parseDataType(std::string_view text);
std::optional<RedOp> parseRedOp(std::string_view text);

// What this build moves and reduces; anything else is refused with a message that says so.
bool isSupported(DataType type);
bool isSupported(RedOp op);

}  // namespace inccl
