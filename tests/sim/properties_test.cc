// What must hold of every schedule and machine: equal answers, no byte lost, more is never slower.
#include <gtest/gtest.h>

#include <random>

#include "algo/algorithm.h"
#include "sample_machines.h"
#include "sim/simulator.h"
#include "support/seed.h"
#include "topo/canonical.h"
#include "topo/machines.h"
#include "two_level_stages.h"

namespace inccl::sim {
namespace {

using algo::Algorithm;
using topo::Rate;
using topo::Topology;

struct Case {
  schedule::Schedule schedule;
  Topology machine;
  Workload workload;
};

// A generator, machine and size by chance.
Case randomCase(std::mt19937_64& random) {
  constexpr Collective kCollectives[] = {Collective::kAllReduce, Collective::kBroadcast,
                                         Collective::kAllGather, Collective::kBarrier};
  for (;;) {
    const auto pick = [&](uint64_t count) { return static_cast<int>(random() % count); };
    const int hosts = 1 + pick(3), perHost = 1 + pick(4), n = hosts * perHost;
    const Algorithm algorithm = algo::kAllAlgorithms[random() % std::size(algo::kAllAlgorithms)];
    const Collective collective = kCollectives[random() % std::size(kCollectives)];
    if (n < 2 || !algo::supports(algorithm, collective)) continue;
    Result<schedule::Schedule> schedule = algo::generate(algorithm, collective, n, pick(n));
    if (!schedule.ok()) continue;  // an algorithm that is not for this number of ranks
    const topo::HostNumbers host{Rate::gbps(1 + random() % 50, 1 + random() % 7), random() % kUs,
                                 Rate::gbps(1 + random() % 100)};
    const topo::NetworkNumbers network{Rate::gbps(1 + random() % 30, 1 + random() % 9),
                                       random() % (30 * kUs)};
    return {std::move(schedule).value(),
            topo::canonical(topo::hostsWithSwitch(hosts, perHost, host, network).value()),
            {.bytes = random() % 3'000'000,
             .messageBytes = uint64_t{4096} << pick(6),
             .elementBytes = 4}};
  }
}

TEST(PropertiesTest, EqualArgumentsGiveEqualAnswers) {
  std::mt19937_64 random = test::trialRandom(0);
  for (int trial = 0; trial < test::testTrials(30); ++trial) {
    const Case it = randomCase(random);
    const Simulator simulator = Simulator::create(it.schedule, it.machine).value();
    const Report first = simulator.run(it.workload).value();
    const Report second = simulator.run(it.workload).value();
    EXPECT_EQ(first.total, second.total);
    EXPECT_EQ(first.finish, second.finish);
    EXPECT_EQ(first.events, second.events);
    EXPECT_LE(first.events, first.simulatedSlices * simulator.eventsPerSlice());
    EXPECT_GT(first.total, 0u) << it.schedule.name;
  }
}

// The same on every machine that this is compiled for.
TEST(PropertiesTest, AnswersStay) {
  const Topology machine = topo::hostsWithSwitch(2, 3).value();
  const auto schedule = twoLevelStages(2, 3).value();
  const auto total = [&](const Workload& workload) {
    return simulate(schedule, machine, workload).value().total;
  };
  EXPECT_EQ(total({.bytes = 1'000'003}), 979'386'350u);
  EXPECT_EQ(total({.bytes = 1'000'003, .messageBytes = 32768}), 1'077'413'650u);
}

// What goes into a node that is no rank comes out; what ranks send, they receive.
TEST(PropertiesTest, NoByteIsLostOrMade) {
  std::mt19937_64 random = test::trialRandom(1);
  for (int trial = 0; trial < test::testTrials(60); ++trial) {
    const Case it = randomCase(random);
    const Report report = simulate(it.schedule, it.machine, it.workload).value();
    ASSERT_EQ(report.simulatedSlices, report.slices);
    std::vector<int64_t> balance(it.machine.nodes.size(), 0);
    int64_t ofRanks = 0;
    for (topo::LinkIndex index = 0; index < report.links.size(); ++index) {
      const topo::Link& link = it.machine.links[index];
      const auto bytes = static_cast<int64_t>(report.links[index].bytes);
      balance[link.src] -= bytes;
      balance[link.dst] += bytes;
      EXPECT_LE(report.links[index].busy, report.total);
    }
    for (topo::NodeIndex node = 0; node < balance.size(); ++node) {
      const bool isRank = it.machine.nodes[node].kind == topo::NodeKind::kRank;
      if (isRank) ofRanks += balance[node];
      EXPECT_TRUE(isRank || balance[node] == 0) << it.schedule.name << " node " << node;
    }
    EXPECT_EQ(ofRanks, 0);
    for (const Load& group : report.groups) EXPECT_LE(group.busy, report.total);
  }
}

TEST(PropertiesTest, ARingMovesWhatItClaims) {
  for (const int n : {2, 3, 7, 16}) {
    const auto schedule = algo::generate(Algorithm::kRing, Collective::kAllReduce, n).value();
    const uint64_t bytes = 5040ull * 16 * static_cast<uint64_t>(n);
    const Report report =
        simulate(schedule, topo::ring(n, Rate::gbps(1), 0, false), {.bytes = bytes}).value();
    for (const Load& link : report.links)
      EXPECT_EQ(link.bytes, 2 * static_cast<uint64_t>(n - 1) * bytes / static_cast<uint64_t>(n));
  }
}

TEST(PropertiesTest, MoreRateOrLessLatencyIsNeverSlowerOnARing) {
  std::mt19937_64 random = test::trialRandom(2);
  for (int trial = 0; trial < test::testTrials(100); ++trial) {
    const int n = 2 + static_cast<int>(random() % 9);
    const auto schedule = algo::generate(Algorithm::kRing, Collective::kAllReduce, n).value();
    Topology machine = topo::ring(n, Rate::gbps(1), 0, false);
    for (topo::Link& link : machine.links) {
      link.rate = Rate::gbps(1 + random() % 100, 1 + random() % 10);
      link.alpha = random() % (20 * kUs);
    }
    const Workload workload{.bytes = random() % 5'000'000, .messageBytes = 20'000};
    const Picoseconds before = simulate(schedule, machine, workload).value().total;
    topo::Link& link = machine.links[random() % machine.links.size()];
    if (random() % 2 == 0)
      link.rate = Rate::gbps(link.rate.numerator() * 3, link.rate.denominator() * 2);
    else
      link.alpha /= 2;
    EXPECT_LE(simulate(schedule, machine, workload).value().total, before);
  }
}

TEST(PropertiesTest, MoreBytesAreNeverFasterOnARing) {
  const Topology machine = star(5, Rate::gbps(3), kUs);
  const auto schedule = algo::generate(Algorithm::kRing, Collective::kAllReduce, 5).value();
  const Simulator simulator = Simulator::create(schedule, machine).value();
  Picoseconds before = 0;
  for (uint64_t bytes = 0; bytes < 200'000; bytes += 997) {
    const Picoseconds total = simulator.run({.bytes = bytes}).value().total;
    EXPECT_GE(total, before) << bytes;
    before = total;
  }
}

}  // namespace
}  // namespace inccl::sim
