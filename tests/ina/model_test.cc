// The aggregation protocol, searched through: what we build holds. (mutants_test.cc: what is
// simpler does not.)
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "ina/model/explorer.h"
#include "ina/model/scenarios.h"

namespace inccl::ina_model {
namespace {

class EveryScenario : public testing::TestWithParam<Scenario> {};

TEST_P(EveryScenario, HasNoWrongResultAndNoRankThatWaitsForEver) {
  const Job job(GetParam());
  Limits limits;
  limits.checksProgress = !GetParam().isEverlasting;
  const Exploration exploration = explore(job, limits);
  const std::string said = report(GetParam(), exploration);
  std::fputs(said.c_str(), stdout);
  EXPECT_TRUE(exploration.isComplete);
  EXPECT_EQ(exploration.broken, Property::kHolds) << said;
  EXPECT_GT(exploration.states, 100U);
}

INSTANTIATE_TEST_SUITE_P(TwoWorkers, EveryScenario, testing::ValuesIn(testScenarios()),
                         [](const auto& one) { return fmt::format("Scenario{}", one.index); });

}  // namespace
}  // namespace inccl::ina_model
