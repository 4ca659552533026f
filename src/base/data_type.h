// Element types and reduction operations, with the public header's values (those of NCCL up to its
// own; ours start higher), their sizes and the names that tools and messages print.
#pragma once

#include <cstddef>
#include <cstdint>
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

// Bytes of one element; 0 for a value that is no type. Inline: every call asks several times.
constexpr size_t sizeOf(DataType type) {
  constexpr uint8_t kBytes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2, 1, 1};
  const auto index = static_cast<unsigned>(type);
  return index < sizeof kBytes ? kBytes[index] : 0;
}

// "float32", "sum" …, as nccl-tests prints them ("float", "sum").
std::string_view name(DataType type);
std::string_view name(RedOp op);
std::optional<DataType> parseDataType(std::string_view text);
std::optional<RedOp> parseRedOp(std::string_view text);

// What this build moves and reduces; anything else is refused with a message that says so.
constexpr bool isSupported(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kInt32 ||
         type == DataType::kInt64;
}
constexpr bool isSupported(RedOp op) {
  return op == RedOp::kSum || op == RedOp::kProd || op == RedOp::kMax || op == RedOp::kMin;
}

}  // namespace inccl
