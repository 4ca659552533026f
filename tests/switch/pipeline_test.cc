// What a profile has room for, and the rules of a pass.
#include "switch/pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "switch/pipeline/register_array.h"
#include "switch/switchml/switchml.h"

namespace inccl::pipeline {
namespace {

using switchml::SwitchMl;
using ::testing::HasSubstr;

std::string refusal(const Profile& profile, const SwitchMl::Shape& shape) {
  auto loaded = SwitchMl::load(profile, shape);
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

TEST(Profiles, TheProgramFitsThePublishedLimitsAndNotMore) {
  EXPECT_EQ(refusal(Profile::tofino(), {8192, 256, 32}), "");
  EXPECT_EQ(refusal(Profile::tofino(true), {8192, 1024, 32}), "");
  EXPECT_EQ(refusal(Profile::full(), {512, 8192, 1023}), "");
  EXPECT_THAT(refusal(Profile::tofino(), {8193, 256, 32}),
              HasSubstr("16386 entries, the most is 16384"));
  EXPECT_THAT(refusal(Profile::tofino(), {512, 1024, 32}), HasSubstr("from 8 to 256"));
  EXPECT_THAT(refusal(Profile::tofino(), {512, 256, 33}), HasSubstr("33 workers, 1 to 32"));
  EXPECT_THAT(refusal(Profile::full(), {512, 8192, 1024}), HasSubstr("1 to 1023"));
  EXPECT_THAT(refusal(Profile::full(), {0, 8192, 2}), HasSubstr("0 slots"));
  EXPECT_THAT(refusal(Profile::full(), {1, 6, 2}), HasSubstr("whole words"));
}

TEST(Profiles, UsageCountsStagesAndArrays) {
  auto loaded = SwitchMl::load(Profile::tofino(), {512, 256, 32});
  ASSERT_TRUE(loaded.ok());
  const std::string usage = loaded.value()->pipeline().usage();
  EXPECT_THAT(usage, HasSubstr("pipe 0: 12 of 12 stages"));
  EXPECT_THAT(usage, HasSubstr("38 register arrays"));  // 6 of control, 32 of lanes
}

TEST(Profiles, StagesAndArraysOfAStageEnd) {
  Pipeline pipeline(Profile::tofino());
  std::vector<std::unique_ptr<RegisterArray>> arrays;
  for (int i = 0; i < 4; ++i)
    arrays.push_back(std::make_unique<RegisterArray>(pipeline, "a", Place{0, 7}, 8, 2));
  EXPECT_TRUE(pipeline.check().ok());
  arrays.push_back(std::make_unique<RegisterArray>(pipeline, "fifth", Place{0, 7}, 8, 1));
  EXPECT_THAT(std::string(pipeline.check().message()),
              HasSubstr("with fifth stage 7 of pipe 0 has 5"));
  Pipeline late(Profile::tofino());
  const RegisterArray beyond(late, "late", {0, 12}, 8, 1);
  EXPECT_THAT(std::string(late.check().message()), HasSubstr("12 as its stage"));
  Pipeline wide(Profile::tofino());
  const RegisterArray three(wide, "three", {0, 0}, 8, 3);
  EXPECT_THAT(std::string(wide.check().message()), HasSubstr("96 bits in an entry"));
}

TEST(Passes, AnArrayIsMetOnceAndStagesInOrder) {
  Pipeline pipeline(Profile::tofino());
  RegisterArray early(pipeline, "early", {0, 1}, 4, 1), late(pipeline, "late", {0, 2}, 4, 1);
  const auto touch = [](RegisterArray& array, Pass& pass) {
    return array.update(pass, 3, [](std::span<uint32_t> words) { return ++words[0]; });
  };
  {
    Pass pass(pipeline);
    EXPECT_EQ(touch(early, pass), 1u);
    EXPECT_EQ(touch(late, pass), 1u);
    pass.recirculate(0);
    EXPECT_EQ(touch(early, pass), 2u);
  }
  EXPECT_EQ(pipeline.brokenRules(), 0u);
  {
    Pass pass(pipeline);
    touch(late, pass);
    touch(early, pass);
    EXPECT_EQ(pipeline.brokenRules(), 1u);
    EXPECT_THAT(pipeline.lastBroken(), HasSubstr("stage 1 of pipe 0 is met from stage 2"));
  }
  {
    Pass pass(pipeline);
    touch(late, pass);
    touch(late, pass);
    EXPECT_EQ(pipeline.brokenRules(), 2u);
    EXPECT_THAT(pipeline.lastBroken(), HasSubstr("met twice"));
  }
}

}  // namespace
}  // namespace inccl::pipeline
