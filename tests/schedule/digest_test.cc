// The digest: the same on every run, different for every difference that matters.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <vector>

#include "sample_schedule.h"

namespace inccl::schedule {
namespace {

TEST(DigestTest, IsStableOverRunsAndMachines) {
  // Written down once: a change means that plan caches of older builds no longer match.
  EXPECT_EQ(digest(twoRankGather()), 6846022289692488039ull);
  EXPECT_EQ(digest(everyWord()), 16660207073519944735ull);
}

TEST(DigestTest, IgnoresNameAndLimits) {
  Schedule schedule = everyWord();
  const uint64_t before = digest(schedule);
  schedule.name = "another";
  schedule.topology.clear();
  schedule.types.clear();
  schedule.ops.clear();
  schedule.minBytes = schedule.maxBytes = 0;
  EXPECT_EQ(digest(schedule), before);
}

TEST(DigestTest, SeesEveryDifferenceThatMatters) {
  using Change = std::function<void(Schedule&)>;
  const auto lane = [](Schedule& s) -> Lane& { return s.ranks[0].lanes[0]; };
  const auto local = [](Schedule& s) -> Lane& { return s.ranks[0].lanes[1]; };
  const std::vector<Change> changes = {
      [](Schedule&) {},
      [](Schedule& s) { s.collective = Collective::kBroadcast; },
      [](Schedule& s) { s.root = 0; },
      [](Schedule& s) { s.rankCount = 4; },
      [](Schedule& s) { s.inputChunks = 3; },
      [](Schedule& s) { s.outputChunks = 3; },
      [](Schedule& s) { s.scratchChunks = 5; },
      [](Schedule& s) { std::swap(s.ranks[0], s.ranks[1]); },
      [&](Schedule& s) { lane(s).channel = 8; },
      [&](Schedule& s) { lane(s).sendPeer = 2; },
      [&](Schedule& s) { lane(s).recvPeer = 1; },
      [&](Schedule& s) { lane(s).steps.pop_back(); },
      [&](Schedule& s) { std::swap(lane(s).steps[1], lane(s).steps[2]); },
      [&](Schedule& s) { lane(s).steps[0].sources[0].index = 1; },
      [&](Schedule& s) { lane(s).steps[0].sources[0].buffer = Buffer::kOutput; },
      [&](Schedule& s) { lane(s).steps[1].destination->index = 0; },
      [&](Schedule& s) { local(s).steps[0].after.pop_back(); },
      [&](Schedule& s) { local(s).steps[0].after[0].step = 1; },
      [&](Schedule& s) { std::swap(local(s).steps[3].sources[0], local(s).steps[3].sources[1]); },
      [&](Schedule& s) { local(s).steps[4].aggregate->mode = AggregateMode::kReduce; },
      [&](Schedule& s) { local(s).steps[4].aggregate->switchId = "sw1"; },
      [&](Schedule& s) { local(s).steps[4].aggregate->group = 1; },
      [&](Schedule& s) { local(s).steps[4].aggregate->contributors.pop_back(); },
      [&](Schedule& s) { local(s).steps[4].aggregate->receivers.pop_back(); },
  };
  std::set<uint64_t> seen;
  for (size_t i = 0; i < changes.size(); ++i) {
    Schedule schedule = everyWord();
    changes[i](schedule);
    EXPECT_TRUE(seen.insert(digest(schedule)).second) << "change " << i;
  }
}

}  // namespace
}  // namespace inccl::schedule
