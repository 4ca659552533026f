// Rules that are simpler than ours, each with a run in which it goes wrong.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "ina/model/explorer.h"
#include "ina/model/scenarios.h"

namespace inccl::ina_model {
namespace {

class EveryMutant : public testing::TestWithParam<Mutant> {};

TEST_P(EveryMutant, IsFoundOut) {
  const Scenario scenario = mutantScenario(GetParam());
  const Exploration exploration = explore(Job(scenario));
  std::fputs(report(scenario, exploration).c_str(), stdout);
  const Property expected =
      GetParam() == Mutant::kNoAnswerToNonReceivers ? Property::kStuck : Property::kWrongResult;
  EXPECT_EQ(exploration.broken, expected);
  EXPECT_TRUE(exploration.isComplete);

  Scenario repaired = scenario;
  repaired.mutant = Mutant::kNone;
  EXPECT_EQ(explore(Job(repaired)).broken, Property::kHolds) << "not the mutation's fault";
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryMutant, testing::ValuesIn(kAllMutants), [](const auto& one) {
  return fmt::format("Mutant{}", static_cast<int>(one.param));
});

TEST(Trace, SaysWhatHappened) {
  const Exploration exploration = explore(Job(mutantScenario(Mutant::kNoRetainedContributions)));
  std::string all;
  for (const std::string& line : exploration.trace) all += line + "\n";
  EXPECT_NE(all.find("gets RESULT (header alone)(c0"), std::string::npos) << all;
  EXPECT_NE(all.find("COMMIT to the host: c0 on the host"), std::string::npos) << all;
}

}  // namespace
}  // namespace inccl::ina_model
