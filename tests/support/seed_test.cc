// Seeds repeat, trials differ, and a value that cannot be read is refused.
#include "support/seed.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace inccl::test {
namespace {

TEST(Seed, OneProcessHasOneSeed) { EXPECT_EQ(testSeed(), testSeed()); }

TEST(Seed, ATrialRepeatsAndTrialsDiffer) {
  EXPECT_EQ(trialRandom(7)(), trialRandom(7)());
  EXPECT_NE(trialRandom(7)(), trialRandom(8)());
  EXPECT_NE(trialRandom(7)(), trialRandom(7 + (uint64_t{1} << 32))());
}

TEST(Seed, TrialsComeFromTheEnvironmentOrTheTest) {
  unsetenv("INCCL_TEST_TRIALS");
  EXPECT_EQ(testTrials(3), 3);
  setenv("INCCL_TEST_TRIALS", "250", 1);
  EXPECT_EQ(testTrials(3), 250);
  unsetenv("INCCL_TEST_TRIALS");
}

TEST(SeedDeathTest, ABadValueEndsTheProcessAndNamesIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const char* bad : {"many", "0", "-1", "12x"}) {
    EXPECT_EXIT(
        {
          setenv("INCCL_TEST_TRIALS", bad, 1);
          testTrials(3);
        },
        ::testing::ExitedWithCode(2), "INCCL_TEST_TRIALS is ");
  }
}

}  // namespace
}  // namespace inccl::test
