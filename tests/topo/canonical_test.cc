// One machine, one form and one fingerprint, in whatever order it is described; another machine,
// another one.
#include "topo/canonical.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "support/seed.h"
#include "topo/machines.h"
#include "topo/topology_json.h"
#include "topo/validate.h"

namespace inccl::topo {
namespace {

// The same topology with its lists in another order.
Topology shuffled(const Topology& topology, std::mt19937_64& random) {
  std::vector<uint32_t> places(topology.nodes.size()), groups(topology.groups.size());
  for (uint32_t i = 0; i < places.size(); ++i) places[i] = i;
  for (uint32_t i = 0; i < groups.size(); ++i) groups[i] = i;
  std::shuffle(places.begin(), places.end(), random);
  std::shuffle(groups.begin(), groups.end(), random);
  Topology result = topology;
  for (uint32_t i = 0; i < places.size(); ++i) result.nodes[places[i]] = topology.nodes[i];
  for (uint32_t i = 0; i < groups.size(); ++i) result.groups[groups[i]] = topology.groups[i];
  for (Link& link : result.links) {
    link.src = places[link.src];
    link.dst = places[link.dst];
    if (link.group != kNone) link.group = groups[link.group];
  }
  std::shuffle(result.links.begin(), result.links.end(), random);
  return result;
}

TEST(CanonicalTest, OrderDoesNotMatter) {
  std::mt19937_64 random = test::trialRandom(0);
  for (const Topology& topology :
       {hostsWithSwitch(3, 4).value(), ring(13, Rate::gbps(25, 3), 7), oneHost(1), Topology()}) {
    const Topology form = canonical(topology);
    EXPECT_TRUE(validate(form).ok());
    EXPECT_EQ(canonical(form), form);
    for (int trial = 0; trial < 20; ++trial) {
      const Topology other = shuffled(topology, random);
      EXPECT_EQ(toJson(canonical(other)), toJson(form));
      EXPECT_EQ(fingerprint(other), fingerprint(topology));
    }
  }
}

TEST(CanonicalTest, RanksStandInOrderOfTheirNumbers) {
  const Topology form = canonical(hostsWithSwitch(4, 4).value());
  for (int rank = 0; rank < 16; ++rank) EXPECT_EQ(form.nodes[static_cast<size_t>(rank)].rank, rank);
}

TEST(CanonicalTest, FingerprintTellsMachinesApart) {
  const std::function<void(Topology&)> changes[] = {
      [](Topology& t) { t.links[0].rate = Rate::gbps(11); },
      [](Topology& t) { t.links[0].alpha += 1; },
      [](Topology& t) { t.links[0].group = kNone; },
      [](Topology& t) { t.groups[0].rate = Rate::gbps(41); },
      [](Topology& t) { t.links.pop_back(); },
      [](Topology& t) { t.nodes[0].id += "x"; },
      [](Topology& t) { t.nodes.back().reduce = true; },
      [](Topology& t) { t.nodes.back().multicast = true; },
      [](Topology& t) { std::swap(t.nodes[0].rank, t.nodes[1].rank); },
  };
  const Topology machine = canonical(hostsWithSwitch(2, 2).value());
  std::vector<uint64_t> seen{fingerprint(machine)};
  for (const auto& change : changes) {
    Topology other = machine;
    change(other);
    ASSERT_TRUE(validate(other).ok());
    seen.push_back(fingerprint(other));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST(CanonicalTest, NamesAndAddressesAreNoPartOfTheFingerprint) {
  Topology machine = hostsWithSwitch(2, 2).value();
  const uint64_t before = fingerprint(machine);
  machine.name = "another";
  machine.source = "elsewhere";
  machine.nodes[0].address = "10.1.2.3";
  EXPECT_EQ(fingerprint(machine), before);
}

// Plans on disk carry it: it may not change from version to version.
TEST(CanonicalTest, FingerprintStays) {
  EXPECT_EQ(fingerprintText(ring(3, Rate::gbps(25, 2), 700'000)), "16fd332af0956c72");
}

TEST(CanonicalTest, RoundingMakesTwoMeasurementsOne) {
  Topology first = ring(4, Rate::gbps(12'345, 1000), 1'234'567);
  Topology second = ring(4, Rate::gbps(12'311, 1000), 1'229'999);
  EXPECT_NE(fingerprint(first), fingerprint(second));
  EXPECT_EQ(fingerprint(rounded(first, 3)), fingerprint(rounded(second, 3)));
  EXPECT_EQ(rounded(first, 2).links[0].alpha, 1'200'000u);
  EXPECT_EQ(rounded(first, 3).links[0].rate, Rate::gbps(123, 10));
  first.links[0].alpha = 0;
  second.links[0].alpha = 99;
  EXPECT_EQ(rounded(first, 2).links[0].alpha, 0u);
  EXPECT_EQ(rounded(second, 2).links[0].alpha, 99u);
}

}  // namespace
}  // namespace inccl::topo
