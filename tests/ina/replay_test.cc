// The model as a judge of recorded traces: a good one, and the same with one thing wrong each.
#include "ina/model/replay.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "ina/model/scenarios.h"
#include "ina/model/walk.h"

namespace inccl::ina_model {
namespace {

using Lines = std::vector<std::string>;

// Two workers, one slot: reduce to 0, then an all-reduce.
Scenario twoOperations() {
  Scenario scenario;
  scenario.operations = operationsFrom("reduce,all-reduce", 2);
  return scenario;
}

// The lines of tests/data/ina/NAME without comments.
Lines linesOf(const std::string& name) {
  std::ifstream file(fmt::format("{}/ina/{}", INCCL_TEST_DATA, name));
  EXPECT_TRUE(file.good()) << name;
  Lines lines;
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    while (!line.empty() && line.back() == ' ') line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<TraceEvent> eventsOf(const Lines& lines) {
  std::vector<TraceEvent> events;
  for (const std::string& line : lines) {
    const auto event = eventFrom(line);
    EXPECT_TRUE(event.has_value()) << line;
    events.push_back(event.value_or(TraceEvent{}));
  }
  return events;
}

// The first line that differs is the one that is refused, for that reason.
void expectRefused(Lines lines, const std::string& before, const std::string& now,
                   const std::string& reason) {
  const auto at = std::find(lines.begin(), lines.end(), before);
  ASSERT_NE(at, lines.end()) << before;
  const auto index = static_cast<size_t>(at - lines.begin());
  *at = now;
  const Verdict verdict = accepts(twoOperations(), eventsOf(lines));
  EXPECT_FALSE(verdict.isAccepted) << now;
  EXPECT_EQ(verdict.event, index) << now << ": " << verdict.reason;
  EXPECT_EQ(verdict.reason, reason) << now;
}

TEST(Replay, AcceptsARunWithLossAndRepair) {
  const Lines lines = linesOf("repaired_reduce.trace");
  const Verdict verdict = accepts(twoOperations(), eventsOf(lines));
  EXPECT_TRUE(verdict.isAccepted) << lines[verdict.event] << ": " << verdict.reason;
}

TEST(Replay, RefusesTheFirstEventThatIsNotAllowed) {
  const Lines lines = linesOf("repaired_reduce.trace");
  const auto wrong = [&](const char* before, const char* now, const char* reason) {
    expectRefused(lines, before, now, reason);
  };
  wrong("switch packet=data worker=0 session=7 slot=0 generation=0 tag=17 reply=nothing",
        "switch packet=data worker=0 session=7 slot=0 generation=0 tag=17 reply=result-to-all",
        "the switch answers otherwise");
  wrong("send packet=data worker=1 session=7 slot=0 generation=0 tag=17",
        "send packet=data worker=1 session=7 slot=0 generation=1 tag=17",
        "that slot waits for another use");
  wrong("send packet=data worker=1 session=7 slot=0 generation=0 tag=17",
        "send packet=data worker=1 session=7 slot=0 generation=0 tag=18",
        "that is another operation's tag");
  wrong("take packet=status worker=1 session=7 slot=0 generation=0 own=0",
        "take packet=status worker=1 session=7 slot=0 generation=0 own=1", "nobody sent it that");
  wrong("return worker=1 operation=0", "return worker=0 operation=0",
        "it lacks chunks of that operation");
  wrong("drop packet=result worker=0 session=7 slot=0 generation=0 own=0",
        "take packet=result worker=0 session=7 slot=0 generation=0 own=0", "it has to be dropped");
  wrong("report worker=1", "apply worker=1", "that SEAL or COMMIT was not sent, or was taken");
  wrong("repair worker=0 chunk=0", "repair worker=0 chunk=1", "nobody has that chunk for it");
  wrong("install session=8", "install session=9", "no COMMIT, or an older one, has that session");
  wrong("return worker=0 operation=1", "fail worker=0", "nobody has failed");
}

TEST(Replay, RefusesAContributionThatNobodyAskedFor) {
  Lines lines = linesOf("repaired_reduce.trace");
  const std::string again = "send packet=data worker=1 session=7 slot=0 generation=0 tag=17";
  const auto first = std::find(lines.begin(), lines.end(), again);
  ASSERT_NE(first, lines.end());
  const auto index = static_cast<size_t>(first - lines.begin()) + 1;
  lines.insert(first + 1, again);
  const Verdict verdict = accepts(twoOperations(), eventsOf(lines));
  EXPECT_FALSE(verdict.isAccepted);
  EXPECT_EQ(verdict.event, index);
  EXPECT_EQ(verdict.reason, std::string("it contributes again without being asked to"));
}

TEST(Replay, AcceptsWhateverTheModelDoes) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    const Scenario scenario = randomScenario(seed);
    const std::vector<TraceEvent> trace = recordedWalk(scenario, seed);
    const Verdict verdict = accepts(scenario, trace);
    ASSERT_TRUE(verdict.isAccepted)
        << scenario.name << ", seed " << seed << ", event " << verdict.event << ": "
        << toText(trace[verdict.event]) << ": " << verdict.reason;
  }
}

// A switch that has one of the mutants' faults is seen through.
TEST(Replay, RefusesASwitchWithoutGenerations) {
  int refused = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Scenario scenario = randomScenario(seed);
    scenario.mutant = Mutant::kNoGenerationCheck;
    const Verdict verdict = accepts(scenario, recordedWalk(scenario, seed));
    if (verdict.reason == "the switch answers otherwise") ++refused;
  }
  EXPECT_GT(refused, 0);
}

TEST(TraceText, ReadsWhatItWrites) {
  for (const std::string& line : linesOf("repaired_reduce.trace")) {
    const auto event = eventFrom(line);
    ASSERT_TRUE(event.has_value()) << line;
    EXPECT_EQ(toText(*event), line);
  }
}

TEST(TraceText, RefusesWhatIsNoEvent) {
  for (const char* line :
       {"", "dance worker=0", "call worker=0", "call worker=0 tag=1 tag=1", "call worker=0 tag=x",
        "call worker=0 tag=4294967296", "call worker=0 tag=1 slot=0", "seal now",
        "call worker tag=1", "send packet=letter worker=0 session=7 slot=0 generation=0 tag=1"}) {
    EXPECT_FALSE(eventFrom(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace inccl::ina_model
