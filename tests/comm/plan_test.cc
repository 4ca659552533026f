// Plans: the same on all ranks, within what a kernel can carry, obedient to the user's words.
#include "comm/plan.h"

#include <gtest/gtest.h>

#include "algo/algorithm.h"
#include "verify/verify.h"

namespace inccl::comm {
namespace {

PlanContext shared(int ranks) { return {ranks, true, false, 8192, 65536}; }
PlanContext network(int ranks) { return {ranks, false, false, 0, 0}; }

ChoiceRules rules(const std::string& algorithms, const std::string& protocols = "") {
  auto parsed = ChoiceRules::parse(algorithms, protocols);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? parsed.value() : ChoiceRules();
}

TEST(ChoosePlan, EveryCollectiveAndSizeHasOne) {
  for (const int ranks : {2, 3, 5, 8, 64}) {
    for (const auto& context : {shared(ranks), network(ranks)}) {
      for (const auto collective : {Collective::kAllReduce, Collective::kBroadcast,
                                    Collective::kAllGather, Collective::kBarrier}) {
        const size_t most = collective == Collective::kBarrier ? 0 : size_t{1} << 40;
        for (size_t bytes = 0; bytes <= most; bytes = bytes * 3 + 1) {
          const auto plan = choosePlan(context, ChoiceRules(), collective, bytes);
          ASSERT_TRUE(plan.ok()) << plan.status().message();
          if (plan.value().kernel == Kernel::kTiny) {
            EXPECT_LE(bytes, context.cellBytes);
          }
          EXPECT_EQ(plan.value().kernel == Kernel::kLanes, !context.allShareMemory);
          EXPECT_TRUE(algo::supports(plan.value().algorithm, collective));
        }
      }
    }
  }
}

TEST(ChoosePlan, TheScheduleOfEveryPlanIsProvedRight) {
  for (const int ranks : {2, 3, 4, 7}) {
    for (const auto& context : {shared(ranks), network(ranks)}) {
      for (const auto collective : {Collective::kAllReduce, Collective::kBroadcast,
                                    Collective::kAllGather, Collective::kBarrier}) {
        for (const size_t bytes : {0, 8, 4096, 65536, 1 << 20}) {
          if (collective == Collective::kBarrier && bytes > 0) continue;
          const auto plan = choosePlan(context, ChoiceRules(), collective, bytes);
          ASSERT_TRUE(plan.ok());
          const auto schedule =
              algo::generate(plan.value().algorithm, collective, ranks,
                             collective == Collective::kBroadcast ? ranks - 1 : -1);
          ASSERT_TRUE(schedule.ok()) << schedule.status().message();
          const Status proof = verify::verifyBothWays(schedule.value());
          EXPECT_TRUE(proof.ok()) << proof.message();
        }
      }
    }
  }
}

TEST(ChoosePlan, IdsTellPlansApart) {
  const auto small = choosePlan(shared(2), ChoiceRules(), Collective::kAllReduce, 8);
  const auto large = choosePlan(shared(2), ChoiceRules(), Collective::kAllReduce, 1 << 20);
  const auto three = choosePlan(shared(3), ChoiceRules(), Collective::kAllReduce, 8);
  EXPECT_NE(small.value().id, large.value().id);
  EXPECT_NE(small.value().id, three.value().id);
  EXPECT_EQ(small.value().id,
            choosePlan(shared(2), ChoiceRules(), Collective::kAllReduce, 4).value().id);
}

TEST(ChoiceRules, ForceAlgorithmsAndKernels) {
  const auto forced = [](const std::string& algorithms, const std::string& protocols,
                         size_t bytes) {
    return choosePlan(shared(4), rules(algorithms, protocols), Collective::kAllReduce, bytes);
  };
  EXPECT_EQ(forced("ring", "", 8).value().algorithm, algo::Algorithm::kRing);
  EXPECT_EQ(forced("ring", "", 8).value().kernel, Kernel::kLanes);
  EXPECT_EQ(forced("rd", "", 8).value().algorithm, algo::Algorithm::kRecursiveDoubling);
  EXPECT_EQ(forced("", "half", 8).value().kernel, Kernel::kHalf);
  EXPECT_EQ(forced("^half", "", 1 << 20).value().kernel, Kernel::kFlat);
  EXPECT_EQ(forced("^half,direct", "", 1 << 20).value().algorithm, algo::Algorithm::kRing);
  EXPECT_EQ(forced("", "^tiny,flat", 8).value().kernel, Kernel::kHalf);
  EXPECT_EQ(forced("ring;allreduce:direct,half", "", 8).value().kernel, Kernel::kTiny);
  EXPECT_EQ(forced("auto", "auto", 8).value().kernel, Kernel::kTiny);
  EXPECT_TRUE(choosePlan(shared(4), rules("ring", "half"), Collective::kBarrier, 0).ok())
      << "a ring forbids no barrier";
  EXPECT_FALSE(choosePlan(shared(4), rules("barrier:ring"), Collective::kBarrier, 0).ok());
  EXPECT_FALSE(forced("", "tiny", 1 << 20).ok()) << "a cell cannot carry a megabyte";
}

TEST(ChoiceRules, RefuseUnknownWordsByName) {
  for (const char* text :
       {"rings", "ring,", "allreduce:tree", "reduceall:ring", "^", ";", "ring;;"}) {
    const auto parsed = ChoiceRules::parse(text, "");
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
    EXPECT_NE(parsed.status().message().find("INCCL_ALGO"), std::string_view::npos);
  }
  EXPECT_NE(ChoiceRules::parse("", "simple").status().message().find("INCCL_PROTO"),
            std::string_view::npos);
}

}  // namespace
}  // namespace inccl::comm
