// Conversions of 16- and 8-bit floats, both ways: every number of the format, and every float
// beside which rounding could go wrong, against a reference that knows only the definition.
#include "reduce/convert.h"

#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

template <typename T>
std::vector<T> everyNumber() {
  std::vector<T> values;
  for (unsigned bits = 0; bits < 2 * T::kSign; ++bits) values.push_back(T::of(bits));
  return values;
}

// Every sign, exponent and mantissa that the format keeps, with the dropped bits at nothing, just
// above it, around one half, and at most; then for subnormals the halves between neighbours.
template <typename T>
std::vector<float> floatsAroundEveryTie() {
  constexpr int kDropped = 23 - T::kMantissa;
  constexpr uint32_t kHalf = 1u << (kDropped - 1);
  std::vector<float> values;
  for (uint64_t kept = 0; kept < uint64_t{1} << 32; kept += uint64_t{1} << kDropped) {
    for (const uint32_t dropped : {0u, 1u, kHalf - 1, kHalf, kHalf + 1, 2 * kHalf - 1})
      values.push_back(std::bit_cast<float>(static_cast<uint32_t>(kept) | dropped));
  }
  for (unsigned bits = 0; bits <= T::kOnes; ++bits) {
    const float tie = (T::of(bits).decoded() + T::of(bits + 1).decoded()) / 2;
    for (const float value : {std::nextafter(tie, 0.0f), tie, std::nextafter(tie, 1.0f)})
      values.insert(values.end(), {value, -value});
  }
  return values;
}

template <typename T>
class ConvertTest : public testing::Test {};
using SmallElements = testing::Types<Half, Bfloat16, E4m3, E5m2>;
TYPED_TEST_SUITE(ConvertTest, SmallElements);

TYPED_TEST(ConvertTest, ToFloatIsExactForEveryNumber) {
  const auto all = everyNumber<TypeParam>();
  inEachInstructionSet([&] {
    std::vector<float> wide(all.size());
    conversionsOf(TypeParam::kType).toFloat(wide.data(), all.data(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(std::bit_cast<uint32_t>(wide[i]),
                std::bit_cast<uint32_t>(canonicalIfNan(all[i].decoded())))
          << std::hex << i;
    }
  });
}

TYPED_TEST(ConvertTest, ThereAndBackIsTheSame) {
  const auto all = everyNumber<TypeParam>();
  inEachInstructionSet([&] {
    std::vector<float> wide(all.size());
    std::vector<TypeParam> back(all.size());
    const Conversions conversions = conversionsOf(TypeParam::kType);
    conversions.toFloat(wide.data(), all.data(), all.size());
    conversions.fromFloat(back.data(), wide.data(), all.size());
    for (size_t i = 0; i < all.size(); ++i)
      ASSERT_EQ(back[i].bits, std::isnan(wide[i]) ? TypeParam::kNan : i) << std::hex << i;
  });
}

TYPED_TEST(ConvertTest, FromFloatRoundsToNearestEven) {
  const auto wide = floatsAroundEveryTie<TypeParam>();
  std::vector<TypeParam> expected;
  for (const float value : wide) expected.push_back(TypeParam::rounded(value));
  inEachInstructionSet([&] {
    std::vector<TypeParam> narrow(wide.size());
    conversionsOf(TypeParam::kType).fromFloat(narrow.data(), wide.data(), wide.size());
    for (size_t i = 0; i < wide.size(); ++i)
      ASSERT_EQ(narrow[i].bits, expected[i].bits) << wide[i] << " is element " << i;
  });
}

TYPED_TEST(ConvertTest, WritesEveryLengthAndNothingBeside) {
  inEachInstructionSet([&] {
    const Conversions conversions = conversionsOf(TypeParam::kType);
    for (size_t count = 0; count <= 67; ++count) {
      const auto narrow = mixedValues<TypeParam>(count, count);
      std::vector<float> wide;
      std::vector<TypeParam> back;
      for (const TypeParam value : narrow) {
        wide.push_back(canonicalIfNan(value.decoded()));
        back.push_back(TypeParam::rounded(value.decoded()));
      }
      Guarded<float> toWide(count, 1);
      Guarded<TypeParam> from(narrow, 3), toNarrow(count, 5);
      conversions.toFloat(toWide.data(), from.data(), count);
      conversions.fromFloat(toNarrow.data(), toWide.data(), count);
      EXPECT_EQ(toWide.firstDifference(wide), -1) << count;
      EXPECT_EQ(toNarrow.firstDifference(back), -1) << count;
      EXPECT_TRUE(toWide.guardsIntact() && toNarrow.guardsIntact()) << count;
    }
  });
}

// Anchors from outside: IEEE 754, the OCP specification's tables, CUDA's __NV_SATFINITE for E4M3.
TEST(ConvertKnownTest, NumbersThatTheStandardsName) {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::bit_cast<float>(0xffc12345u);
  const struct {
    DataType type;
    float value;
    uint16_t bits;
  } known[] = {
      {DataType::kFloat16, 1, 0x3c00},          {DataType::kFloat16, 65504, 0x7bff},
      {DataType::kFloat16, 65519.996f, 0x7bff}, {DataType::kFloat16, 65520, 0x7c00},
      {DataType::kFloat16, -inf, 0xfc00},       {DataType::kFloat16, nan, 0x7e00},
      {DataType::kFloat16, 0x1p-24f, 0x0001},   {DataType::kFloat16, 0x1p-25f, 0x0000},
      {DataType::kFloat16, 0x1.8p-24f, 0x0002}, {DataType::kFloat16, -0.0f, 0x8000},
      {DataType::kBfloat16, 1, 0x3f80},         {DataType::kBfloat16, 0x1.01p0f, 0x3f80},
      {DataType::kBfloat16, 0x1.03p0f, 0x3f82}, {DataType::kBfloat16, 0x1.010002p0f, 0x3f81},
      {DataType::kBfloat16, 3.4e38f, 0x7f80},   {DataType::kBfloat16, nan, 0x7fc0},
      {DataType::kFloat8e4m3, 1, 0x38},         {DataType::kFloat8e4m3, 448, 0x7e},
      {DataType::kFloat8e4m3, 464, 0x7e},       {DataType::kFloat8e4m3, 465, 0x7e},
      {DataType::kFloat8e4m3, -inf, 0xfe},      {DataType::kFloat8e4m3, nan, 0x7f},
      {DataType::kFloat8e4m3, 0x1p-9f, 0x01},   {DataType::kFloat8e4m3, 0x1p-10f, 0x00},
      {DataType::kFloat8e5m2, 1, 0x3c},         {DataType::kFloat8e5m2, 57344, 0x7b},
      {DataType::kFloat8e5m2, 61439, 0x7b},     {DataType::kFloat8e5m2, 61440, 0x7c},
      {DataType::kFloat8e5m2, -inf, 0xfc},      {DataType::kFloat8e5m2, nan, 0x7e},
      {DataType::kFloat8e5m2, 0x1p-16f, 0x01},  {DataType::kFloat8e5m2, 0x1p-17f, 0x00},
  };
  inEachInstructionSet([&] {
    for (const auto& [type, value, bits] : known) {
      uint16_t got = 0;
      conversionsOf(type).fromFloat(&got, &value, 1);
      EXPECT_EQ(got, bits) << name(type) << " " << value;
    }
  });
}

TEST(ConvertKnownTest, OtherTypesHaveNone) {
  for (const DataType type : kDataTypes) {
    const bool small = kindOf(type) == TypeKind::kFloat && sizeOf(type) < 4;
    EXPECT_EQ(conversionsOf(type).toFloat != nullptr, small) << name(type);
    EXPECT_EQ(conversionsOf(type).fromFloat != nullptr, small) << name(type);
  }
}

// With 256 numbers every pair can be tried.
template <typename T>
void expectEveryPair() {
  std::vector<T> a, b;
  for (const T x : everyNumber<T>()) {
    for (const T y : everyNumber<T>()) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  for (const RedOp op : opsOf<T>()) {
    const auto expected = expectedOf<T>(op, {a, b});
    inEachInstructionSet([&] {
      std::vector<T> got(a.size());
      find(typeOf<T>(), op).reduce(got.data(), a.data(), b.data(), a.size());
      for (size_t i = 0; i < a.size(); ++i)
        ASSERT_EQ(got[i].bits, expected[i].bits)
            << name(op) << " of " << a[i].decoded() << " and " << b[i].decoded();
    });
  }
}

TEST(ReduceEveryPairTest, E4m3) { expectEveryPair<E4m3>(); }
TEST(ReduceEveryPairTest, E5m2) { expectEveryPair<E5m2>(); }

}  // namespace
}  // namespace inccl::reduce
