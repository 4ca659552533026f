// JSON: exact round trips; every kind of damage is refused with its place; nothing crashes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "sample_schedule.h"
#include "schedule/schedule_json.h"
#include "support/seed.h"

namespace inccl::schedule {
namespace {

using ::testing::HasSubstr;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ScheduleJsonTest, AnotherVersionIsRefused) {
  const std::string text = toJson(twoRankGather());
  EXPECT_TRUE(fromJson(replaced(text, "\"version\": 1,", "")).ok());
  EXPECT_THAT(fromJson(replaced(text, "\"version\": 1", "\"version\": 2")).status().message(),
              HasSubstr("version"));
}

TEST(ScheduleJsonTest, RoundTripIsExact) {
  for (const Schedule& schedule : {twoRankGather(), everyWord()}) {
    const std::string text = toJson(schedule);
    const Result<Schedule> back = fromJson(text);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(back.value(), schedule);
    EXPECT_EQ(toJson(back.value()), text);
  }
}

TEST(ScheduleJsonTest, RoundTripOfARootAndEmptyPrograms) {
  ScheduleBuilder builder("flat", Collective::kBroadcast, 3);
  builder.root(2).chunks(1, 1);
  builder.lane(2, 0).copy(input(0), output(0));
  const Schedule schedule = std::move(builder).build().value();
  EXPECT_EQ(fromJson(toJson(schedule)).value(), schedule);
}

TEST(ScheduleJsonTest, TextIsReadable) {
  EXPECT_THAT(toJson(twoRankGather()),
              HasSubstr(R"(   {"channel": 3, "sendPeer": 1, "recvPeer": 1, "steps": [
    {"kind":"send","sources":[["input",0]]},
    {"kind":"recv","destination":["output",1]}]},
   {"channel": 0, "steps": [
    {"kind":"copy","sources":[["input",0]],"destination":["output",0],"after":[[0,0]]}]}]})"));
}

TEST(ScheduleJsonTest, NamesThatAreNotUtf8AreReplacedNotFatal) {
  Schedule schedule = twoRankGather();
  schedule.name = "bad \xff name";
  EXPECT_TRUE(fromJson(toJson(schedule)).ok());
}

TEST(ScheduleJsonTest, RefusesDamageAndNamesThePlace) {
  struct Damage {
    std::string_view from, to, message;
  };
  const Damage damages[] = {
      {"{", "", "not JSON"},
      {"\"name\"", "\"nome\"", "unknown key \"nome\""},
      {"\"name\": \"two\"", "\"name\": 5", "name: is not a text"},
      {"all_gather", "all_gathers", "collective: \"all_gathers\" is not known here"},
      {"all_gather", "send", "collective: \"send\" is not known here"},
      {"\"rankCount\": 2", "\"rankCount\": 3", "programs for 2 ranks, rank count 3"},
      {"\"rankCount\": 2", "\"rankCount\": -2", "rankCount: is not a whole number from 0"},
      {"\"rankCount\": 2", "\"rankCount\": 2.0", "rankCount: is not a whole number from 0"},
      {"\"rankCount\": 2", "\"rankCount\": 99999999999", "rankCount: 99999999999 is above"},
      {"\"rankCount\": 2", "\"rankCount\": 2, \"rankCount\": 2", "\"rankCount\" stands twice"},
      {"\"rankCount\": 2", "\"rankCount\": 2, \"root\": 0",
       "root 0 given, but all_gather has none"},
      {"\"input\": 1, ", "", "chunks: has no \"input\""},
      {"\"input\": 1", "\"input\": 5000000000", "chunks.input: 5000000000 is above 4294967295"},
      {"\"input\": 1", "\"input\": 4294967295", "too many chunks"},
      {"\"output\": 2", "\"output\": 3", "with 1 input and 3 output chunks"},
      {"\"ranks\": [", "\"types\": [\"float\", \"quux\"], \"ranks\": [",
       "types[1]: \"quux\" is not known here"},
      {"\"ranks\": [", "\"ops\": [\"xor\"], \"ranks\": [", "ops[0]: \"xor\" is not known here"},
      {"\"ranks\": [", "\"ops\": \"sum\", \"ranks\": [", "ops: is not a list"},
      {"{\"lanes\": [", "{\"lanes\": 7, \"x\": [", "ranks[0]: unknown key \"x\""},
      {"{\"lanes\": [", "7, {\"lanes\": [", "ranks[0]: is not an object"},
      {"\"sendPeer\": 1", "\"sendPeer\": 0", "rank 0 lane 0: cannot send to rank 0"},
      {"\"sendPeer\": 1", "\"sendPeer\": 2", "rank 0 lane 0: cannot send to rank 2"},
      {"\"sendPeer\": 1, ", "", "(send): its lane has no peer to send to"},
      {"\"kind\":\"send\"", "\"kind\":\"sent\"",
       "ranks[0].lanes[0].steps[0].kind: \"sent\" is not known here"},
      {"\"kind\":\"send\",", "", "ranks[0].lanes[0].steps[0]: has no \"kind\""},
      {"[\"input\",0]", "[\"input\"]",
       "ranks[0].lanes[0].steps[0].sources[0]: is not [buffer, index]"},
      {"[\"input\",0]", "[\"imput\",0]", "sources[0][0]: \"imput\" is not known here"},
      {"[\"input\",0]", "[\"input\",1]", "input chunk 1 does not exist"},
      {"[\"output\",1]", "[\"input\",0]", "writes to the input"},
      {"[[0,0]]", "[[0,2]]", "waits for lane 0 step 2, which does not exist"},
      {"[[0,0]]", "[[0,0,0]]", "after[0]: is not [lane, step]"},
      {"[[0,0]]", "[[1,0]]", "waits for itself"},
  };
  const std::string good = toJson(twoRankGather());
  for (const auto& [from, to, message] : damages) {
    const Result<Schedule> result = fromJson(replaced(good, from, to));
    ASSERT_FALSE(result.ok()) << from << " -> " << to;
    EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(message)) << from << " -> " << to;
  }
}

TEST(ScheduleJsonTest, RefusesDocumentsThatAreNoSchedule) {
  for (const std::string_view text : {"", " ", "null", "[]", "{}", "5", "\"ring\"",
                                      "{\"ranks\": {}}", "{\"name\":\"\xff\"}", "{} {}"})
    EXPECT_FALSE(fromJson(text).ok()) << text;
  EXPECT_FALSE(fromJson(std::string(100000, '[')).ok());
  std::string deep;
  for (int i = 0; i < 50000; ++i) deep += "{\"name\":";
  EXPECT_FALSE(fromJson(deep).ok());
}

// What still reads after random damage must be well formed enough to be written and read again.
TEST(ScheduleJsonTest, RandomDamageNeverCrashes) {
  std::mt19937_64 random = test::trialRandom(0);
  const std::string good = toJson(everyWord());
  constexpr std::string_view kSigns = "0123456789-\"[]{},:.eE\\ntrufalse";
  int stillGood = 0;
  for (int trial = 0; trial < test::testTrials(3000); ++trial) {
    std::string text = good;
    for (uint64_t change = random() % 3; change < 3; ++change) {
      const size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 20);
      else
        text[at] = kSigns[random() % kSigns.size()];
      if (text.empty()) text = "x";
    }
    const Result<Schedule> read = fromJson(text);
    if (!read.ok()) continue;
    ++stillGood;
    EXPECT_EQ(fromJson(toJson(read.value())).value(), read.value());
  }
  EXPECT_GT(stillGood, 0);  // the damage is small enough to reach the deeper checks
}

}  // namespace
}  // namespace inccl::schedule
