// What cannot be simulated is refused with its reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "algo/algorithm.h"
#include "sample_machines.h"
#include "schedule/builder.h"
#include "sim/simulator.h"
#include "topo/machines.h"

namespace inccl::sim {
namespace {

using algo::Algorithm;
using ::testing::HasSubstr;
using topo::Rate;
using topo::Topology;

schedule::Schedule ringOf(int n) {
  return algo::generate(Algorithm::kRing, Collective::kAllReduce, n).value();
}

std::string refusal(const schedule::Schedule& schedule, const Topology& machine,
                    const Workload& workload = {.bytes = 1000}, const Options& options = {}) {
  const Result<Report> report = simulate(schedule, machine, workload, options);
  EXPECT_TRUE(report.ok() || report.status().code() == Code::kInvalidArgument);
  return report.ok() ? "" : std::string(report.status().message());
}

TEST(RefusalsTest, RanksWithoutNodes) {
  EXPECT_THAT(refusal(ringOf(4), star(3, Rate::gbps(1), 0)),
              HasSubstr("topology star: has 3 ranks, 4 are needed"));
  Topology machine = star(4, Rate::gbps(1), 0);
  machine.nodes[1].rank = 9;
  EXPECT_THAT(refusal(ringOf(4), machine), HasSubstr("is rank 9, not in 0 … 3"));
}

TEST(RefusalsTest, RanksThatDoNotReachEachOther) {
  const auto direct = algo::generate(Algorithm::kDirect, Collective::kAllReduce, 4).value();
  const Topology circle = topo::ring(4, Rate::gbps(1), 0);
  EXPECT_THAT(refusal(direct, circle), HasSubstr("there is no way from rank 0 to rank 2"));
  EXPECT_EQ(refusal(direct, circle, {.bytes = 8}, {.routes = {.throughRanks = true}}), "");
  EXPECT_EQ(refusal(ringOf(4), circle), "");
}

TEST(RefusalsTest, BrokenSchedulesAndTopologies) {
  schedule::Schedule broken = ringOf(3);
  broken.ranks[1].lanes[0].sendPeer = 7;
  EXPECT_THAT(refusal(broken, star(3, Rate::gbps(1), 0)), HasSubstr("cannot send to rank 7"));
  Topology machine = star(3, Rate::gbps(1), 0);
  machine.links[0].dst = 99;
  EXPECT_THAT(refusal(ringOf(3), machine), HasSubstr("star: links[0]: an end of it does not"));
}

TEST(RefusalsTest, SchedulesThatStop) {
  schedule::ScheduleBuilder builder("stuck", Collective::kBarrier, 2);
  builder.chunks(1, 0, 1);
  for (int rank = 0; rank < 2; ++rank) {
    auto lane = builder.lane(rank, 0, 1 - rank, 1 - rank);
    lane.recv(schedule::scratch(0));
    lane.send(schedule::input(0));
  }
  EXPECT_THAT(refusal(std::move(builder).build().value(), star(2, Rate::gbps(1), 0)),
              HasSubstr("deadlock"));
  // A ring needs two slots: every rank holds one message and waits for room for the next.
  EXPECT_THAT(refusal(ringOf(4), star(4, Rate::gbps(1), 0), {.bytes = 8}, {.slotsPerChannel = 1}),
              HasSubstr("deadlock with 1 slots"));
  EXPECT_THAT(refusal(ringOf(4), star(4, Rate::gbps(1), 0), {.bytes = 8}, {.slotsPerChannel = 0}),
              HasSubstr("no room"));
}

TEST(RefusalsTest, WhatTakesForEver) {
  const Topology slow = star(2, Rate::gbps(1, 1'000'000'000'000), 0);
  EXPECT_THAT(refusal(ringOf(2), slow, {.bytes = 1 << 30}), HasSubstr("takes more than 53 days"));
  EXPECT_THAT(refusal(ringOf(2), slow, {.bytes = UINT64_MAX}), HasSubstr("more than anybody has"));
}

}  // namespace
}  // namespace inccl::sim
