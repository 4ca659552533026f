// Damaged schedules are refused, or do the same as before.
//
// Every generated schedule is mutated in one place, over and over. What the verifier still accepts
// is run by the oracle in several random orders; a single wrong result would be a hole in the
// verifier.
#include <gtest/gtest.h>

#include <map>

#include "algo/algorithm.h"
#include "mutations.h"
#include "reference_run.h"
#include "support/seed.h"
#include "verify/verify.h"

namespace inccl::verify {
namespace {

using schedule::Schedule;

std::vector<Schedule> generated() {
  std::vector<Schedule> all;
  for (const algo::Algorithm algorithm : algo::kAllAlgorithms) {
    for (const Collective collective :
         {Collective::kAllReduce, Collective::kBroadcast, Collective::kAllGather,
          Collective::kBarrier, Collective::kReduce, Collective::kReduceScatter,
          Collective::kAllToAll, Collective::kGather, Collective::kScatter}) {
      for (const int n : {2, 3, 4, 5, 7}) {
        if (algo::supports(algorithm, collective))
          all.push_back(algo::generate(algorithm, collective, n, n / 2).value());
      }
    }
  }
  using algo::Algorithm;
  all.push_back(generate(Algorithm::kRing, Collective::kAllReduce, 3, -1, {.channels = 2}).value());
  all.push_back(
      generate(Algorithm::kTwoLevel, Collective::kAllReduce, 5, -1, {.hosts = {{4, 0}, {1, 2, 3}}})
          .value());
  all.push_back(generate(Algorithm::kKnomial, Collective::kScatter, 7, 1, {.radix = 3}).value());
  return all;
}

TEST(MutationTest, TheOracleAgreesWithTheVerifierOnGeneratedSchedules) {
  std::mt19937_64 random = test::trialRandom(1);
  for (const Schedule& schedule : generated()) {
    for (const bool inPlace : {false, true}) {
      ASSERT_TRUE(verify(schedule, {.inPlace = inPlace}).ok());
      for (int run = 0; run < 3; ++run) {
        EXPECT_EQ(runInRandomOrder(schedule, inPlace, random), "")
            << schedule.name << " " << name(schedule.collective) << " " << schedule.rankCount;
      }
    }
  }
}

TEST(MutationTest, WhatIsAcceptedIsRight) {
  const std::vector<Schedule> schedules = generated();
  std::map<Mutation, int> refused, accepted;
  const int trials = test::testTrials(20000);
  for (int trial = 0; trial < trials; ++trial) {
    std::mt19937_64 random = test::trialRandom(static_cast<uint64_t>(trial) + 2);
    Schedule schedule = schedules[random() % schedules.size()];
    const Mutation mutation = kAllMutations[random() % std::size(kAllMutations)];
    if (!mutate(schedule, mutation, random)) continue;
    const bool inPlace = random() % 2 == 0;
    if (!verify(schedule, {.inPlace = inPlace}).ok()) {
      ++refused[mutation];
      continue;
    }
    ++accepted[mutation];
    for (int run = 0; run < 6; ++run) {
      ASSERT_EQ(runInRandomOrder(schedule, inPlace, random), "")
          << "trial " << trial << ": " << schedule.name << " " << name(schedule.collective) << " n "
          << schedule.rankCount << " mutation " << static_cast<int>(mutation) << " in place "
          << inPlace;
    }
  }
  for (const Mutation mutation : kAllMutations) {
    RecordProperty("accepted_" + std::to_string(static_cast<int>(mutation)), accepted[mutation]);
  }
  if (trials >= 1000) {
    EXPECT_GT(refused[Mutation::kDropStep], 100);
    EXPECT_GT(refused[Mutation::kSwapChunk], 50);
    EXPECT_GT(refused[Mutation::kOtherKind], 10);
  }
}

// No step of a generated schedule is idle, but copies that an in-place call does not need.
TEST(MutationTest, EveryStepIsNeeded) {
  for (const Schedule& schedule : generated()) {
    for (int rank = 0; rank < schedule.rankCount; ++rank) {
      for (size_t lane = 0; lane < schedule.ranks[rank].lanes.size(); ++lane) {
        for (size_t step = 0; step < schedule.ranks[rank].lanes[lane].steps.size(); ++step) {
          Schedule damaged = schedule;
          std::vector<schedule::Step>& steps = damaged.ranks[rank].lanes[lane].steps;
          steps[step] = {schedule::StepKind::kNop, {}, {}, steps[step].after, {}};
          EXPECT_FALSE(verify(damaged).ok())
              << schedule.name << " " << name(schedule.collective) << " n " << schedule.rankCount
              << " rank " << rank << " lane " << lane << " step " << step;
        }
      }
    }
  }
}

}  // namespace
}  // namespace inccl::verify
