// Well-formedness: each rule, by breaking it.
#include "schedule/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sample_schedule.h"
#include "schedule/chunk_lengths.h"

namespace inccl::schedule {
namespace {

using ::testing::HasSubstr;

struct Breakage {
  std::function<void(Schedule&)> doIt;
  std::string_view message;
};

Lane& lane(Schedule& s) { return s.ranks[2].lanes[0]; }
Lane& local(Schedule& s) { return s.ranks[2].lanes[1]; }

TEST(ValidateTest, AcceptsTheSamples) {
  EXPECT_TRUE(validate(twoRankGather()).ok());
  EXPECT_TRUE(validate(everyWord()).ok());
}

// Three ranks, blocks of two chunks: what each collective's buffers hold.
struct Layout {
  Collective collective;
  uint32_t input, output;
  bool rooted;
};
constexpr Layout kLayouts[] = {
    {Collective::kAllReduce, 2, 2, false}, {Collective::kBroadcast, 2, 2, true},
    {Collective::kReduce, 2, 2, true},     {Collective::kAllGather, 2, 6, false},
    {Collective::kGather, 2, 6, true},     {Collective::kReduceScatter, 6, 2, false},
    {Collective::kScatter, 6, 2, true},    {Collective::kAllToAll, 6, 6, false},
};

Schedule emptySchedule(const Layout& layout) {
  Schedule schedule;
  schedule.collective = layout.collective;
  schedule.rankCount = 3;
  schedule.root = layout.rooted ? 1 : -1;
  schedule.inputChunks = layout.input;
  schedule.outputChunks = layout.output;
  schedule.ranks.resize(3);
  return schedule;
}

TEST(ValidateTest, EveryCollectiveHasItsLayout) {
  for (const Layout& layout : kLayouts) {
    const Schedule good = emptySchedule(layout);
    EXPECT_TRUE(validate(good).ok()) << name(layout.collective);
    EXPECT_EQ(blockChunks(good), 2u);
    for (const uint32_t index : {0u, 1u, 2u, 3u, 4u, 5u}) {
      if (index < layout.input) {
        EXPECT_EQ(lengthClass(good, 0, input(index)), index % 2);
      }
      if (index < layout.output) {
        EXPECT_EQ(lengthClass(good, 0, output(index)), index % 2);
      }
    }
    for (const auto& [inputs, outputs] : {std::pair{0u, 0u},
                                          {2u, 4u},
                                          {4u, 2u},
                                          {7u, 7u},
                                          {6u, 5u},
                                          {5u, 6u},
                                          {0u, 2u},
                                          {2u, 0u},
                                          {6u, 3u},
                                          {3u, 6u}}) {
      Schedule bad = good;
      bad.inputChunks = inputs;
      bad.outputChunks = outputs;
      // Seven chunks each are as good as two where nothing is per rank.
      const bool fits = inputs == outputs && inputs > 0 && layout.input == 2 && layout.output == 2;
      EXPECT_EQ(validate(bad).ok(), fits)
          << name(layout.collective) << " " << inputs << " " << outputs;
    }
    Schedule otherRoot = good;
    otherRoot.root = layout.rooted ? -1 : 1;
    EXPECT_THAT(std::string(validate(otherRoot).message()),
                HasSubstr(layout.rooted ? "root -1 is not in 0 … 2" : "root 1 given"));
  }
}

TEST(ValidateTest, TheRootAloneHasWhatTheOthersDoNot) {
  for (const Layout& layout : kLayouts) {
    const Schedule schedule = emptySchedule(layout);
    const bool rootReads =
        layout.collective == Collective::kBroadcast || layout.collective == Collective::kScatter;
    const bool rootWrites =
        layout.collective == Collective::kReduce || layout.collective == Collective::kGather;
    for (int rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(hasInput(schedule, rank), !rootReads || rank == 1);
      EXPECT_EQ(hasOutput(schedule, rank), !rootWrites || rank == 1);
    }
  }
}

TEST(ValidateTest, RefusesWrongHeaders) {
  const Breakage breakages[] = {
      {[](Schedule& s) { s.rankCount = 0; }, "rank count 0"},
      {[](Schedule& s) { s.rankCount = -1; }, "rank count -1"},
      {[](Schedule& s) { s.rankCount = kMaxRanks + 1; }, "rank count"},
      {[](Schedule& s) { s.ranks.pop_back(); }, "programs for 2 ranks, rank count 3"},
      {[](Schedule& s) { s.root = 1; }, "root 1 given, but all_reduce has none"},
      {[](Schedule& s) { s.collective = Collective::kBroadcast; }, "root -1"},
      {[](Schedule& s) { s.collective = Collective::kAllGather; }, "input and"},
      {[](Schedule& s) { s.collective = Collective::kSend; }, "send has no schedule"},
      {[](Schedule& s) { s.outputChunks = 1; }, "with 2 input and 1 output chunks"},
      {[](Schedule& s) { s.inputChunks = s.outputChunks = 0; }, "with 0 input"},
      {[](Schedule& s) { s.scratchChunks = UINT32_MAX; }, "too many chunks"},
      {[](Schedule& s) { s.minBytes = 9, s.maxBytes = 8; }, "minBytes 9 above maxBytes 8"},
  };
  for (const auto& [doIt, message] : breakages) {
    Schedule schedule = everyWord();
    doIt(schedule);
    const Status status = validate(schedule);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
}

TEST(ValidateTest, RefusesWrongStepsNamingThem) {
  const Breakage breakages[] = {
      {[](Schedule& s) { lane(s).sendPeer = 2; }, "rank 2 lane 0: cannot send to rank 2"},
      {[](Schedule& s) { lane(s).sendPeer = -2; }, "rank 2 lane 0: cannot send to rank -2"},
      {[](Schedule& s) { lane(s).recvPeer = 3; }, "rank 2 lane 0: cannot receive from rank 3"},
      {[](Schedule& s) { lane(s).sendPeer = -1; },
       "step 0 (send): its lane has no peer to send to"},
      {[](Schedule& s) { lane(s).recvPeer = -1; }, "step 1 (recvReduceCopy): its lane has no peer"},
      {[](Schedule& s) { s.ranks[2].lanes.push_back(lane(s)); },
       "rank 2 lane 2: another lane does already send to rank 0 on channel 7"},
      {[](Schedule& s) { lane(s).steps[0].sources.clear(); }, "step 0 (send): has 0 sources"},
      {[](Schedule& s) { lane(s).steps[0].destination = output(0); },
       "step 0 (send): takes no destination"},
      {[](Schedule& s) { lane(s).steps[6].destination.reset(); },
       "step 6 (recv): needs a destination"},
      {[](Schedule& s) { local(s).steps[3].sources.resize(1); }, "(reduceMany): has 1 sources"},
      {[](Schedule& s) { local(s).steps[1].destination = input(0); },
       "(copy): writes to the input"},
      {[](Schedule& s) { local(s).steps[1].sources[0] = scratch(4); },
       "scratch chunk 4 does not exist, there are 4"},
      {[](Schedule& s) {
         local(s).steps[0].after[0] = {2, 0};
       },
       "(nop): waits for lane 2 step 0, which does not exist"},
      {[](Schedule& s) {
         lane(s).steps[2].after = {{1, 0}};
       },
       "waits for itself through `after`"},
      {[](Schedule& s) {
         lane(s).steps[2].after = {{0, 2}};
       },
       "step 2 (send): waits for itself"},
      {[](Schedule& s) { local(s).steps[1].aggregate = Aggregate{}; },
       "(copy): carries the members of an aggregate step"},
      {[](Schedule& s) { local(s).steps[4].aggregate.reset(); }, "(aggregate): names no members"},
      {[](Schedule& s) {
         local(s).steps[4].aggregate->receivers = {0, 1};
       },
       "a receiver, and only it, has a destination"},
      {[](Schedule& s) { local(s).steps[4].aggregate->contributors = {0}; },
       "a contributor, and only it, has one source"},
      {[](Schedule& s) {
         local(s).steps[4].aggregate->contributors = {0, 2, 1};
       },
       "its members are not ascending ranks"},
      {[](Schedule& s) {
         local(s).steps[4].aggregate->receivers = {0, 2, 2};
       },
       "its members are not ascending ranks"},
      {[](Schedule& s) {
         local(s).steps[4].aggregate->receivers = {0, 2, 3};
       },
       "its members are not ascending ranks"},
  };
  for (const auto& [doIt, message] : breakages) {
    Schedule schedule = everyWord();
    doIt(schedule);
    const Status status = validate(schedule);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
    EXPECT_THAT(std::string(status.message()), HasSubstr("rank 2 lane"));
  }
}

TEST(ValidateTest, NamesAreParsedBack) {
  for (int kind = 0; kind <= static_cast<int>(StepKind::kNop); ++kind)
    EXPECT_EQ(parseStepKind(name(static_cast<StepKind>(kind))), static_cast<StepKind>(kind));
  EXPECT_EQ(parseStepKind("Send"), std::nullopt);
  EXPECT_EQ(parseStepKind(""), std::nullopt);
}

}  // namespace
}  // namespace inccl::schedule
