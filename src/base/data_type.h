// Element types and reduction operations, with the public header's values (those of NCCL up to its
// own; ours start higher), their sizes, the names that tools and messages print, and which pairs of
// them make sense.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  kInt16 = 32,
  kUint16 = 33,
  kBool = 34,        // a byte; anything but 0 is true, results are 0 or 1
  kComplex64 = 35,   // two floats
  kComplex128 = 36,  // two doubles
};

enum class RedOp : int {
  kSum = 0,
  kProd = 1,
  kMax = 2,
  kMin = 3,
  kAvg = 4,
  kBitAnd = 64,
  kBitOr = 65,
  kBitXor = 66,
  kLogicalAnd = 67,
  kLogicalOr = 68,
  // The sum of each rank's elements times a factor of its own. Not in the public enum: there it
  // hides behind a handle that the caller made.
  kPreMulSum = 96,
};

inline constexpr DataType kDataTypes[] = {
    DataType::kInt8,       DataType::kUint8,    DataType::kInt32,      DataType::kUint32,
    DataType::kInt64,      DataType::kUint64,   DataType::kFloat16,    DataType::kFloat32,
    DataType::kFloat64,    DataType::kBfloat16, DataType::kFloat8e4m3, DataType::kFloat8e5m2,
    DataType::kInt16,      DataType::kUint16,   DataType::kBool,       DataType::kComplex64,
    DataType::kComplex128,
};

inline constexpr RedOp kRedOps[] = {
    RedOp::kSum,        RedOp::kProd,      RedOp::kMax,       RedOp::kMin,
    RedOp::kAvg,        RedOp::kBitAnd,    RedOp::kBitOr,     RedOp::kBitXor,
    RedOp::kLogicalAnd, RedOp::kLogicalOr, RedOp::kPreMulSum,
};

// Bytes of one element; 0 for a value that is no type. Inline: every call asks several times.
constexpr size_t sizeOf(DataType type) {
  constexpr uint8_t kBytes[] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2, 1, 1};
  constexpr uint8_t kBytesOfOurs[] = {2, 2, 1, 8, 16};
  const auto index = static_cast<unsigned>(type);
  if (index < sizeof kBytes) return kBytes[index];
  const unsigned ours = index - static_cast<unsigned>(DataType::kInt16);
  return ours < sizeof kBytesOfOurs ? kBytesOfOurs[ours] : 0;
}

// What a buffer of such elements must be aligned to: C aligns a complex number as its parts.
constexpr size_t alignmentOf(DataType type) {
  const bool complex = type == DataType::kComplex64 || type == DataType::kComplex128;
  return complex ? sizeOf(type) / 2 : sizeOf(type);
}

// As nccl-tests prints them ("half", "float", "sum", "mulsum" …); ours alike ("int16", "bool",
// "complex64", "band", "lor" …).
std::string_view name(DataType type);
std::string_view name(RedOp op);
std::optional<DataType> parseDataType(std::string_view text);
std::optional<RedOp> parseRedOp(std::string_view text);

enum class TypeKind : uint8_t { kUnknown, kInteger, kFloat, kBool, kComplex };

constexpr TypeKind kindOf(DataType type) {
  switch (type) {
    case DataType::kInt8:
    case DataType::kUint8:
    case DataType::kInt16:
    case DataType::kUint16:
    case DataType::kInt32:
    case DataType::kUint32:
    case DataType::kInt64:
    case DataType::kUint64:
      return TypeKind::kInteger;
    case DataType::kFloat16:
    case DataType::kFloat32:
    case DataType::kFloat64:
    case DataType::kBfloat16:
    case DataType::kFloat8e4m3:
    case DataType::kFloat8e5m2:
      return TypeKind::kFloat;
    case DataType::kBool:
      return TypeKind::kBool;
    case DataType::kComplex64:
    case DataType::kComplex128:
      return TypeKind::kComplex;
  }
  return TypeKind::kUnknown;
}

// Sums and products of such elements may be rounded.
constexpr bool isRounded(DataType type) {
  return kindOf(type) == TypeKind::kFloat || kindOf(type) == TypeKind::kComplex;
}
// Where elements are rounded, the result depends on the order in which they are taken.
constexpr bool dependsOnOrder(RedOp op) {
  return op == RedOp::kSum || op == RedOp::kProd || op == RedOp::kAvg || op == RedOp::kPreMulSum;
}

// What a group of operations says to each kind of type; empty where it is supported.
struct OpSupport {
  std::string_view forIntegers, forFloats, forBool, forComplex;
};

constexpr OpSupport supportOf(RedOp op) {
  constexpr std::string_view kPairs = "complex numbers are only added, as pairs of reals";
  constexpr std::string_view kBits = "bitwise operations need integers";
  constexpr std::string_view kTruths = "logical operations need integers or bool";
  constexpr std::string_view kNone = "there is no such operation";
  switch (op) {
    case RedOp::kSum:
    case RedOp::kAvg:
      return {"", "", "truth values have no sum: use lor, or type uint8", ""};
    case RedOp::kPreMulSum:
      return {"", "", "truth values have no sum: use lor, or type uint8", kPairs};
    case RedOp::kProd:
      return {"", "", "truth values have no product: use land, or type uint8", kPairs};
    case RedOp::kMax:
    case RedOp::kMin:
      return {"", "", "", "complex numbers have no order"};
    case RedOp::kBitAnd:
    case RedOp::kBitOr:
    case RedOp::kBitXor:
      return {"", kBits, kBits, kBits};
    case RedOp::kLogicalAnd:
    case RedOp::kLogicalOr:
      return {"", kTruths, "", kTruths};
  }
  return {kNone, kNone, kNone, kNone};
}

// Why `op` of `type` is refused, to be put behind the names of both; empty for a pair that is
// supported. The kernels of src/reduce are complete by this table.
constexpr std::string_view whyRefused(DataType type, RedOp op) {
  switch (kindOf(type)) {
    case TypeKind::kInteger:
      return supportOf(op).forIntegers;
    case TypeKind::kFloat:
      return supportOf(op).forFloats;
    case TypeKind::kBool:
      return supportOf(op).forBool;
    case TypeKind::kComplex:
      return supportOf(op).forComplex;
    case TypeKind::kUnknown:
      break;
  }
  return "there is no such data type";
}

constexpr bool isSupported(DataType type, RedOp op) { return whyRefused(type, op).empty(); }

// For callers that judge type and operation apart: any type passed here goes with any operation
// passed here. The others go with some only (ask for the pair), and kAvg and kPreMulSum need a
// caller that scales (reduce.h).
constexpr bool isSupported(DataType type) {
  return kindOf(type) == TypeKind::kInteger || kindOf(type) == TypeKind::kFloat;
}
constexpr bool isSupported(RedOp op) {
  return op == RedOp::kSum || op == RedOp::kProd || op == RedOp::kMax || op == RedOp::kMin;
}

}  // namespace inccl
