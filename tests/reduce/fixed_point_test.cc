// The quantiser: no overflow for any number of ranks, the stated error, the same bits everywhere.
#include "reduce/fixed_point.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

constexpr float kMost = std::numeric_limits<float>::max();
constexpr float kTiniest = std::numeric_limits<float>::denorm_min();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

float power(int exponent) { return std::ldexp(1.0f, exponent); }

TEST(FixedPoint, TheExponentIsTheSmallestThatIsLarger) {
  for (const size_t count : {1, 3, 8, 31, 256}) {
    for (size_t place = 0; place < count; place += 7) {
      const auto exponentOf = [&](float value) {
        std::vector<float> block(count, value == kTiniest ? 0 : kTiniest);
        block[place] = value;
        return int{blockExponent(block.data(), count)};
      };
      EXPECT_EQ(exponentOf(1), 1);
      EXPECT_EQ(exponentOf(-1), 1);
      EXPECT_EQ(exponentOf(std::nextafter(1.0f, 0.0f)), 0);
      EXPECT_EQ(exponentOf(kMost), 128);
      EXPECT_EQ(exponentOf(kTiniest), -148);
      EXPECT_EQ(exponentOf(power(-127)), -126);
      EXPECT_EQ(exponentOf(-kInfinity), int{kNotFiniteBlock});
      EXPECT_EQ(exponentOf(std::nanf("")), int{kNotFiniteBlock});
    }
    EXPECT_EQ(blockExponent(std::vector<float>(count, -0.0f).data(), count), kZeroBlock);
  }
  EXPECT_EQ(blockExponent(nullptr, 0), kZeroBlock);
}

// The proof's bound, at the extremes of every exponent and for every number of ranks.
TEST(FixedPoint, NoSumOfAnyNumberOfRanksOverflows) {
  for (uint32_t n = 1; n <= 1023; ++n) {
    for (const int exponent : {-148, -130, -126, -97, -1, 0, 1, 64, 127, 128}) {
      const float largest = exponent == 128 ? kMost : std::nextafter(power(exponent), 0.0f);
      const int k = fixedPointScale(exponent, n);
      int32_t q[2];
      const float both[] = {largest, -largest};
      toFixedPoint(q, both, 2, k);
      ASSERT_LE(int64_t{q[0]} * n, int64_t{1} << 30) << n << " " << exponent;
      ASSERT_EQ(q[1], -q[0]);
      ASSERT_GT(q[0], 0);
    }
  }
}

TEST(FixedPoint, TheErrorIsWhatTheFileSays) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<float> unit(-1, 1);
  for (const uint32_t n : {1u, 2u, 3u, 8u, 100u, 1023u}) {
    for (const int exponent : {-140, -126, -60, 0, 60, 118}) {
      std::vector<double> exact(kFixedPointBlock, 0);
      std::vector<int32_t> sum(kFixedPointBlock, 0), q(kFixedPointBlock);
      const int k = fixedPointScale(exponent, n);
      for (uint32_t rank = 0; rank < n; ++rank) {
        std::vector<float> x(kFixedPointBlock);
        for (float& value : x) value = std::ldexp(unit(random), exponent - 1);
        toFixedPoint(q.data(), x.data(), x.size(), k);
        for (size_t i = 0; i < x.size(); ++i) {
          exact[i] += x[i];
          sum[i] += q[i];
        }
      }
      std::vector<float> result(kFixedPointBlock);
      fromFixedPoint(result.data(), sum.data(), sum.size(), k);
      for (size_t i = 0; i < result.size(); ++i) {
        const float next = std::nextafter(std::fabs(result[i]), kMost) - std::fabs(result[i]);
        const double bound = std::ldexp(n, -(k + 1)) + 0.5 * static_cast<double>(next);
        ASSERT_LE(std::fabs(exact[i] - static_cast<double>(result[i])), bound)
            << n << " " << exponent;
      }
    }
  }
}

// Each result is the nearest float of the exact sum, also among the denormals.
TEST(FixedPoint, TheWayBackRoundsOnce) {
  std::mt19937 random(3);
  for (int k = -108; k <= 178; ++k) {
    std::vector<int32_t> q(37);
    for (int32_t& value : q) value = static_cast<int32_t>(random()) >> (1 + random() % 30);
    std::vector<float> x(q.size());
    fromFixedPoint(x.data(), q.data(), q.size(), k);
    for (size_t i = 0; i < q.size(); ++i)
      ASSERT_EQ(x[i], static_cast<float>(std::ldexp(static_cast<double>(q[i]), -k)))
          << k << " " << q[i];
  }
}

TEST(FixedPoint, EveryInstructionSetGivesTheSameBits) {
  std::mt19937 random(11);
  std::vector<float> x(1003);
  for (const int k : {-108, -90, 0, 29, 126, 127, 128, 178}) {
    const int exponent = std::min(30 - k, 128);
    for (float& value : x)
      value = std::ldexp(static_cast<float>(static_cast<int32_t>(random())), exponent - 32);
    std::vector<int32_t> q(x.size()), q0;
    std::vector<float> y(x.size()), y0;
    int e0 = 0;
    bool first = true;
    inEachInstructionSet([&] {
      toFixedPoint(q.data(), x.data(), x.size(), k);
      fromFixedPoint(y.data(), q.data(), q.size(), k);
      const int e = blockExponent(x.data() + 1, x.size() - 1);
      if (first) {
        q0 = q, y0 = y, e0 = e;
        for (size_t i = 0; i < x.size(); ++i)
          ASSERT_EQ(q[i], std::nearbyint(std::ldexp(static_cast<double>(x[i]), k))) << k;
      }
      first = false;
      ASSERT_EQ(q, q0) << k;
      ASSERT_EQ(y, y0) << k;
      ASSERT_EQ(e, e0) << k;
    });
  }
}

}  // namespace
}  // namespace inccl::reduce
