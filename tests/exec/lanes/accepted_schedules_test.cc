// What the verifier accepts, lanes run right: not only what our generators write.
//
// Generated schedules are mutated at random; those that the verifier still accepts are odd but
// right (doubled copies, other orders, idle lanes), and are run here in many slices.
#include <gtest/gtest.h>

#include <cstring>

#include "algo/algorithm.h"
#include "rank_group.h"
#include "support/seed.h"
#include "verify/verify.h"

namespace inccl::exec {
namespace {

using algo::Algorithm;
using schedule::Schedule;
using transport::Progress;

constexpr int kTrials = 2000;
constexpr uint64_t kCount = 173;

// Changes one place at random, often for the worse; what is left of order may be nonsense.
void changeSomething(Schedule& schedule, std::mt19937_64& random) {
  schedule::RankProgram& program = schedule.ranks[random() % schedule.ranks.size()];
  std::vector<schedule::Step>& steps = program.lanes[random() % program.lanes.size()].steps;
  if (steps.empty()) return;
  const auto at = steps.begin() + static_cast<long>(random() % steps.size());
  switch (random() % 5) {
    case 0:
      std::iter_swap(at, steps.begin() + static_cast<long>(random() % steps.size()));
      break;
    case 1:
      steps.insert(steps.end(), *at);
      break;
    case 2:
      at->after.clear();
      break;
    case 3:
      steps.erase(at);
      break;
    default:
      program.lanes.push_back({99, -1, -1, {}});
  }
}

double valueAt(int rank, uint64_t index) {
  return static_cast<double>(rank + 1) / static_cast<double>(3 + index * index);
}

// The ranks' outputs after one all-reduce; empty when a rank did not end well.
std::vector<std::vector<double>> runAllReduce(const Schedule& schedule, bool inPlace,
                                              uint64_t seed) {
  RankGroup group(schedule, {64, 2, true, seed}, 64);
  std::vector<std::vector<double>> inputs(group.size(), std::vector<double>(kCount));
  std::vector<std::vector<double>> outputs(group.size(), std::vector<double>(kCount, -1));
  for (int rank = 0; rank < group.size(); ++rank) {
    std::vector<double>& input = inPlace ? outputs[rank] : inputs[rank];
    for (uint64_t i = 0; i < kCount; ++i) input[i] = valueAt(rank, i);
    const LanesCall call{
        input.data(), outputs[rank].data(), {},
        kCount,       sizeof(double),       reduce::find(DataType::kFloat64, RedOp::kSum),
        OpTag(1, 1)};
    EXPECT_TRUE(group.begin(rank, call).ok());
  }
  for (const Progress end : group.run()) {
    if (end != Progress::kDone) return {};
  }
  return outputs;
}

TEST(AcceptedSchedulesTest, GiveTheSumWithTheSameBitsOnAllRanks) {
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : algo::kAllAlgorithms) {
    if (algo::supports(algorithm, Collective::kAllReduce)) algorithms.push_back(algorithm);
  }
  int accepted = 0;
  for (int trial = 0; trial < test::testTrials(kTrials); ++trial) {
    std::mt19937_64 random = test::trialRandom(static_cast<uint64_t>(trial));
    const Algorithm algorithm = algorithms[random() % algorithms.size()];
    const int ranks = 2 + static_cast<int>(random() % 4);
    Schedule schedule = algo::generate(algorithm, Collective::kAllReduce, ranks).value();
    const bool inPlace = random() % 2 == 0;
    for (uint64_t change = random() % 2; change < 2; ++change) changeSomething(schedule, random);
    if (!verify::verify(schedule, {.inPlace = inPlace}).ok()) continue;
    ++accepted;
    SCOPED_TRACE(testing::Message() << "trial " << trial << ": " << schedule.name << " ranks "
                                    << ranks << " in place " << inPlace);
    const std::vector<std::vector<double>> outputs = runAllReduce(schedule, inPlace, random());
    ASSERT_FALSE(outputs.empty());
    for (const std::vector<double>& output : outputs)
      ASSERT_EQ(std::memcmp(output.data(), outputs[0].data(), kCount * sizeof(double)), 0);
    for (uint64_t i = 0; i < kCount; ++i) {
      double sum = 0;
      for (int rank = 0; rank < ranks; ++rank) sum += valueAt(rank, i);
      ASSERT_NEAR(outputs[0][i], sum, 1e-12 * ranks * sum);
    }
  }
  EXPECT_GT(accepted, test::testTrials(kTrials) / 50);
}

}  // namespace
}  // namespace inccl::exec
