// Choice by the simulator: what has to cross a slow link decides, and every rank decides alike.
#include "comm/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comm/plan.h"
#include "topo/machines.h"
#include "verify/verify.h"

namespace inccl::comm {
namespace {

using algo::Algorithm;

std::shared_ptr<const AgreedTopology> hosts(const std::vector<int>& hostOfRank) {
  const auto agreed = std::make_shared<Result<AgreedTopology>>(AgreedTopology::of(
      topo::hostsWithSwitch(hostOfRank).value(), static_cast<int>(hostOfRank.size())));
  return {agreed, &agreed->value()};
}

PlanContext across(std::shared_ptr<const AgreedTopology> topology, int ranks) {
  PlanContext context{ranks, false, false, 0, 0};
  context.messageBytes = 65536;
  context.topology = std::move(topology);
  return context;
}

Algorithm choice(const PlanContext& context, Collective collective, size_t bytes,
                 const std::string& words = "") {
  const auto plan = choosePlan(context, ChoiceRules::parse(words, "").value(), collective, bytes);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan.value().kernel, Kernel::kLanes);
  return plan.value().algorithm;
}

TEST(Planner, LongVectorsOfSeveralHostsAreSummedInsideThemFirst) {
  const PlanContext context = across(hosts({0, 0, 1, 1}), 4);
  EXPECT_EQ(choice(context, Collective::kAllReduce, 16 << 20), Algorithm::kTwoLevel);
  // It is told otherwise: obey.
  EXPECT_EQ(choice(context, Collective::kAllReduce, 16 << 20, "ring"), Algorithm::kRing);
  EXPECT_NE(choice(context, Collective::kAllReduce, 16 << 20, "^two_level"), Algorithm::kTwoLevel);
}

// The choice is the fastest: nothing else that is allowed is simulated as faster.
TEST(Planner, NothingIsFasterThanTheChoice) {
  const auto topology = hosts({0, 1, 0, 2, 1});
  for (const auto collective : {Collective::kAllReduce, Collective::kAllGather,
                                Collective::kReduceScatter, Collective::kAllToAll}) {
    for (const size_t bytes : {size_t{8}, size_t{4096}, size_t{1} << 20}) {
      std::vector<Algorithm> possible;
      for (const Algorithm algorithm : algo::kAllAlgorithms) {
        if (algo::supports(algorithm, collective)) possible.push_back(algorithm);
      }
      const auto best = fastest(*topology, possible, collective, 5, bytes, 65536);
      ASSERT_TRUE(best);
      for (const Algorithm other : possible) {
        const auto duel = fastest(*topology, {*best, other}, collective, 5, bytes, 65536);
        EXPECT_EQ(duel, best) << algo::name(other) << " against " << algo::name(*best);
      }
    }
  }
}

TEST(Planner, HostsOfAnySizeGiveARightTwoLevelSchedule) {
  for (const auto& hostOfRank :
       std::vector<std::vector<int>>{{0, 1}, {0, 1, 1}, {0, 1, 0, 1, 2}, {2, 2, 2, 1, 0, 1}}) {
    // Hosts are numbered as they come.
    std::vector<int> numbered;
    std::vector<int> seen;
    for (const int host : hostOfRank) {
      auto at = std::find(seen.begin(), seen.end(), host);
      if (at == seen.end()) at = seen.insert(seen.end(), host);
      numbered.push_back(static_cast<int>(at - seen.begin()));
    }
    const auto topology = hosts(numbered);
    const int ranks = static_cast<int>(numbered.size());
    const auto schedule =
        generateFor(topology.get(), Algorithm::kTwoLevel, Collective::kAllReduce, ranks, -1);
    ASSERT_TRUE(schedule.ok()) << schedule.status().message();
    const Status proved = verify::verifyBothWays(schedule.value());
    EXPECT_TRUE(proved.ok()) << proved.message();
  }
}

TEST(Planner, AnotherMachineIsAnotherPlan) {
  const ChoiceRules any;
  const auto one = choosePlan(across(hosts({0, 0, 1, 1}), 4), any, Collective::kAllReduce, 1 << 20);
  const auto same =
      choosePlan(across(hosts({0, 0, 1, 1}), 4), any, Collective::kAllReduce, 1 << 20);
  const auto other =
      choosePlan(across(hosts({0, 1, 0, 1}), 4), any, Collective::kAllReduce, 1 << 20);
  EXPECT_EQ(one.value().id, same.value().id);
  EXPECT_NE(one.value().id, other.value().id);
}

TEST(Planner, TooManyRanksFallBackToThresholds) {
  const std::vector<int> many = [] {
    std::vector<int> hostOfRank;
    for (int rank = 0; rank < 200; ++rank) hostOfRank.push_back(rank / 8);
    return hostOfRank;
  }();
  EXPECT_EQ(fastest(*hosts(many), {Algorithm::kRing}, Collective::kAllReduce, 200, 8, 65536),
            std::nullopt);
  choice(across(hosts(many), 200), Collective::kAllReduce, 1 << 20);
}

TEST(Planner, ATopologyOfOtherRanksIsRefused) {
  EXPECT_FALSE(AgreedTopology::of(topo::oneHost(3), 4).ok());
  EXPECT_TRUE(AgreedTopology::of(topo::oneHost(4), 4).ok());
}

}  // namespace
}  // namespace inccl::comm
