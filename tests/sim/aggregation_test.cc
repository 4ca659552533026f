// Steps that a switch does: what is summed crosses each link once, and so does what is replicated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "sample_machines.h"
#include "schedule/builder.h"
#include "sim/simulator.h"

namespace inccl::sim {
namespace {

using schedule::Aggregate;
using schedule::AggregateMode;
using schedule::input;
using schedule::output;
using schedule::ScheduleBuilder;
using ::testing::HasSubstr;
using topo::Rate;
using topo::Topology;

std::vector<int> ranksUpTo(int n) {
  std::vector<int> ranks(static_cast<size_t>(n));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

schedule::Step stepOf(const Aggregate& terms, int rank, uint32_t chunk) {
  schedule::Step step;
  step.kind = schedule::StepKind::kAggregate;
  step.aggregate = terms;
  const auto isIn = [&](const std::vector<int>& ranks) {
    return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
  };
  if (isIn(terms.contributors)) step.sources = {input(chunk)};
  if (isIn(terms.receivers)) step.destination = output(chunk);
  return step;
}

// Every rank takes part once for each chunk.
schedule::Schedule aggregated(int n, uint32_t chunks, const Aggregate& terms) {
  ScheduleBuilder builder("aggregated", Collective::kAllReduce, n);
  builder.chunks(chunks, chunks);
  for (int rank = 0; rank < n; ++rank) {
    for (uint32_t chunk = 0; chunk < chunks; ++chunk)
      builder.lane(rank, 0).add(stepOf(terms, rank, chunk));
  }
  return std::move(builder).build().value();
}

TEST(AggregationTest, AllReduceIsUpAndDownOnce) {
  for (const int n : {2, 3, 8, 16}) {
    const Aggregate both{AggregateMode::kBoth, "s", 0, ranksUpTo(n), ranksUpTo(n)};
    const Topology machine = star(n, Rate::gbps(1), kUs, true);
    const Report report = simulate(aggregated(n, 1, both), machine, {.bytes = 100'000}).value();
    EXPECT_EQ(report.total, 2 * kUs + 100'000'000) << n;
    for (const Load& link : report.links) EXPECT_EQ(link.bytes, 100'000u);
    // Chunk after chunk, each with its latency.
    EXPECT_EQ(simulate(aggregated(n, 4, both), machine, {.bytes = 400'000}).value().total,
              4 * (2 * kUs + 100'000'000));
  }
}

TEST(AggregationTest, RootedReduceGivesTheOthersOnlyWord) {
  const Aggregate reduce{AggregateMode::kReduce, "s", 0, ranksUpTo(4), {2}};
  Topology machine = star(4, Rate::gbps(1), kUs, true);
  machine.nodes[4].multicast = false;
  const Report report = simulate(aggregated(4, 1, reduce), machine, {.bytes = 1000}).value();
  EXPECT_EQ(report.finish[2], 2 * kUs + 1'000'000);
  EXPECT_EQ(report.finish[0], 2 * kUs);
  uint64_t down = 0;
  for (topo::LinkIndex link = 0; link < machine.links.size(); ++link)
    down += machine.links[link].src == 4 ? report.links[link].bytes : 0;
  EXPECT_EQ(down, 1000u);
}

// Two leaves below a root that replicates: each link carries the message once.
TEST(AggregationTest, MulticastRunsDownATree) {
  Topology machine;
  for (int rank = 0; rank < 6; ++rank) addRank(machine, rank);
  const auto root = addSwitch(machine, "root", false, true);
  for (topo::NodeIndex leaf = 0; leaf < 2; ++leaf) {
    const auto hub = addSwitch(machine, "leaf" + std::to_string(leaf));
    machine.addLinks(hub, root, Rate::gbps(1), 5 * kUs);
    for (topo::NodeIndex i = 0; i < 3; ++i) machine.addLinks(3 * leaf + i, hub, Rate::gbps(2), kUs);
  }
  const Aggregate multicast{AggregateMode::kMulticast, "root", 0, {0}, ranksUpTo(6)};
  const Report report = simulate(aggregated(6, 1, multicast), machine, {.bytes = 1000}).value();
  EXPECT_EQ(report.total, 12 * kUs + 1'000'000);
  uint64_t sum = 0;
  for (const Load& link : report.links) sum += link.bytes;
  EXPECT_EQ(sum, 1000u * (2 + 2 + 6));
}

TEST(AggregationTest, SlicesFollowEachOther) {
  const Aggregate both{AggregateMode::kBoth, "s", 0, ranksUpTo(3), ranksUpTo(3)};
  const Report report = simulate(aggregated(3, 1, both), star(3, Rate::gbps(1), kUs, true),
                                 {.bytes = 10'000, .messageBytes = 1000})
                            .value();
  EXPECT_EQ(report.slices, 10u);
  EXPECT_EQ(report.total, 10 * (2 * kUs + 1'000'000));
}

TEST(AggregationTest, RefusesWhatASwitchCannotDo) {
  const auto refusal = [](const Aggregate& terms, const Topology& machine) {
    return std::string(
        simulate(aggregated(3, 1, terms), machine, {.bytes = 10}).status().message());
  };
  const Topology able = star(3, Rate::gbps(1), kUs, true);
  Aggregate both{AggregateMode::kBoth, "s", 0, ranksUpTo(3), ranksUpTo(3)};
  EXPECT_EQ(refusal(both, able), "");
  EXPECT_THAT(refusal(both, star(3, Rate::gbps(1), kUs)), HasSubstr("(s) does not sum"));
  Topology reducing = able;
  reducing.nodes[3].multicast = false;
  EXPECT_THAT(refusal(both, reducing), HasSubstr("(s) does not replicate"));
  Topology cut = able;
  cut.links.erase(cut.links.begin() + 3);
  EXPECT_THAT(refusal(both, cut), HasSubstr("there is no way between rank 1 and nodes[3] (s)"));
  both.switchId = "t";
  EXPECT_THAT(refusal(both, able), HasSubstr("there is no switch \"t\""));
}

TEST(AggregationTest, RefusesMembersThatDisagree) {
  const Topology machine = star(3, Rate::gbps(1), kUs, true);
  const auto refusal = [&](auto change) {
    schedule::Schedule schedule =
        aggregated(3, 1, {AggregateMode::kBoth, "s", 0, ranksUpTo(3), ranksUpTo(3)});
    change(schedule);
    return std::string(simulate(schedule, machine, {.bytes = 10}).status().message());
  };
  EXPECT_THAT(refusal([](auto& s) {
                s.ranks[1].lanes[0].steps[0].aggregate->mode = AggregateMode::kReduce;
              }),
              HasSubstr("ranks 0 and 1 do not agree on a use of switch s"));
  EXPECT_THAT(refusal([](auto& s) { s.ranks[2].lanes[0].steps.clear(); }),
              HasSubstr("has 3 members and steps of 2 ranks"));
  EXPECT_THAT(refusal([](auto& s) { s.ranks[0].lanes.push_back(s.ranks[0].lanes[0]); }),
              HasSubstr("rank 0 uses group 0 of switch s from two lanes"));
}

}  // namespace
}  // namespace inccl::sim
