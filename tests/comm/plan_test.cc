// Plans: the same on all ranks, within what a kernel can carry, obedient to the user's words.
#include "comm/plan.h"

#include <gtest/gtest.h>

#include "algo/algorithm.h"
#include "verify/verify.h"

namespace inccl::comm {
namespace {

PlanContext shared(int ranks) { return {ranks, true, false, 8192, 65536}; }
PlanContext readable(int ranks, bool oversubscribed = false) {
  PlanContext context = shared(ranks);
  context.oversubscribed = oversubscribed;
  context.readsMemory = true;
  return context;
}
PlanContext network(int ranks) { return {ranks, false, false, 0, 0}; }

constexpr Collective kCollectives[] = {
    Collective::kAllReduce, Collective::kBroadcast, Collective::kAllGather,
    Collective::kBarrier,   Collective::kReduce,    Collective::kReduceScatter,
    Collective::kAllToAll,  Collective::kGather,    Collective::kScatter};

ChoiceRules rules(const std::string& algorithms, const std::string& protocols = "") {
  auto parsed = ChoiceRules::parse(algorithms, protocols);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? parsed.value() : ChoiceRules();
}

TEST(ChoosePlan, EveryCollectiveAndSizeHasOne) {
  for (const int ranks : {2, 3, 5, 8, 64}) {
    for (const auto& context :
         {shared(ranks), readable(ranks), readable(ranks, true), network(ranks)}) {
      for (const auto collective : kCollectives) {
        const size_t most = collective == Collective::kBarrier ? 0 : size_t{1} << 40;
        for (size_t bytes = 0; bytes <= most; bytes = bytes * 3 + 1) {
          const auto plan = choosePlan(context, ChoiceRules(), collective, bytes);
          ASSERT_TRUE(plan.ok()) << plan.status().message();
          if (plan.value().kernel == Kernel::kTiny) {
            EXPECT_LE(bytes, context.cellBytes);
          }
          const bool rootIsFlooded =
              collective == Collective::kReduce && ranks > 8 && bytes > 65536;
          EXPECT_EQ(plan.value().kernel == Kernel::kLanes,
                    !context.allShareMemory || rootIsFlooded);
          EXPECT_TRUE(algo::supports(plan.value().algorithm, collective));
        }
      }
    }
  }
}

TEST(ChoosePlan, TheScheduleOfEveryPlanIsProvedRight) {
  for (const int ranks : {2, 3, 4, 7}) {
    for (const auto& context :
         {shared(ranks), readable(ranks), readable(ranks, true), network(ranks)}) {
      for (const auto collective : kCollectives) {
        for (const size_t bytes : {0, 8, 4096, 65536, 1 << 20}) {
          if (collective == Collective::kBarrier && bytes > 0) continue;
          const auto plan = choosePlan(context, ChoiceRules(), collective, bytes);
          ASSERT_TRUE(plan.ok());
          const auto schedule = algo::generate(plan.value().algorithm, collective, ranks,
                                               isRooted(collective) ? ranks - 1 : -1);
          ASSERT_TRUE(schedule.ok()) << schedule.status().message();
          const Status proof = verify::verifyBothWays(schedule.value());
          EXPECT_TRUE(proof.ok()) << proof.message();
        }
      }
    }
  }
}

// A communicator keeps the choice of the first call of a size class for all its sizes.
TEST(ChoosePlan, SizesOfOneClassShareAPlan) {
  for (const int ranks : {2, 3, 5, 8, 65, 100, 1000}) {
    for (const auto& context :
         {shared(ranks), readable(ranks), readable(ranks, true), network(ranks)}) {
      for (const auto collective : kCollectives) {
        if (collective == Collective::kBarrier) continue;
        for (size_t most = 4; most <= size_t{1} << 30; most *= 2) {
          const uint64_t id = choosePlan(context, ChoiceRules(), collective, most).value().id;
          for (const size_t bytes : {most / 2 + 1, most / 4 * 3}) {
            EXPECT_EQ(choosePlan(context, ChoiceRules(), collective, bytes).value().id, id)
                << name(collective) << " of " << bytes << " on " << ranks;
          }
        }
      }
    }
  }
}

TEST(ChoosePlan, MemoryIsReadOnlyWhereAllCan) {
  const auto kernelOf = [](const PlanContext& context, Collective collective, size_t bytes) {
    return choosePlan(context, ChoiceRules(), collective, bytes).value().kernel;
  };
  for (const auto collective : {Collective::kBroadcast, Collective::kAllGather,
                                Collective::kAllToAll, Collective::kReduce}) {
    EXPECT_EQ(kernelOf(readable(2), collective, 65536), Kernel::kRead) << name(collective);
    EXPECT_EQ(kernelOf(shared(2), collective, 65536), Kernel::kPublish) << name(collective);
    EXPECT_EQ(kernelOf(readable(2), collective, 1024), Kernel::kPublish) << name(collective);
  }
  EXPECT_EQ(kernelOf(readable(4, true), Collective::kBroadcast, 65536), Kernel::kPublish);
  EXPECT_EQ(kernelOf(readable(4, true), Collective::kAllToAll, 65536), Kernel::kRead);
  const auto forced = [](const PlanContext& context) {
    return choosePlan(context, rules("", "read"), Collective::kBroadcast, 8);
  };
  EXPECT_EQ(forced(readable(2)).value().kernel, Kernel::kRead);
  EXPECT_FALSE(forced(shared(2)).ok());
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

// As the grammar names it: "reducescatter".
std::string functionOf(Collective collective) {
  std::string function(name(collective));
  std::erase(function, '_');
  return function;
}

TEST(ChoiceRules, EveryAlgorithmThatACollectiveHasCanBeForced) {
  size_t forced = 0;
  for (size_t i = 1; i < kCollectiveCount; ++i) {
    const auto collective = static_cast<Collective>(i);
    for (const algo::Algorithm algorithm : algo::kAllAlgorithms) {
      if (!algo::supports(algorithm, collective)) continue;
      const std::string word(algo::name(algorithm));
      for (const std::string& rule : {word, functionOf(collective) + ":" + word}) {
        for (const auto& context : {shared(2), shared(5), network(2), network(5), network(100)}) {
          for (const size_t bytes : {size_t{0}, size_t{8}, size_t{65536}, size_t{1} << 30}) {
            const auto plan = choosePlan(context, rules(rule), collective, bytes);
            ASSERT_TRUE(plan.ok()) << rule << ": " << plan.status().message();
            EXPECT_EQ(plan.value().algorithm, algorithm) << rule;
          }
        }
      }
      ++forced;
    }
  }
  EXPECT_GE(forced, std::size(algo::kAllAlgorithms));
}

TEST(ChoiceRules, TakeWordsInAnyCase) {
  for (const auto& [algorithms, protocols] :
       {std::pair{"Ring", "LANES"}, std::pair{"AllReduce:RING", "Auto"},
        std::pair{"Ring,Recursive_Doubling;ALLREDUCE:Ring", ""}}) {
    const auto plan =
        choosePlan(shared(4), rules(algorithms, protocols), Collective::kAllReduce, 8);
    ASSERT_TRUE(plan.ok()) << algorithms;
    EXPECT_EQ(plan.value().algorithm, algo::Algorithm::kRing) << algorithms;
  }
}

TEST(ChoiceRules, RefuseUnknownWordsByName) {
  for (const char* text :
       {"rings", "ring,", "allreduce:oak", "reduceall:ring", "^", ";", "ring;;"}) {
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
