// The command line of inccl-switch: what it means, and what is refused with which status.
#include "switch/options.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstring>

namespace inccl::switch_tool {
namespace {

using testing::HasSubstr;

std::variant<Options, Leave> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "inccl-switch");
  return parseOptions(static_cast<int>(words.size()), words.data());
}

void expectUsage(std::vector<const char*> words, const std::string& said) {
  const auto parsed = parse(std::move(words));
  const auto* const leave = std::get_if<Leave>(&parsed);
  ASSERT_NE(leave, nullptr) << said;
  EXPECT_EQ(leave->status, kExitUsage);
  EXPECT_THAT(leave->text, HasSubstr(said));
}

class SwitchOptions : public testing::Test {
 protected:
  void SetUp() override { ::unsetenv("INCCL_INA_TOKEN"); }
};

TEST_F(SwitchOptions, ProfilesBringTheirPayloads) {
  const auto payloadOf = [](const char* profile) {
    return std::get<Options>(parse({"--profile", profile})).server.shape.payloadBytes;
  };
  EXPECT_EQ(payloadOf("tofino"), 256u);
  EXPECT_EQ(payloadOf("tofino4"), 1024u);
  EXPECT_EQ(payloadOf("full"), 1024u);
  const auto options = std::get<Options>(parse({"--payload", "8", "--fan-in", "7", "--port",
                                                "[::1]:0", "--job-slots", "3", "--loss", "0.5"}));
  EXPECT_EQ(options.server.shape.payloadBytes, 8u);
  EXPECT_EQ(options.server.shape.mostFanIn, 7u);
  EXPECT_EQ(options.server.slotsOfJob, 3u);
  EXPECT_EQ(options.server.faults.loss, 0.5);
  EXPECT_TRUE(options.server.address.isLoopback());
}

TEST_F(SwitchOptions, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(std::get<Leave>(parse({"--help"})).status, 0);
  EXPECT_EQ(std::get<Leave>(parse({"--version"})).status, 0);
}

TEST_F(SwitchOptions, WhatCannotBeIsRefusedWithTheFlag) {
  expectUsage({"--nosuch"}, "--nosuch");
  expectUsage({"--profile", "x"}, "--profile");
  expectUsage({"--program", "x"}, "--program");
  expectUsage({"--port", "127.0.0.1"}, "--port");
  expectUsage({"--port", "127.0.0.1:99999"}, "--port");
  expectUsage({"--status", "127.0.0.1"}, "--status");
  expectUsage({"--payload", "-1"}, "--payload");
  expectUsage({"--token-file", "/nonexistent"}, "--token-file");
  for (const char* rate : {"--loss", "--duplicate", "--reorder", "--corrupt", "--truncate"}) {
    expectUsage({rate, "1.5"}, rate);
    expectUsage({rate, "nan"}, rate);
  }
  for (const char* cut : {"from", "from:", "up:5", "to:x", "both:5x", "to:-1"})
    expectUsage({"--blackout", cut}, "--blackout");
  expectUsage({"--job-slots", "0"}, "--job-slots");
  expectUsage({"--slots", "0"}, "--slots");
  expectUsage({"--slots", "65537"}, "--slots");
}

TEST_F(SwitchOptions, ABlackoutHasADirectionAndAMoment) {
  using Direction = ports::Blackout::Direction;
  for (const auto& [text, direction] : {std::pair{"from:0", Direction::kArriving},
                                        {"to:70", Direction::kLeaving},
                                        {"both:9", Direction::kBoth}}) {
    const auto blackout =
        std::get<Options>(parse({"--port", "127.0.0.1:0", "--blackout", text})).server.blackout;
    EXPECT_EQ(blackout.direction, direction);
    EXPECT_EQ(blackout.after, std::stoull(std::strchr(text, ':') + 1));
  }
}

TEST_F(SwitchOptions, WithoutATokenOnlyLoopbackIsListenedOn) {
  expectUsage({"--port", "0.0.0.0:0"}, "say a token");
  ::setenv("INCCL_INA_TOKEN", "secret", 1);
  EXPECT_EQ(std::get<Options>(parse({"--port", "0.0.0.0:0"})).server.token, "secret");
  ::unsetenv("INCCL_INA_TOKEN");
}

}  // namespace
}  // namespace inccl::switch_tool
