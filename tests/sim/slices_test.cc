// Long vectors: slices as the executor cuts them, and what happens when there are too many of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "algo/algorithm.h"
#include "sample_machines.h"
#include "sim/run.h"
#include "sim/simulator.h"
#include "topo/machines.h"

namespace inccl::sim {
namespace {

using algo::Algorithm;
using ::testing::HasSubstr;
using topo::Rate;

TEST(SlicesTest, AreEvenAndWhole) {
  for (const uint64_t bytes : {0ull, 4ull, 1000ull, 999'996ull, 1'048'576ull}) {
    for (const uint64_t message : {0ull, 4ull, 4096ull, 5000ull, 1ull << 40}) {
      for (const uint32_t chunks : {1u, 3u, 8u}) {
        const Slices slices = Slices::cut(
            {.bytes = bytes, .messageBytes = message, .elementBytes = 4}, chunks, false);
        uint64_t sum = 0;
        for (uint64_t slice = 0; slice < slices.count; ++slice) {
          for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
            const uint64_t length = slices.chunkBytes(slice, chunk);
            EXPECT_EQ(length % 4, 0u);
            EXPECT_TRUE(message == 0 || length <= message);
            sum += length;
          }
        }
        EXPECT_EQ(sum, bytes) << message << " " << chunks;
        // As few as it takes.
        const uint64_t most = message == 0 ? bytes : message / 4 * 4 * chunks;
        EXPECT_EQ(slices.count, std::max<uint64_t>(1, most == 0 ? 1 : (bytes + most - 1) / most));
      }
    }
  }
}

// One lane per rank: a ring works on one slice at a time, so slices add up.
TEST(SlicesTest, ARingsSlicesAddUp) {
  const auto ring = algo::generate(Algorithm::kRing, Collective::kAllReduce, 4).value();
  const topo::Topology machine = star(4, Rate::gbps(1), kUs);
  const Report report =
      simulate(ring, machine, {.bytes = 4 * 1'000'000, .messageBytes = 10'000}).value();
  EXPECT_EQ(report.slices, 100u);
  const double slice = 6 * (2.0 * kUs + 10'000'000);
  EXPECT_NEAR(static_cast<double>(report.total), 100 * slice, 0.01 * 100 * slice);
}

// What cannot be afforded is continued at the pace of what could.
TEST(SlicesTest, TheRestIsContinued) {
  const topo::Topology machine = topo::hostsWithSwitch(2, 4).value();
  for (const Algorithm algorithm :
       {Algorithm::kRing, Algorithm::kHalf, Algorithm::kDirect, Algorithm::kRecursiveDoubling}) {
    const auto schedule = algo::generate(algorithm, Collective::kAllReduce, 8).value();
    const Simulator simulator = Simulator::create(schedule, machine).value();
    Workload workload{.bytes = 64 << 20, .messageBytes = 64 << 10};
    const Report whole = simulator.run(workload).value();
    ASSERT_EQ(whole.slices, whole.simulatedSlices);
    for (const uint64_t slices : {4ull, 16ull}) {
      workload.mostEvents = slices * simulator.eventsPerSlice();
      const Report part = simulator.run(workload).value();
      EXPECT_EQ(part.slices, whole.slices);
      EXPECT_EQ(part.simulatedSlices, slices);
      EXPECT_LE(part.events, workload.mostEvents);
      const auto total = static_cast<double>(whole.total);
      EXPECT_NEAR(static_cast<double>(part.total), total, (slices > 4 ? 0.01 : 0.02) * total)
          << schedule.name;
      for (size_t link = 0; link < whole.links.size(); ++link) {
        const auto bytes = static_cast<double>(whole.links[link].bytes);
        EXPECT_NEAR(static_cast<double>(part.links[link].bytes), bytes, 0.001 * bytes);
      }
    }
  }
}

TEST(SlicesTest, TooFewEventsAreAnError) {
  const auto ring = algo::generate(Algorithm::kRing, Collective::kAllReduce, 4).value();
  const topo::Topology machine = star(4, Rate::gbps(1), kUs);
  const Simulator simulator = Simulator::create(ring, machine).value();
  // 4 ranks, 6 messages each, two hops.
  EXPECT_EQ(simulator.eventsPerSlice(), 48u);
  EXPECT_THAT(std::string(simulator.run({.bytes = 100, .mostEvents = 47}).status().message()),
              HasSubstr("ring: 1 slices of 48 events each, 47 events are allowed"));
  EXPECT_TRUE(simulator.run({.bytes = 100, .mostEvents = 48}).ok());
  const Workload sliced{.bytes = 4000, .messageBytes = 100, .mostEvents = 2 * 48};
  EXPECT_FALSE(simulator.run(sliced).ok());
}

// The scratch of a slice is free when all lanes of the rank have ended the one two before.
TEST(SlicesTest, ScratchHoldsLanesTogether) {
  const auto direct = algo::generate(Algorithm::kDirect, Collective::kAllReduce, 4).value();
  ASSERT_GT(direct.scratchChunks, 0u);
  const topo::Topology machine = star(4, Rate::gbps(1), 50 * kUs);
  const Report report = simulate(direct, machine, {.bytes = 100'000, .messageBytes = 1000}).value();
  // Two slices on the way at a time: at least a latency for each two.
  EXPECT_GE(report.total, 100 / 2 * 100 * kUs);
}

TEST(SlicesTest, AThousandRanksAreAffordable) {
  constexpr int kRanks = 256;  // a thousand take 16 times as long
  const auto ring = algo::generate(Algorithm::kRing, Collective::kAllReduce, kRanks).value();
  const topo::Topology machine = topo::ring(kRanks, Rate::gbps(1), kUs);
  const Simulator simulator = Simulator::create(ring, machine).value();
  const Report report = simulator
                            .run({.bytes = 1ull << 40,
                                  .messageBytes = 1 << 20,
                                  .mostEvents = 3 * simulator.eventsPerSlice()})
                            .value();
  EXPECT_EQ(report.simulatedSlices, 3u);
  const double expected = 4096 * 2.0 * (kRanks - 1) * (1.0 * kUs + 1000.0 * (1 << 20));
  EXPECT_NEAR(static_cast<double>(report.total), expected, 0.01 * expected);
}

}  // namespace
}  // namespace inccl::sim
