// The steps that averages and pre-multiplied sums have beside the reduction: division by a number
// of ranks, multiplication by a rank's factor.
#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

constexpr uint32_t kDivisors[] = {1,   2,   3,   5,   7,   8,    13,    100,
                                  127, 128, 255, 256, 300, 1023, 65535, 65536};

template <typename T>
T divided(T value, uint32_t divisor) {
  if constexpr (kIsSmall<T>) {
    return T::rounded(value.decoded() / static_cast<float>(divisor));
  } else if constexpr (kIsComplex<T>) {
    return {divided(value.real(), divisor), divided(value.imag(), divisor)};
  } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(value) / divisor);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<int64_t>(value) / static_cast<int64_t>(divisor));
  } else {
    return canonicalIfNan(value / static_cast<T>(divisor));
  }
}

template <typename T>
T multiplied(T value, T factor) {
  const T both[] = {value, factor};
  return oracle<T>(RedOp::kProd, both);
}

// All there are of 8 and 16 bits; of others special and random ones.
template <typename T>
std::vector<T> valuesOf() {
  if constexpr (sizeof(T) > 2) {
    return mixedValues<T>(5003, 1);
  } else {
    std::vector<T> values(size_t{1} << (8 * sizeof(T)));
    for (size_t i = 0; i < values.size(); ++i)
      std::memcpy(static_cast<void*>(&values[i]), &i, sizeof(T));
    return values;
  }
}

template <typename T>
class FinishTest : public testing::Test {};
using Averaged =
    testing::Types<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t, float,
                   double, Half, Bfloat16, E4m3, E5m2, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(FinishTest, Averaged);

TYPED_TEST(FinishTest, DividesEveryValueByAnyNumberOfRanks) {
  const auto values = valuesOf<TypeParam>();
  for (const uint32_t divisor : kDivisors) {
    std::vector<TypeParam> expected;
    for (const TypeParam value : values)
      expected.push_back(divisor == 1 ? value : divided(value, divisor));
    inEachInstructionSet([&] {
      Guarded<TypeParam> dst(values, 1);
      find(typeOf<TypeParam>(), RedOp::kAvg).finish(dst.data(), values.size(), divisor);
      const int64_t at = dst.firstDifference(expected);
      ASSERT_EQ(at, -1) << "by " << divisor;
      EXPECT_TRUE(dst.guardsIntact());
    });
  }
}

TYPED_TEST(FinishTest, TouchesEveryLengthAndNothingBeside) {
  inEachInstructionSet([&] {
    const ScaleFn finish = find(typeOf<TypeParam>(), RedOp::kAvg).finish;
    for (size_t count = 0; count <= 67; ++count) {
      const auto values = mixedValues<TypeParam>(count, count);
      std::vector<TypeParam> expected;
      for (const TypeParam value : values) expected.push_back(divided(value, 3));
      Guarded<TypeParam> dst(values, count % 4);
      finish(dst.data(), count, 3);
      ASSERT_EQ(dst.firstDifference(expected), -1) << count;
      EXPECT_TRUE(dst.guardsIntact()) << count;
    }
  });
}

TEST(FinishKnownTest, IntegersLoseTheFractionTowardsZero) {
  int32_t values[] = {7, -7, 8, -8, INT32_MIN, INT32_MAX};
  find(DataType::kInt32, RedOp::kAvg).finish(values, 6, 3);
  const int32_t expected[] = {2, -2, 2, -2, INT32_MIN / 3, INT32_MAX / 3};
  EXPECT_EQ(std::memcmp(values, expected, sizeof values), 0);
}

template <typename T>
class PremultiplyTest : public testing::Test {};
using Premultiplied = testing::Types<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t,
                                     uint64_t, float, double, Half, Bfloat16, E4m3, E5m2>;
TYPED_TEST_SUITE(PremultiplyTest, Premultiplied);

TYPED_TEST(PremultiplyTest, MultipliesEveryValueByAnyFactor) {
  const auto values = valuesOf<TypeParam>();
  std::vector<TypeParam> factors = specialValues<TypeParam>();
  factors.push_back(ordinary<TypeParam>(3.7));
  factors.push_back(ordinary<TypeParam>(-0.1));
  for (const TypeParam factor : factors) {
    std::vector<TypeParam> expected;
    for (const TypeParam value : values) expected.push_back(multiplied(value, factor));
    inEachInstructionSet([&] {
      Guarded<TypeParam> src(values, 3), dst(values.size(), 1);
      const PremultiplyFn premultiply = find(typeOf<TypeParam>(), RedOp::kPreMulSum).premultiply;
      premultiply(dst.data(), src.data(), values.size(), &factor);
      ASSERT_EQ(dst.firstDifference(expected), -1);
      EXPECT_EQ(src.firstDifference(values), -1);
      premultiply(src.data(), src.data(), values.size(), &factor);
      ASSERT_EQ(src.firstDifference(expected), -1);
      EXPECT_TRUE(dst.guardsIntact() && src.guardsIntact());
    });
  }
}

TYPED_TEST(PremultiplyTest, WritesEveryLengthAndNothingBeside) {
  inEachInstructionSet([&] {
    const PremultiplyFn premultiply = find(typeOf<TypeParam>(), RedOp::kPreMulSum).premultiply;
    const auto factor = ordinary<TypeParam>(3);
    for (size_t count = 0; count <= 67; ++count) {
      const auto values = mixedValues<TypeParam>(count, count);
      std::vector<TypeParam> expected;
      for (const TypeParam value : values) expected.push_back(multiplied(value, factor));
      Guarded<TypeParam> src(values, count % 3), dst(count, count % 5);
      premultiply(dst.data(), src.data(), count, &factor);
      ASSERT_EQ(dst.firstDifference(expected), -1) << count;
      EXPECT_TRUE(dst.guardsIntact()) << count;
    }
  });
}

}  // namespace
}  // namespace inccl::reduce
