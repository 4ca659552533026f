// The exactness that the verifier of inccl-perf rests on: in whatever order ranks are reduced, with
// whatever rounding after each step, the result is the one that reduction() says, bit for bit.
//
// The arithmetic here is the processor's own (and, for 16- and 8-bit floats, a decoder written from
// the formats' definitions), not the generator's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "perf/small_float.h"
#include "perf/test_values.h"

namespace inccl::perf {
namespace {

constexpr size_t kCount = 509;

template <int kExponentBits, int kMantissaBits>
double decode(uint32_t bits) {
  const int bias = (1 << (kExponentBits - 1)) - 1;
  const uint32_t mantissa = bits & ((1u << kMantissaBits) - 1);
  const int exponent = static_cast<int>(bits >> kMantissaBits & ((1u << kExponentBits) - 1));
  const double sign = (bits >> (kExponentBits + kMantissaBits) & 1) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - kMantissaBits);
  return sign * std::ldexp(1.0 + std::ldexp(mantissa, -kMantissaBits), exponent - bias);
}

// Results of a step that their type could not represent.
int roundings = 0;

// How the test reads, combines and writes elements of a type. Each step ends in the stored type.
template <typename Stored>
struct Native {
  using Bits = Stored;
  static Stored combine(incclRedOp_t op, Stored a, Stored b) {
    if (op == incclMax) return a > b ? a : b;
    if (op == incclMin) return a < b ? a : b;
    if constexpr (std::is_integral_v<Stored>) {
      using Wide = std::conditional_t<sizeof(Stored) < 4, uint32_t, std::make_unsigned_t<Stored>>;
      const Wide x = static_cast<Wide>(a), y = static_cast<Wide>(b);
      return static_cast<Stored>(op == incclProd ? x * y : x + y);
    } else {
      return op == incclProd ? a * b : a + b;
    }
  }
};

template <typename StoredBits, int kExponentBits, int kMantissaBits>
struct Small {
  using Bits = StoredBits;
  static Bits combine(incclRedOp_t op, Bits a, Bits b) {
    const double x = decode<kExponentBits, kMantissaBits>(a);
    const double y = decode<kExponentBits, kMantissaBits>(b);
    const double result = Native<double>::combine(op, x, y);
    const auto stored = static_cast<Bits>(encodeExactly<kExponentBits, kMantissaBits>(result));
    roundings += decode<kExponentBits, kMantissaBits>(stored) != result;
    return stored;
  }
};

template <typename Format, int kType>
struct Tested {
  using Arithmetic = Format;
  using Bits = typename Format::Bits;
  static constexpr auto kId = static_cast<incclDataType_t>(kType);
};

template <typename T>
std::vector<T> contentOf(const DataTable& table, size_t count) {
  std::vector<T> values(count);
  table.fill(values.data(), count);
  return values;
}

template <typename T>
class TestValues : public ::testing::Test {
 protected:
  using Element = typename T::Bits;

  static DataKey key(uint64_t seed) {
    for (const ElementType& type : elementTypes())
      if (type.id == T::kId) return {seed, type, kCount};
    return {};
  }
  static std::vector<std::vector<Element>> contributions(uint64_t seed, incclRedOp_t op,
                                                         int ranks) {
    std::vector<std::vector<Element>> all;
    for (int rank = 0; rank < ranks; ++rank)
      all.push_back(contentOf<Element>(contribution(key(seed), op, rank, ranks), kCount));
    return all;
  }
  static void combineInto(incclRedOp_t op, std::vector<Element>& into,
                          const std::vector<Element>& from) {
    for (size_t i = 0; i < kCount; ++i) into[i] = T::Arithmetic::combine(op, into[i], from[i]);
  }
  // Starting at each rank in turn around the ring, as a ring's chunks do.
  static std::vector<Element> aroundTheRing(incclRedOp_t op, std::vector<std::vector<Element>> all,
                                            size_t first) {
    std::vector<Element> sum = all[first];
    for (size_t step = 1; step < all.size(); ++step)
      combineInto(op, sum, all[(first + step) % all.size()]);
    return sum;
  }
  static std::vector<Element> asTree(incclRedOp_t op, std::vector<std::vector<Element>> all) {
    while (all.size() > 1) {
      std::vector<std::vector<Element>> next;
      for (size_t i = 0; i + 1 < all.size(); i += 2) {
        combineInto(op, all[i], all[i + 1]);
        next.push_back(all[i]);
      }
      if (all.size() % 2 == 1) next.push_back(all.back());
      all = std::move(next);
    }
    return all.front();
  }
};

using AllTypes = ::testing::Types<
    Tested<Native<int8_t>, incclInt8>, Tested<Native<uint8_t>, incclUint8>,
    Tested<Native<int32_t>, incclInt32>, Tested<Native<uint32_t>, incclUint32>,
    Tested<Native<int64_t>, incclInt64>, Tested<Native<uint64_t>, incclUint64>,
    Tested<Small<uint16_t, 5, 10>, incclFloat16>, Tested<Native<float>, incclFloat32>,
    Tested<Native<double>, incclFloat64>, Tested<Small<uint16_t, 8, 7>, incclBfloat16>,
    Tested<Small<uint8_t, 4, 3>, incclFloat8e4m3>, Tested<Small<uint8_t, 5, 2>, incclFloat8e5m2>>;
TYPED_TEST_SUITE(TestValues, AllTypes);

TYPED_TEST(TestValues, EveryOrderOfReductionGivesTheExpectedBits) {
  using Bits = typename TypeParam::Bits;
  roundings = 0;
  for (const ReductionOp& op : reductionOps()) {
    for (int ranks = 1; ranks <= 16; ++ranks) {
      const auto all = this->contributions(7, op.id, ranks);
      const DataTable expected = reduction(this->key(7), op.id, ranks);
      for (size_t first = 0; first < all.size(); ++first) {
        const std::vector<Bits> result = this->aroundTheRing(op.id, all, first);
        ASSERT_EQ(expected.compare(result.data(), kCount).count, 0u)
            << op.name << " of " << ranks << " ranks from rank " << first;
      }
      const std::vector<Bits> result = this->asTree(op.id, all);
      ASSERT_EQ(expected.compare(result.data(), kCount).count, 0u)
          << op.name << " of " << ranks << " ranks as a tree";
    }
  }
  EXPECT_EQ(roundings, 0);
}

TYPED_TEST(TestValues, AMissingAndATwiceCountedRankShow) {
  using Bits = typename TypeParam::Bits;
  for (const ReductionOp& op : reductionOps()) {
    const bool idempotent = op.id == incclMax || op.id == incclMin;
    for (const int ranks : {2, 3, 5, 16}) {
      const auto all = this->contributions(11, op.id, ranks);
      const DataTable expected = reduction(this->key(11), op.id, ranks);
      for (int rank = 0; rank < ranks; ++rank) {
        auto without = all;
        without.erase(without.begin() + rank);
        const std::vector<Bits> missing = this->asTree(op.id, without);
        EXPECT_GT(expected.compare(missing.data(), kCount).count, 0u)
            << op.name << ": rank " << rank << " of " << ranks << " left out";
        auto doubled = all;
        doubled.push_back(all[static_cast<size_t>(rank)]);
        const std::vector<Bits> twice = this->asTree(op.id, doubled);
        if (!idempotent) {
          EXPECT_GT(expected.compare(twice.data(), kCount).count, 0u)
              << op.name << ": rank " << rank << " of " << ranks << " counted twice";
        }
      }
    }
  }
}

TYPED_TEST(TestValues, SeedsAndRanksDiffer) {
  using Bits = typename TypeParam::Bits;
  const DataTable one = movedData(this->key(1), 0);
  const std::vector<Bits> otherSeed = contentOf<Bits>(movedData(this->key(2), 0), kCount);
  const std::vector<Bits> otherRank = contentOf<Bits>(movedData(this->key(1), 1), kCount);
  EXPECT_GT(one.compare(otherSeed.data(), kCount).count, kCount / 2);
  EXPECT_GT(one.compare(otherRank.data(), kCount).count, kCount / 2);
}

TEST(TestValuesSigns, SignedTypesHaveBothSigns) {
  for (const ReductionOp& op : reductionOps()) {
    for (const int ranks : {1, 4, 16}) {
      const DataKey key{5, *findElementType("float"), kCount};
      const auto values = contentOf<float>(contribution(key, op.id, 0, ranks), kCount);
      EXPECT_TRUE(std::any_of(values.begin(), values.end(), [](float v) { return v < 0; }));
      EXPECT_TRUE(std::any_of(values.begin(), values.end(), [](float v) { return v > 0; }));
    }
  }
}

// A library that computed doubles in single precision would be found out.
TEST(TestValuesSigns, DoublesNeedMoreThanSinglePrecision) {
  const DataKey key{5, *findElementType("double"), kCount};
  const auto values = contentOf<double>(contribution(key, incclSum, 0, 2), kCount);
  EXPECT_TRUE(std::any_of(values.begin(), values.end(), [](double v) {
    return static_cast<double>(static_cast<float>(v)) != v;
  }));
}

template <typename Bits, int kExponentBits, int kMantissaBits>
void expectRoundTrips() {
  const uint32_t patterns = 1u << (1 + kExponentBits + kMantissaBits);
  const uint32_t largestExponent = (1u << kExponentBits) - 1;
  for (uint32_t bits = 0; bits < patterns; ++bits) {
    if ((bits >> kMantissaBits & largestExponent) == largestExponent) continue;  // not finite
    const double value = decode<kExponentBits, kMantissaBits>(bits);
    ASSERT_EQ((encodeExactly<kExponentBits, kMantissaBits>(value)), bits) << value;
  }
}

TEST(SmallFloat, EveryFinitePatternSurvivesDecodingAndEncoding) {
  expectRoundTrips<uint16_t, 5, 10>();
  expectRoundTrips<uint16_t, 8, 7>();
  expectRoundTrips<uint8_t, 4, 3>();
  expectRoundTrips<uint8_t, 5, 2>();
}

}  // namespace
}  // namespace inccl::perf
