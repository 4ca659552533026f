// Links, groups and switches, one message at a time and several.
#include <gtest/gtest.h>

#include "sample_machines.h"
#include "schedule/builder.h"
#include "sim/simulator.h"
#include "topo/machines.h"

namespace inccl::sim {
namespace {

using schedule::input;
using schedule::ScheduleBuilder;
using schedule::scratch;
using topo::Rate;
using topo::Topology;

// Rank 2i sends one message to rank 2i + 1.
schedule::Schedule pairs(int count) {
  ScheduleBuilder builder("pairs", Collective::kAllReduce, 2 * count);
  builder.chunks(1, 1, 1);
  for (int pair = 0; pair < count; ++pair) {
    builder.lane(2 * pair, 0, 2 * pair + 1).send(input(0));
    builder.lane(2 * pair + 1, 0, -1, 2 * pair).recv(scratch(0));
  }
  return std::move(builder).build().value();
}

// Ranks hang on switch "a" (even ones) and "b" (odd ones) at `port`; the switches are joined.
Topology dumbbell(int count, Rate port, Rate middle) {
  Topology topology;
  for (int rank = 0; rank < 2 * count; ++rank) addRank(topology, rank);
  const auto a = addSwitch(topology, "a"), b = addSwitch(topology, "b");
  for (topo::NodeIndex rank = 0; rank < a; ++rank)
    topology.addLinks(rank, rank % 2 == 0 ? a : b, port, kUs);
  topology.addLinks(a, b, middle, 2 * kUs);
  return topology;
}

Picoseconds totalOf(const schedule::Schedule& schedule, const Topology& topology, uint64_t bytes) {
  const Result<Report> report = simulate(schedule, topology, {.bytes = bytes});
  EXPECT_TRUE(report.ok()) << report.status().message();
  return report.ok() ? report.value().total : 0;
}

TEST(NetworkTest, SwitchesCutThrough) {
  // 10^6 bytes at the slowest rate, once, and all latencies.
  const Picoseconds latency = 4 * kUs;
  for (const auto& [port, middle] : {std::pair(1, 1), {1, 10}, {10, 1}}) {
    EXPECT_EQ(totalOf(pairs(1), dumbbell(1, Rate::gbps(port), Rate::gbps(middle)), 1'000'000),
              1'000'000'000 + latency);
  }
  EXPECT_EQ(totalOf(pairs(1), dumbbell(1, Rate::gbps(1), Rate::gbps(1)), 0), latency);
}

TEST(NetworkTest, AWideLinkCarriesSeveralNarrowOnes) {
  const Picoseconds alone = 1'000'000'000 + 4 * kUs;
  EXPECT_EQ(totalOf(pairs(4), dumbbell(4, Rate::gbps(1), Rate::gbps(4)), 1'000'000), alone);
  EXPECT_EQ(totalOf(pairs(8), dumbbell(8, Rate::gbps(1), Rate::gbps(4)), 1'000'000),
            2'000'000'000 + 4 * kUs);
}

TEST(NetworkTest, MessagesOnALinkFollowEachOther) {
  EXPECT_EQ(totalOf(pairs(5), dumbbell(5, Rate::gbps(100), Rate::gbps(1)), 1'000'000),
            5'000'000'000 + 4 * kUs);
}

TEST(NetworkTest, AGroupCapsTheSumOfItsLinks) {
  Topology host = topo::oneHost(8, {Rate::gbps(10), kUs, Rate::gbps(20)});
  // Four messages of 10^6 bytes, each in and out: 8·10^6 bytes at 20 GBps without a pause, and the
  // last one's way out.
  EXPECT_EQ(totalOf(pairs(4), host, 1'000'000), 400'000'000 + kUs);
  host.groups[0].rate = Rate::gbps(1000);
  EXPECT_EQ(totalOf(pairs(4), host, 1'000'000), 100'000'000 + 2 * kUs);
  const Result<Report> report = simulate(pairs(4), host, {.bytes = 1'000'000});
  EXPECT_EQ(report.value().groups[0].bytes, 8'000'000u);
  EXPECT_EQ(report.value().groups[0].busy, 8'000'000u);
}

TEST(NetworkTest, ASenderIsDoneWhenItsMessageHasLeft) {
  const Report report =
      simulate(pairs(1), star(2, Rate::gbps(1), 3 * kUs), {.bytes = 1000}).value();
  EXPECT_EQ(report.finish[0], 1'000'000u);
  EXPECT_EQ(report.finish[1], 1'000'000u + 6 * kUs);
  EXPECT_EQ(report.total, report.finish[1]);
}

TEST(NetworkTest, ARankDoesItsWorkOneAfterTheOther) {
  ScheduleBuilder builder("copies", Collective::kAllReduce, 1);
  builder.chunks(4, 4);
  for (uint32_t lane = 0; lane < 4; ++lane)
    builder.lane(0, lane).copy(input(lane), schedule::output(lane));
  const auto schedule = std::move(builder).build().value();
  Options options;
  options.costs.copy = Rate::gbps(2);
  options.costs.step = 7;
  EXPECT_EQ(simulate(schedule, topo::oneHost(1), {.bytes = 4000}, options).value().total,
            4u * (500'000 + 7));
  EXPECT_EQ(simulate(schedule, topo::oneHost(1), {.bytes = 4000}).value().total, 0u);
}

TEST(NetworkTest, NothingMovesOnOneRank) {
  ScheduleBuilder builder("nothing", Collective::kBarrier, 1);
  const Report report =
      simulate(std::move(builder).build().value(), topo::oneHost(1), {.bytes = 5}).value();
  EXPECT_EQ(report.total, 0u);
  EXPECT_EQ(report.busiestLink, topo::kNone);
  EXPECT_EQ(report.finish, std::vector<Picoseconds>{0});
}

}  // namespace
}  // namespace inccl::sim
