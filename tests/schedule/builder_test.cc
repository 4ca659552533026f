// The builder: lanes by their four words, references, and mistakes that build() tells.
#include "schedule/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_schedule.h"

namespace inccl::schedule {
namespace {

using ::testing::HasSubstr;

TEST(ScheduleBuilderTest, SameWordsGiveTheSameLane) {
  ScheduleBuilder builder("x", Collective::kBarrier, 3);
  builder.chunks(1, 0, 2);
  EXPECT_EQ(builder.lane(0, 0, 1, 2).send(input(0)), (StepRef{0, 0}));
  EXPECT_EQ(builder.lane(0, 1, 1, 2).send(input(0)), (StepRef{1, 0}));
  EXPECT_EQ(builder.lane(0, 0, 1, 2).recv(scratch(0)), (StepRef{0, 1}));
  EXPECT_EQ(builder.lane(1, 0, 2, 0).send(input(0)), (StepRef{0, 0}));
  const Schedule schedule = std::move(builder).build().value();
  ASSERT_EQ(schedule.ranks[0].lanes.size(), 2u);
  EXPECT_EQ(schedule.ranks[0].lanes[0].steps.size(), 2u);
  EXPECT_EQ(schedule.ranks[0].lanes[1].channel, 1u);
  EXPECT_EQ(schedule.ranks[0].lanes[1].recvPeer, 2);
  EXPECT_TRUE(schedule.ranks[2].lanes.empty());
}

TEST(ScheduleBuilderTest, KeepsDependencies) {
  const Schedule schedule = twoRankGather();
  const Step& copy = schedule.ranks[1].lanes[1].steps[0];
  EXPECT_EQ(copy.kind, StepKind::kCopy);
  ASSERT_EQ(copy.after.size(), 1u);
  EXPECT_EQ(copy.after[0], (StepRef{0, 0}));
}

TEST(ScheduleBuilderTest, RefusesRanksThatDoNotExist) {
  for (const int rank : {-1, 2, 1000}) {
    ScheduleBuilder builder("x", Collective::kAllGather, 2);
    builder.chunks(1, 2);
    builder.lane(rank, 0, 1, 1).send(input(0));
    const Status status = std::move(builder).build().status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("does not exist"));
  }
  for (const int ranks : {0, -5, 1 << 20}) {
    ScheduleBuilder builder("x", Collective::kAllGather, ranks);
    EXPECT_FALSE(std::move(builder).build().ok()) << ranks;
  }
}

TEST(ScheduleBuilderTest, RefusesWhatIsNotWellFormed) {
  ScheduleBuilder builder("bad", Collective::kAllReduce, 2);
  builder.chunks(1, 1);
  builder.lane(0, 0, 1, 1).send(input(5));
  EXPECT_THAT(std::string(std::move(builder).build().status().message()),
              HasSubstr("bad: rank 0 lane 0 step 0 (send): input chunk 5 does not exist"));
}

}  // namespace
}  // namespace inccl::schedule
