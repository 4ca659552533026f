// The aggregation protocol by chance, where it is too large to be searched.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ina/model/walk.h"
#include "support/seed.h"

namespace inccl::ina_model {
namespace {

constexpr int kWalksPerTrial = 200;

TEST(RandomWalks, FinishWithoutAWrongResult) {
  uint64_t events = 0;
  const int trials = test::testTrials(25);
  for (int trial = 0; trial < trials; ++trial) {
    std::mt19937_64 random = test::trialRandom(static_cast<uint64_t>(trial));
    for (int i = 0; i < kWalksPerTrial; ++i) {
      const uint64_t seed = random();
      const Scenario scenario = randomScenario(seed);
      const Walk walked = walk(scenario, seed);
      events += walked.events;
      ASSERT_EQ(walked.broken, Property::kHolds)
          << scenario.name << ", seed " << seed << '\n'
          << fmt::format("{}", fmt::join(walked.trace, "\n"));
    }
  }
  RecordProperty("events", std::to_string(events));
}

// That chance gets far enough to see a mistake at all.
TEST(RandomWalks, FindMutantsOut) {
  for (const Mutant mutant : kAllMutants) {
    if (mutant == Mutant::kNoTagCheck) continue;  // all ranks of these scenarios agree
    bool isFound = false;
    uint64_t seed = 0;
    while (!isFound && ++seed < 2000) {
      Scenario scenario = randomScenario(seed);
      scenario.mutant = mutant;
      isFound = walk(scenario, seed).broken != Property::kHolds;
    }
    EXPECT_TRUE(isFound) << mutantName(mutant);
  }
}

}  // namespace
}  // namespace inccl::ina_model
