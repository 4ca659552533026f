// The exactness that the verifier of inccl-perf rests on: in whatever order ranks are reduced, with
// whatever rounding after each step, the result is the one that reduction() says, bit for bit.
//
// The arithmetic here is the processor's own (and, for 16- and 8-bit floats, a decoder written from
// the formats' definitions), not the generator's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
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
// enter() is the first step of a pre-multiplied sum, finish() the last one of an average.
template <typename Stored>
struct Native {
  using Bits = Stored;
  static Stored combine(incclRedOp_t op, Stored a, Stored b) {
    if (op == incclMax) return a > b ? a : b;
    if (op == incclMin) return a < b ? a : b;
    if constexpr (std::is_integral_v<Stored>) {
      using Wide = std::conditional_t<sizeof(Stored) < 4, uint32_t, std::make_unsigned_t<Stored>>;
      const Wide x = static_cast<Wide>(a), y = static_cast<Wide>(b);
      if (op == incclBitAnd) return static_cast<Stored>(a & b);
      if (op == incclBitOr) return static_cast<Stored>(a | b);
      if (op == incclBitXor) return static_cast<Stored>(a ^ b);
      if (op == incclLogicalAnd) return a && b;
      if (op == incclLogicalOr) return a || b;
      return static_cast<Stored>(op == incclProd ? x * y : x + y);
    } else {
      return op == incclProd ? a * b : a + b;
    }
  }
  static Stored enter(Stored value, Stored scalar) { return combine(incclProd, value, scalar); }
  static Stored finish(incclRedOp_t op, Stored value, int ranks) {
    if (op == incclLogicalAnd || op == incclLogicalOr) return value != 0;
    return op == incclAvg ? static_cast<Stored>(value / static_cast<Stored>(ranks)) : value;
  }
};

template <typename StoredBits, int kExponentBits, int kMantissaBits>
struct Small {
  using Bits = StoredBits;
  static double valueOf(Bits bits) { return decode<kExponentBits, kMantissaBits>(bits); }
  static Bits exactly(double value) {
    const auto stored = static_cast<Bits>(encodeExactly<kExponentBits, kMantissaBits>(value));
    roundings += valueOf(stored) != value;
    return stored;
  }
  static Bits combine(incclRedOp_t op, Bits a, Bits b) {
    return exactly(Native<double>::combine(op, valueOf(a), valueOf(b)));
  }
  static Bits enter(Bits value, Bits scalar) { return exactly(valueOf(value) * valueOf(scalar)); }
  // Patterns of one sign are in the order of their values.
  static Bits finish(incclRedOp_t op, Bits value, int ranks) {
    if (op != incclAvg) return value;
    const double quotient = std::fabs(valueOf(value) / ranks);
    uint32_t low = 0, high = ((1u << kExponentBits) - 1) << kMantissaBits;
    while (high - low > 1) {
      const uint32_t middle = (low + high) / 2;
      (valueOf(static_cast<Bits>(middle)) <= quotient ? low : high) = middle;
    }
    const double below = quotient - valueOf(static_cast<Bits>(low));
    const double above = valueOf(static_cast<Bits>(low + 1)) - quotient;
    if (above < below || (above == below && low % 2 == 1)) ++low;
    return static_cast<Bits>(low | (value & 1u << (kExponentBits + kMantissaBits)));
  }
};

struct Truth {
  using Bits = uint8_t;
  static Bits combine(incclRedOp_t op, Bits a, Bits b) {
    return op == incclLogicalAnd || op == incclMin ? a && b : a || b;
  }
  static Bits enter(Bits value, Bits /*scalar*/) { return value; }
  static Bits finish(incclRedOp_t /*op*/, Bits value, int /*ranks*/) { return value != 0; }
};

template <typename Part>
struct Complex {
  using Bits = std::complex<Part>;
  static Bits combine(incclRedOp_t /*op*/, Bits a, Bits b) { return a + b; }
  static Bits enter(Bits value, Bits /*scalar*/) { return value; }
  static Bits finish(incclRedOp_t op, Bits value, int ranks) {
    return op == incclAvg ? value / static_cast<Part>(ranks) : value;
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
  using Elements = std::vector<Element>;

  static DataKey key(uint64_t seed) {
    for (const ElementType& type : elementTypes())
      if (type.id == T::kId) return {seed, type, kCount};
    return {};
  }
  static std::vector<ReductionOp> ops() {
    std::vector<ReductionOp> defined;
    for (const ReductionOp& op : reductionOps())
      if (whyUndefined(key(0).type.kind, op.id).empty()) defined.push_back(op);
    return defined;
  }
  static Element scalar(int rank) {
    Element element;
    std::memcpy(&element, scalarOf(T::kId, rank).data(), sizeof element);
    return element;
  }
  // As they enter the reduction; `scalars`: whose scalar each rank takes.
  static std::vector<Elements> contributions(uint64_t seed, incclRedOp_t op, int ranks,
                                             const std::function<int(int)>& scalars = {}) {
    std::vector<Elements> all;
    for (int rank = 0; rank < ranks; ++rank) {
      all.push_back(contentOf<Element>(contribution(key(seed), op, rank, ranks), kCount));
      if (op != kMulSum) continue;
      for (Element& element : all.back())
        element = T::Arithmetic::enter(element, scalar(scalars ? scalars(rank) : rank));
    }
    return all;
  }
  static void combineInto(incclRedOp_t op, Elements& into, const Elements& from) {
    for (size_t i = 0; i < kCount; ++i) into[i] = T::Arithmetic::combine(op, into[i], from[i]);
  }
  // Starting at each rank in turn around the ring, as a ring's chunks do.
  static Elements aroundTheRing(incclRedOp_t op, std::vector<Elements> all, size_t first) {
    Elements sum = all[first];
    for (size_t step = 1; step < all.size(); ++step)
      combineInto(op, sum, all[(first + step) % all.size()]);
    return sum;
  }
  static Elements asTree(incclRedOp_t op, std::vector<Elements> all) {
    while (all.size() > 1) {
      std::vector<Elements> next;
      for (size_t i = 0; i + 1 < all.size(); i += 2) {
        combineInto(op, all[i], all[i + 1]);
        next.push_back(all[i]);
      }
      if (all.size() % 2 == 1) next.push_back(all.back());
      all = std::move(next);
    }
    return all.front();
  }
  // Elements that are not as expected, after the last step.
  static size_t wrong(const DataTable& expected, incclRedOp_t op, Elements result, int ranks) {
    for (Element& element : result) element = T::Arithmetic::finish(op, element, ranks);
    return expected.compare(result.data(), kCount).count;
  }
};

using AllTypes = ::testing::Types<
    Tested<Native<int8_t>, incclInt8>, Tested<Native<uint8_t>, incclUint8>,
    Tested<Native<int16_t>, incclInt16>, Tested<Native<uint16_t>, incclUint16>,
    Tested<Native<int32_t>, incclInt32>, Tested<Native<uint32_t>, incclUint32>,
    Tested<Native<int64_t>, incclInt64>, Tested<Native<uint64_t>, incclUint64>,
    Tested<Small<uint16_t, 5, 10>, incclFloat16>, Tested<Native<float>, incclFloat32>,
    Tested<Native<double>, incclFloat64>, Tested<Small<uint16_t, 8, 7>, incclBfloat16>,
    Tested<Small<uint8_t, 4, 3>, incclFloat8e4m3>, Tested<Small<uint8_t, 5, 2>, incclFloat8e5m2>,
    Tested<Truth, incclBool>, Tested<Complex<float>, incclComplex64>,
    Tested<Complex<double>, incclComplex128>>;
TYPED_TEST_SUITE(TestValues, AllTypes);

TYPED_TEST(TestValues, EveryOrderOfReductionGivesTheExpectedBits) {
  roundings = 0;
  for (const ReductionOp& op : this->ops()) {
    for (int ranks = 1; ranks <= 16; ++ranks) {
      const auto all = this->contributions(7, op.id, ranks);
      const DataTable expected = reduction(this->key(7), op.id, ranks);
      for (size_t first = 0; first < all.size(); ++first) {
        ASSERT_EQ(this->wrong(expected, op.id, this->aroundTheRing(op.id, all, first), ranks), 0u)
            << op.name << " of " << ranks << " ranks from rank " << first;
      }
      ASSERT_EQ(this->wrong(expected, op.id, this->asTree(op.id, all), ranks), 0u)
          << op.name << " of " << ranks << " ranks as a tree";
    }
  }
  EXPECT_EQ(roundings, 0);
}

bool isIdempotent(incclRedOp_t op) {
  return op != incclSum && op != incclAvg && op != kMulSum && op != incclProd && op != incclBitXor;
}

TYPED_TEST(TestValues, AMissingAndATwiceCountedRankShow) {
  for (const ReductionOp& op : this->ops()) {
    for (const int ranks : {2, 3, 5, 13, 16}) {
      const auto all = this->contributions(11, op.id, ranks);
      const DataTable expected = reduction(this->key(11), op.id, ranks);
      for (int rank = 0; rank < ranks; ++rank) {
        auto without = all;
        without.erase(without.begin() + rank);
        EXPECT_GT(this->wrong(expected, op.id, this->asTree(op.id, without), ranks), 0u)
            << op.name << ": rank " << rank << " of " << ranks << " left out";
        auto doubled = all;
        doubled.push_back(all[static_cast<size_t>(rank)]);
        if (!isIdempotent(op.id)) {
          EXPECT_GT(this->wrong(expected, op.id, this->asTree(op.id, doubled), ranks), 0u)
              << op.name << ": rank " << rank << " of " << ranks << " counted twice";
        }
      }
    }
  }
}

TYPED_TEST(TestValues, AnotherRanksScalarAndAnUndividedSumShow) {
  for (const ReductionOp& op : this->ops()) {
    const DataTable expected = reduction(this->key(13), op.id, 3);
    if (op.id == kMulSum) {
      const auto all = this->contributions(13, op.id, 3, [](int rank) { return (rank + 1) % 3; });
      EXPECT_GT(this->wrong(expected, op.id, this->asTree(op.id, all), 3), kCount / 4);
    }
    if (op.id == incclAvg) {
      const auto all = this->contributions(13, op.id, 3);
      EXPECT_GT(this->wrong(expected, op.id, this->asTree(op.id, all), 1), kCount / 4);
    }
  }
}

// What --hash rests on: the order in which floats are added or multiplied shows.
TEST(RoughValues, EveryOtherOrderGivesOtherBits) {
  for (const incclRedOp_t op : {incclSum, incclProd}) {
    const DataKey key{5, *findElementType("float"), kCount};
    std::vector<std::vector<float>> all;
    for (int rank = 0; rank < 3; ++rank)
      all.push_back(contentOf<float>(roughContribution(key, op, rank, 3), kCount));
    size_t different = 0;
    for (size_t i = 0; i < kCount; ++i) {
      const auto of = [&](float a, float b) { return Native<float>::combine(op, a, b); };
      const float left = of(of(all[0][i], all[1][i]), all[2][i]);
      const float right = of(all[0][i], of(all[1][i], all[2][i]));
      ASSERT_TRUE(std::isfinite(left));
      different += left != right;
    }
    EXPECT_GT(different, kCount / 10);
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
    if (!whyUndefined(Kind::kFloat, op.id).empty()) continue;
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

// Between two neighbours: to the nearer one, from the middle to the even one.
TEST(SmallFloat, RoundsToNearestEven) {
  const auto rounded = [](double value) { return roundToFormat<4, 3>(value); };
  EXPECT_EQ(rounded(1.0624), 1.0);
  EXPECT_EQ(rounded(1.0625), 1.0);
  EXPECT_EQ(rounded(1.1875), 1.25);
  EXPECT_EQ(rounded(-1.99), -2.0);
  EXPECT_EQ(rounded(0x1p-10), 0.0);  // half of the smallest subnormal
  EXPECT_EQ(rounded(0x1.8p-10), 0x1p-9);
}

TEST(SmallFloat, EveryFinitePatternSurvivesDecodingAndEncoding) {
  expectRoundTrips<uint16_t, 5, 10>();
  expectRoundTrips<uint16_t, 8, 7>();
  expectRoundTrips<uint8_t, 4, 3>();
  expectRoundTrips<uint8_t, 5, 2>();
}

}  // namespace
}  // namespace inccl::perf
