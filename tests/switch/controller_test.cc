// Jobs come and go, over real connections: slots return, strangers stay out.
#include "switch/controller/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "switch/controller/slot_ranges.h"

namespace inccl::controller {
namespace {

using ::testing::HasSubstr;

TEST(SlotRanges, AreGivenOutAndComeTogetherAgain) {
  SlotRanges ranges(16);
  const auto a = ranges.take(4, 1), b = ranges.take(8, 1), c = ranges.take(100, 1);
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(b->first, 4u);
  EXPECT_EQ(c->count, 4u);  // all that was left
  EXPECT_FALSE(ranges.take(1, 1));
  ranges.giveBack(*a);
  EXPECT_FALSE(ranges.take(8, 5));
  ranges.giveBack(*c);
  EXPECT_EQ(ranges.free(), 8u);
  ranges.giveBack(*b);
  EXPECT_EQ(ranges.take(16, 16)->count, 16u);
}

class Jobs : public testing::Test {
 protected:
  wire::JoinSwitch request(uint32_t slots, size_t workers = 2) {
    wire::JoinSwitch join;
    join.job = "job";
    join.slots = slots;
    for (size_t worker = 0; worker < workers; ++worker)
      join.workers.push_back({fmt::format("127.0.0.1:{}", 1000 + worker)});
    return join;
  }
  std::unique_ptr<switchml::SwitchMl> program =
      switchml::SwitchMl::load(pipeline::Profile::tofino(), {64, 256, 4}).value();
  Controller controller{*program, {64, 32, 256, size_t{1} << 20, 4711, "tofino"}};
};

TEST_F(Jobs, GetSlotsASessionAndAnswers) {
  const auto granted = controller.join(request(8)).value();
  EXPECT_NE(granted.grant.session, 0u);
  EXPECT_EQ(granted.grant.slots, 8u);
  EXPECT_EQ(granted.grant.payloadBytes, 256u);
  EXPECT_EQ(granted.grant.dataPort, 4711);
  ASSERT_NE(program->jobs().find(granted.grant.session), nullptr);
  EXPECT_EQ(program->jobs().find(granted.grant.session)->workers[1].port(), 1001);
  controller.leave(granted.id);
  controller.leave(granted.id);
  EXPECT_EQ(program->jobs().size(), 0u);
  EXPECT_EQ(controller.freeSlots(), 64u);
}

TEST_F(Jobs, ShareSlotsUntilNoneAreLeft) {
  EXPECT_EQ(controller.join(request(1000)).value().grant.slots, 32u);  // the most of a job
  const auto second = controller.join(request(32)).value();
  EXPECT_THAT(std::string(controller.join(request(1)).status().message()),
              HasSubstr("no slots are free"));
  controller.leave(second.id);
  EXPECT_TRUE(controller.join(request(1)).ok());
}

// A window that would not fit into the switch's receive buffer is smaller from the start.
TEST_F(Jobs, GetNoMoreSlotsThanCanBeReceived) {
  Controller small{*program, {64, 64, 256, 20000, 4711, "tofino"}};
  EXPECT_EQ(small.join(request(64, 2)).value().grant.slots, 15u);  // 20000 / (2 · 2 · 320)
  EXPECT_EQ(small.join(request(64, 4)).value().grant.slots, 7u);
  Controller tiny{*program, {8, 8, 256, 100, 4711, "tofino"}};
  EXPECT_FALSE(tiny.join(request(64, 2)).ok());  // the program's slots are the others' jobs
}

TEST_F(Jobs, ANewEpochIsAnotherSessionOfTheSameSlots) {
  const auto granted = controller.join(request(8)).value();
  const auto next = controller.newEpoch(granted.id).value();
  EXPECT_NE(next.session, granted.grant.session);
  EXPECT_EQ(program->jobs().find(granted.grant.session), nullptr);
  ASSERT_NE(program->jobs().find(next.session), nullptr);
  EXPECT_EQ(controller.jobs()[0].epochs, 2u);
  EXPECT_FALSE(controller.newEpoch(99).ok());
}

TEST_F(Jobs, WhatCannotBeIsRefusedAndCostsNoSlots) {
  EXPECT_THAT(std::string(controller.join(request(8, 5)).status().message()),
              HasSubstr("5 workers"));
  EXPECT_FALSE(controller.join(request(8, 0)).ok());
  auto odd = request(8);
  odd.workers[0].text = "no address";
  EXPECT_THAT(std::string(controller.join(odd).status().message()), HasSubstr("worker address"));
  odd = request(8);
  odd.version = 9;
  EXPECT_THAT(std::string(controller.join(odd).status().message()), HasSubstr("version 9"));
  controller.drain(true);
  EXPECT_THAT(std::string(controller.join(request(8)).status().message()), HasSubstr("drained"));
  controller.drain(false);
  EXPECT_EQ(controller.freeSlots(), 64u);
  EXPECT_TRUE(controller.join(request(8)).ok());
}

// It stands in logs and on the status page, one job a line.
TEST_F(Jobs, ANameIsOneLineOfText) {
  auto odd = request(8);
  odd.job = "a\nslots 0\x1b[2J\x7f\xc3\xa4";
  ASSERT_TRUE(controller.join(odd).ok());
  EXPECT_EQ(controller.jobs()[0].name, "a?slots 0?[2J?\xc3\xa4");
}

// Names would be looked up while packets wait, and one address that cannot be sent to is a job that
// never gets an answer.
TEST_F(Jobs, WorkersAreNumericAddressesThatTheSwitchCanSendTo) {
  const auto refusalOf = [&](const std::string& text) {
    auto odd = request(8);
    odd.workers[1].text = text;
    const auto granted = controller.join(odd);
    return granted.ok() ? "granted" : std::string(granted.status().message());
  };
  EXPECT_THAT(refusalOf("localhost:1001"), HasSubstr("'localhost'"));
  EXPECT_THAT(refusalOf("127.0.0.1"), HasSubstr("port"));
  EXPECT_THAT(refusalOf("127.0.0.1:0"), HasSubstr("port"));
  EXPECT_THAT(refusalOf("[::1]:1001"), HasSubstr("family"));
  EXPECT_THAT(refusalOf("127.0.0.1:1000"), HasSubstr("two workers"));
  EXPECT_THAT(refusalOf(std::string(256, 'x')), HasSubstr("worker address"));
  EXPECT_EQ(controller.freeSlots(), 64u);
}

}  // namespace
}  // namespace inccl::controller
