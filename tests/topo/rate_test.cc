// Rates are exact, times are whole picoseconds rounded up, texts come back as they were.
#include "topo/rate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inccl::topo {
namespace {

using ::testing::HasSubstr;

Rate parsed(std::string_view text) {
  const Result<Rate> rate = Rate::parse(text);
  EXPECT_TRUE(rate.ok()) << text << ": " << rate.status().message();
  return rate.ok() ? rate.value() : Rate();
}

TEST(RateTest, ReadsDecimalsAndFractionsExactly) {
  EXPECT_EQ(parsed("12.5"), Rate::gbps(25, 2));
  EXPECT_EQ(parsed("25/3"), Rate::gbps(25, 3));
  EXPECT_EQ(parsed("12.5/3"), Rate::gbps(25, 6));
  EXPECT_EQ(parsed("100/8"), parsed("12.5"));
  EXPECT_EQ(parsed("0.1"), Rate::gbps(1, 10));
  EXPECT_EQ(parsed("1e-3"), Rate::gbps(1, 1000));
  EXPECT_EQ(parsed("1.25E+2"), Rate::gbps(125));
  EXPECT_EQ(parsed("007.50"), Rate::gbps(15, 2));
  EXPECT_EQ(parsed("1e15"), Rate::gbps(Rate::kMostOfATerm));
  EXPECT_EQ(parsed("100000000000000000/100000000000000000"), Rate::gbps(1));
}

TEST(RateTest, RefusesWhatIsNoRate) {
  for (const std::string_view text :
       {"", "fast", "1 ", " 1", "+1", ".5", "5.", "1..2", "1/", "/2", "1/2/3", "1e", "1e1000",
        "0x10", "nan", "inf", "1,5", "1e19", "1e-19"})
    EXPECT_THAT(Rate::parse(text).status().message(), HasSubstr("is no rate")) << text;
  for (const std::string_view text : {"0", "0.0", "-1", "-1/2", "1/0", "0/5", "0e5"})
    EXPECT_THAT(Rate::parse(text).status().message(), HasSubstr("must be above 0")) << text;
  for (const std::string_view text : {"1234567890123456", "1e16", "1/1e16"})
    EXPECT_THAT(Rate::parse(text).status().message(), HasSubstr("more than 15 digits")) << text;
}

TEST(RateTest, TextComesBack) {
  for (const std::string_view text : {"12.5", "1", "300", "0.0625", "0.001", "123456.789"}) {
    EXPECT_EQ(parsed(text).text(), text);
    EXPECT_TRUE(parsed(text).isDecimal());
  }
  for (const std::string_view text : {"25/3", "1/7", "999999999999999/7"}) {
    EXPECT_EQ(parsed(text).text(), text);
    EXPECT_FALSE(parsed(text).isDecimal());
  }
  // Has a decimal, but not one of 15 digits.
  EXPECT_EQ(parsed("1/1048576").text(), "1/1048576");
  EXPECT_EQ(parsed(parsed("1/1048576").text()), Rate::gbps(1, 1048576));
}

TEST(RateTest, TimesAreRoundedUp) {
  EXPECT_EQ(Rate::gbps(1).timeOf(7), 7000u);
  EXPECT_EQ(Rate::gbps(25, 2).timeOf(1), 80u);
  EXPECT_EQ(Rate::gbps(3).timeOf(1), 334u);
  EXPECT_EQ(Rate::gbps(3).timeOf(3), 1000u);
  EXPECT_EQ(Rate::gbps(25, 3).timeOf(25), 3000u);
  EXPECT_EQ(Rate::gbps(1).timeOf(0), 0u);
  EXPECT_EQ(Rate::gbps(1000000).timeOf(1), 1u);
}

TEST(RateTest, TimesEndAtForEver) {
  EXPECT_EQ(Rate::gbps(1, Rate::kMostOfATerm).timeOf(UINT64_MAX), kForever);
  EXPECT_EQ(Rate::gbps(1).timeOf(UINT64_MAX), kForever);
  EXPECT_EQ(addTimes(kForever, kForever), kForever);
  EXPECT_EQ(addTimes(kForever, 1), kForever);
  EXPECT_EQ(addTimes(1, 2), 3u);
  EXPECT_EQ(multiplyTime(kForever / 2, 3), kForever);
  EXPECT_EQ(multiplyTime(7, 3), 21u);
  EXPECT_EQ(multiplyTime(kForever, 0), 0u);
}

TEST(RateTest, ComparesExactly) {
  EXPECT_LT(Rate::gbps(333333333333333, 1000000000000000), Rate::gbps(1, 3));
  EXPECT_LT(Rate::gbps(1, 3), Rate::gbps(333333333333334, 1000000000000000));
  EXPECT_FALSE(Rate::gbps(2, 6) < Rate::gbps(1, 3));
}

TEST(RateTest, RoundsToDigits) {
  EXPECT_EQ(parsed("12.3456").rounded(3), parsed("12.3"));
  EXPECT_EQ(parsed("987.6").rounded(2), parsed("990"));
  EXPECT_EQ(parsed("0.012345").rounded(2), parsed("0.012"));
  EXPECT_EQ(parsed("25/3").rounded(2), parsed("8.3"));
}

TEST(RateTest, MicrosecondsAreExactToThePicosecond) {
  const auto time = [](std::string_view text) { return parseMicroseconds(text).value(); };
  EXPECT_EQ(time("0.7"), 700'000u);
  EXPECT_EQ(time("0"), 0u);
  EXPECT_EQ(time("12"), 12'000'000u);
  EXPECT_EQ(time("0.0000014"), 1u);
  EXPECT_EQ(time("0.0000015"), 2u);
  for (const Picoseconds value : {0u, 1u, 700'000u, 12'000'000u, 1'000'001u})
    EXPECT_EQ(time(microsecondsText(value)), value);
  EXPECT_EQ(microsecondsText(700'000), "0.7");
  EXPECT_EQ(microsecondsText(20'000'000), "20");
  for (const std::string_view text : {"", "-1", "1/2", "1e12", "soon"})
    EXPECT_FALSE(parseMicroseconds(text).ok()) << text;
}

}  // namespace
}  // namespace inccl::topo
