// JSON: exact round trips; every kind of damage is refused with its place; nothing crashes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "support/seed.h"
#include "topo/canonical.h"
#include "topo/machines.h"
#include "topo/topology_json.h"

namespace inccl::topo {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kSample = R"({
 "name": "sample",
 "source": "nominal",
 "nodes": [
  {"id": "h", "kind": "host", "host": "node17"},
  {"id": "a", "kind": "rank", "rank": 0, "host": "h", "address": "10.0.0.1"},
  {"id": "b", "kind": "rank", "rank": 1, "host": "h"},
  {"id": "n", "kind": "nic"},
  {"id": "s", "kind": "switch", "reduce": true, "multicast": true}],
 "links": [
  {"src": "a", "dst": "h", "GBps": "25/3", "alphaUs": 0.7, "group": "bus"},
  {"src": "h", "dst": "b", "GBps": 12.5, "alphaUs": 0, "group": "bus"},
  {"src": "h", "dst": "n", "GBps": 0.1, "alphaUs": 12},
  {"src": "n", "dst": "s", "GBps": 1, "alphaUs": 0.000001}],
 "groups": [
  {"id": "bus", "GBps": 40}]
}
)";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(TopologyJsonTest, ReadsWhatIsWritten) {
  const Result<Topology> topology = fromJson(kSample);
  ASSERT_TRUE(topology.ok()) << topology.status().message();
  const Topology& t = topology.value();
  EXPECT_EQ(t.nodes[1].address, "10.0.0.1");
  EXPECT_EQ(t.nodes[1].rank, 0);
  EXPECT_TRUE(t.nodes[4].reduce && t.nodes[4].multicast);
  EXPECT_EQ(t.links[0].rate, Rate::gbps(25, 3));
  EXPECT_EQ(t.links[0].alpha, 700'000u);
  EXPECT_EQ(t.links[2].rate, Rate::gbps(1, 10));
  EXPECT_EQ(t.links[2].group, kNone);
  EXPECT_EQ(t.links[3].alpha, 1u);
  EXPECT_EQ(toJson(t), kSample);
}

TEST(TopologyJsonTest, RoundTripIsExact) {
  Topology odd = ring(5, Rate::gbps(999'999'999'999'999, 7), 1);
  odd.name = "quotes \" and \\ and \n";
  odd.nodes[2].id = "ранг два";
  odd.nodes[3].id = std::string("nul\0in", 6);
  for (const Topology& topology : {odd, oneHost(3), hostsWithSwitch(2, 3).value(), Topology()}) {
    const std::string text = toJson(topology);
    const Result<Topology> back = fromJson(text);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(back.value(), topology);
    EXPECT_EQ(toJson(back.value()), text);
  }
}

TEST(TopologyJsonTest, OrderOfKeysDoesNotMatter) {
  const Topology other = fromJson(R"({"links":[{"alphaUs":1e0,"dst":"a","GBps":"0.50","src":"b"}],
      "nodes":[{"rank":0,"kind":"rank","id":"a"},{"kind":"rank","rank":1,"id":"b"}],"name":"x"})")
                             .value();
  const Topology same = fromJson(R"({"name":"x","nodes":[{"id":"a","kind":"rank","rank":0},
      {"id":"b","kind":"rank","rank":1}],"links":[{"src":"b","dst":"a","GBps":0.5,"alphaUs":1}]})")
                            .value();
  EXPECT_EQ(other, same);
}

TEST(TopologyJsonTest, RanksWithoutNumbersCountInOrder) {
  const Topology t = fromJson(R"({"name":"x","nodes":[{"id":"s","kind":"switch"},
      {"id":"b","kind":"rank"},{"id":"a","kind":"rank"}],"links":[]})")
                         .value();
  EXPECT_EQ(t.nodes[0].rank, -1);
  EXPECT_EQ(t.nodes[1].rank, 0);
  EXPECT_EQ(t.nodes[2].rank, 1);
}

TEST(TopologyJsonTest, NamesThatAreNotUtf8AreReplacedNotFatal) {
  Topology topology = oneHost(2);
  topology.name = "bad \xff name";
  EXPECT_TRUE(fromJson(toJson(topology)).ok());
}

TEST(TopologyJsonTest, RefusesDamageAndNamesThePlace) {
  struct Damage {
    std::string_view from, to, message;
  };
  const Damage damages[] = {
      {"{", "", "not JSON"},
      {"0.7, \"group\"", "0.7 \"group\"", "line 11"},
      {"\"name\": \"sample\"", "\"name\": 1", "name: is not a text"},
      {"\"name\": \"sample\",", "", "document: has no \"name\""},
      {"\"source\"", "\"sauce\"", "document: unknown key \"sauce\""},
      {"\"source\"", "\"name\"", "the key \"name\" stands twice in one object"},
      {"\"address\"", "\"adress\"", "nodes[1]: unknown key \"adress\""},
      {"\"kind\": \"nic\"", "\"kind\": \"card\"", "nodes[3].kind: \"card\" is not one of rank"},
      {", \"kind\": \"nic\"", "", "nodes[3]: has no \"kind\""},
      {"\"rank\": 1", "\"rank\": 1.5", "nodes[2].rank: is not a rank in 0 … 65535"},
      {"\"rank\": 1", "\"rank\": -1", "nodes[2].rank: is not a rank"},
      {"\"rank\": 1", "\"rank\": 65536", "nodes[2].rank: is not a rank"},
      {"\"rank\": 1", "\"rank\": 0", "nodes[2] (b): is rank 0, as is nodes[1] (a)"},
      {"\"rank\": 1, ", "", "nodes: \"b\" has no \"rank\", while others have"},
      {"\"id\": \"n\"", "\"id\": \"h\"", "links[2].dst: there is no node \"n\""},
      {"\"id\": \"b\"", "\"id\": \"a\"", "links[1].dst: there is no node \"b\""},
      {"\"host\": \"h\"", "\"host\": \"z\"", "nodes[1] (a): there is no host \"z\""},
      {"\"host\": \"h\"", "\"host\": \"\"", "nodes[1].host: is empty"},
      {"\"reduce\": true", "\"reduce\": 1", "nodes[4].reduce: is not true or false"},
      {"\"kind\": \"switch\"", "\"kind\": \"nic\"", "nodes[4] (s): a nic does not sum"},
      {"\"src\": \"n\"", "\"src\": \"q\"", "links[3].src: there is no node \"q\""},
      {"\"src\": \"n\"", "\"src\": 3", "links[3].src: is not a text"},
      {"\"dst\": \"n\"", "\"dst\": \"h\"", "links[2] (h -> h): leads from a node to itself"},
      {"\"GBps\": 12.5", "\"GBps\": 0", "links[1].GBps: a rate must be above 0, not 0"},
      {"\"GBps\": 12.5", "\"GBps\": -3", "links[1].GBps: a rate must be above 0, not -3"},
      {"\"GBps\": 12.5", "\"GBps\": -0.5", "links[1].GBps: a rate must be above 0, not -0.5"},
      {"\"GBps\": 12.5", "\"GBps\": \"x\"", "links[1].GBps: \"x\" is no rate"},
      {"\"GBps\": 12.5", "\"GBps\": null", "links[1].GBps: is not a number"},
      {"\"GBps\": 12.5", "\"GBps\": 1e300", "links[1].GBps: \"1e+300\" is no rate"},
      {"\"alphaUs\": 12", "\"alphaUs\": -1", "links[2].alphaUs: -1 is no time"},
      {"\"alphaUs\": 12", "\"alphaUs\": \"12\"", "links[2].alphaUs: is not a number"},
      {"\"alphaUs\": 12", "\"alphaUs\": 1e11", "links[2].alphaUs: 1e+11 microseconds are too long"},
      {", \"alphaUs\": 12", "", "links[2]: has no \"alphaUs\""},
      {"\"group\": \"bus\"", "\"group\": \"car\"", "links[0].group: there is no group \"car\""},
      {"\"GBps\": 40", "\"GBps\": 0.0", "groups[0].GBps: a rate must be above 0"},
      {"\"GBps\": 40", "\"gbps\": 40", "groups[0]: unknown key \"gbps\""},
      {"\"nodes\": [", "\"nodes\": {}, \"nodes2\": [", "document: unknown key \"nodes2\""},
      {"\"links\": [", "\"links\": [7,", "links[0]: is not an object"},
  };
  for (const Damage& damage : damages) {
    const Result<Topology> result =
        fromJson(replaced(std::string(kSample), damage.from, damage.to));
    ASSERT_FALSE(result.ok()) << damage.message;
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(std::string(damage.message)));
  }
}

TEST(TopologyJsonTest, RefusesWhatIsNoDocument) {
  for (const std::string_view text : {"", "null", "[]", "7", "\"x\"", "{}", "{\"name\":\"x\"}"})
    EXPECT_FALSE(fromJson(text).ok()) << text;
}

// Any bytes: refused or read, and what is read can be written.
TEST(TopologyJsonTest, SurvivesNoise) {
  std::mt19937_64 random = test::trialRandom(0);
  for (int trial = 0; trial < test::testTrials(3000); ++trial) {
    std::string text(kSample);
    for (int flips = 0; flips < 1 + trial % 4; ++flips)
      text[random() % text.size()] = static_cast<char>(random() % 96 + 32);
    const Result<Topology> read = fromJson(text);
    if (!read.ok()) continue;
    EXPECT_EQ(fromJson(toJson(read.value())).value(), read.value());
    (void)fingerprint(read.value());
  }
}

TEST(TopologyJsonTest, FailuresOfAFileNameIt) {
  EXPECT_THAT(std::string(load("/nowhere/at/all.json").status().message()),
              StartsWith("/nowhere/at/all.json: "));
  EXPECT_FALSE(load("/tmp").ok());
  const std::string path =
      ::testing::TempDir() + "topology_" + std::to_string(::getpid()) + ".json";
  std::ofstream(path) << kSample;
  EXPECT_EQ(load(path).value(), fromJson(kSample).value());
  std::ofstream(path) << replaced(std::string(kSample), "12.5", "0");
  EXPECT_THAT(std::string(load(path).status().message()),
              StartsWith(path + ": links[1].GBps: a rate must be above 0"));
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace inccl::topo
