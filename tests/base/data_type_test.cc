// Types and operations: the public header's values, names both ways, and which pairs are refused.
#include "base/data_type.h"

#include <gtest/gtest.h>
#include <inccl/inccl.h>

#include <complex>
#include <set>
#include <string>

namespace inccl {
namespace {

static_assert(static_cast<int>(DataType::kInt8) == incclInt8 && incclInt8 == incclChar);
static_assert(static_cast<int>(DataType::kUint8) == incclUint8);
static_assert(static_cast<int>(DataType::kInt32) == incclInt32 && incclInt32 == incclInt);
static_assert(static_cast<int>(DataType::kUint32) == incclUint32);
static_assert(static_cast<int>(DataType::kInt64) == incclInt64);
static_assert(static_cast<int>(DataType::kUint64) == incclUint64);
static_assert(static_cast<int>(DataType::kFloat16) == incclFloat16 && incclFloat16 == incclHalf);
static_assert(static_cast<int>(DataType::kFloat32) == incclFloat32 && incclFloat32 == incclFloat);
static_assert(static_cast<int>(DataType::kFloat64) == incclFloat64 && incclFloat64 == incclDouble);
static_assert(static_cast<int>(DataType::kBfloat16) == incclBfloat16);
static_assert(static_cast<int>(DataType::kFloat8e4m3) == incclFloat8e4m3);
static_assert(static_cast<int>(DataType::kFloat8e5m2) == incclFloat8e5m2);
static_assert(static_cast<int>(DataType::kInt16) == incclInt16);
static_assert(static_cast<int>(DataType::kUint16) == incclUint16);
static_assert(static_cast<int>(DataType::kBool) == incclBool);
static_assert(static_cast<int>(DataType::kComplex64) == incclComplex64);
static_assert(static_cast<int>(DataType::kComplex128) == incclComplex128);
static_assert(static_cast<int>(RedOp::kSum) == incclSum);
static_assert(static_cast<int>(RedOp::kProd) == incclProd);
static_assert(static_cast<int>(RedOp::kMax) == incclMax);
static_assert(static_cast<int>(RedOp::kMin) == incclMin);
static_assert(static_cast<int>(RedOp::kAvg) == incclAvg);
static_assert(static_cast<int>(RedOp::kBitAnd) == incclBitAnd);
static_assert(static_cast<int>(RedOp::kBitOr) == incclBitOr);
static_assert(static_cast<int>(RedOp::kBitXor) == incclBitXor);
static_assert(static_cast<int>(RedOp::kLogicalAnd) == incclLogicalAnd);
static_assert(static_cast<int>(RedOp::kLogicalOr) == incclLogicalOr);

TEST(DataTypeTest, NamesAreReadBack) {
  std::set<std::string_view> names;
  for (const DataType type : kDataTypes) {
    names.insert(name(type));
    EXPECT_EQ(parseDataType(name(type)), type) << name(type);
    EXPECT_NE(kindOf(type), TypeKind::kUnknown) << name(type);
    EXPECT_LE(static_cast<int>(type), 255) << "a byte on the wire";
  }
  EXPECT_EQ(names.size(), std::size(kDataTypes));
  EXPECT_EQ(parseDataType("float128"), std::nullopt);
}

TEST(DataTypeTest, SizesAreThoseOfTheCTypes) {
  EXPECT_EQ(sizeOf(DataType::kInt16), 2u);
  EXPECT_EQ(sizeOf(DataType::kUint16), 2u);
  EXPECT_EQ(sizeOf(DataType::kBool), 1u);
  EXPECT_EQ(sizeOf(DataType::kComplex64), sizeof(std::complex<float>));
  EXPECT_EQ(sizeOf(DataType::kComplex128), sizeof(std::complex<double>));
  EXPECT_EQ(alignmentOf(DataType::kComplex64), alignof(std::complex<float>));
  EXPECT_EQ(alignmentOf(DataType::kComplex128), alignof(std::complex<double>));
  EXPECT_EQ(alignmentOf(DataType::kBfloat16), 2u);
}

TEST(DataTypeTest, OtherValuesAreNoTypes) {
  for (const int value : {-1, 12, 31, 37, 64, 1 << 30}) {
    const auto type = static_cast<DataType>(value);
    EXPECT_EQ(sizeOf(type), 0u) << value;
    EXPECT_EQ(name(type), "unknown type") << value;
    EXPECT_FALSE(isSupported(type, RedOp::kSum)) << value;
    EXPECT_FALSE(isSupported(type)) << value;
  }
}

TEST(RedOpTest, NamesAreReadBack) {
  for (const RedOp op : kRedOps) {
    EXPECT_EQ(parseRedOp(name(op)), op) << name(op);
    EXPECT_LE(static_cast<int>(op), 255) << "a byte on the wire";
  }
  EXPECT_EQ(parseRedOp("minloc"), std::nullopt);
}

TEST(RedOpTest, OtherValuesAreNoOperations) {
  for (const int value : {-1, 5, 63, 69, 95, 97, static_cast<int>(incclMaxRedOp)}) {
    const auto op = static_cast<RedOp>(value);
    EXPECT_EQ(name(op), "unknown operation") << value;
    EXPECT_EQ(whyRefused(DataType::kInt32, op), "there is no such operation") << value;
    EXPECT_FALSE(isSupported(op)) << value;
  }
}

// One letter for each type of kDataTypes: y supported, n refused.
std::string supportOfAll(RedOp op) {
  std::string row;
  for (const DataType type : kDataTypes) row += isSupported(type, op) ? 'y' : 'n';
  return row;
}

TEST(PairTest, TheTableIsThis) {
  //                                     i u i u i u f f f b f f i u b c c
  //                                     8 8 3 3 6 6 1 3 6 1 8 8 1 1   6 1
  EXPECT_EQ(supportOfAll(RedOp::kSum), "yyyyyyyyyyyyyynyy");
  EXPECT_EQ(supportOfAll(RedOp::kAvg), "yyyyyyyyyyyyyynyy");
  EXPECT_EQ(supportOfAll(RedOp::kPreMulSum), "yyyyyyyyyyyyyynnn");
  EXPECT_EQ(supportOfAll(RedOp::kProd), "yyyyyyyyyyyyyynnn");
  EXPECT_EQ(supportOfAll(RedOp::kMax), "yyyyyyyyyyyyyyynn");
  EXPECT_EQ(supportOfAll(RedOp::kMin), "yyyyyyyyyyyyyyynn");
  for (const RedOp op : {RedOp::kBitAnd, RedOp::kBitOr, RedOp::kBitXor})
    EXPECT_EQ(supportOfAll(op), "yyyyyynnnnnnyynnn") << name(op);
  for (const RedOp op : {RedOp::kLogicalAnd, RedOp::kLogicalOr})
    EXPECT_EQ(supportOfAll(op), "yyyyyynnnnnnyyynn") << name(op);
}

TEST(PairTest, ARefusalSaysWhy) {
  EXPECT_EQ(whyRefused(DataType::kComplex64, RedOp::kProd),
            "complex numbers are only added, as pairs of reals");
  EXPECT_EQ(whyRefused(DataType::kComplex128, RedOp::kMin), "complex numbers have no order");
  EXPECT_EQ(whyRefused(DataType::kFloat16, RedOp::kBitXor), "bitwise operations need integers");
  EXPECT_EQ(whyRefused(DataType::kFloat64, RedOp::kLogicalOr),
            "logical operations need integers or bool");
  EXPECT_EQ(whyRefused(DataType::kBool, RedOp::kSum),
            "truth values have no sum: use lor, or type uint8");
}

TEST(PairTest, WhatIsJudgedApartGoesTogether) {
  for (const DataType type : kDataTypes) {
    for (const RedOp op : kRedOps) {
      if (isSupported(type) && isSupported(op)) {
        EXPECT_TRUE(isSupported(type, op)) << name(type) << " " << name(op);
      }
    }
  }
}

}  // namespace
}  // namespace inccl
