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

// The same search with packets, registers and ranks kept that can have no effect any more.
TEST(Reductions, HideNothing) {
  for (const char* operations : {"reduce,all-reduce", "all-reduce:2", "broadcast,reduce@1"}) {
    for (const Budget& budget :
         {Budget{1, 1, 0, 0, 0}, Budget{1, 0, 0, 1, 0}, Budget{0, 0, 1, 0, 1}}) {
      Scenario scenario;
      scenario.operations = operationsFrom(operations, 2);
      scenario.budget = budget;
      scenario.hasControl = true;
      scenario.epochs = 2;
      Limits limits;
      limits.collectsViews = true;
      const Exploration reduced = explore(Job(scenario), limits);
      scenario.isReduced = false;
      const Exploration whole = explore(Job(scenario), limits);
      std::printf("%s: %llu states, without reductions %llu, views %zu\n", operations,
                  static_cast<unsigned long long>(reduced.states),
                  static_cast<unsigned long long>(whole.states), whole.views.size());
      EXPECT_EQ(whole.broken, Property::kHolds);
      EXPECT_EQ(reduced.views, whole.views);
      EXPECT_LT(reduced.states, whole.states);
    }
  }
}

}  // namespace
}  // namespace inccl::ina_model
