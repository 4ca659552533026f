// MSCCL XML: plans of other tools are read; what we write we read back; every kind of damage is
// refused with its line; nothing crashes the reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "sample_schedule.h"
#include "schedule/msccl_xml.h"
#include "support/msccl_samples.h"
#include "support/seed.h"

namespace inccl::schedule {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kPair = R"(<algo name="pair" proto="LL" nchannels="1" nchunksperloop="1"
      ngpus="2" coll="allreduce" inplace="0" outofplace="1" minBytes="64" maxBytes="4096">
  <gpu id="0" i_chunks="1" o_chunks="1" s_chunks="0">
    <tb id="0" send="1" recv="1" chan="0">
      <step s="0" type="s" srcbuf="i" srcoff="0" dstbuf="o" dstoff="0" cnt="1" depid="-1" deps="-1" hasdep="0"/>
      <step s="1" type="rrc" srcbuf="i" srcoff="0" dstbuf="o" dstoff="0" cnt="1" depid="-1" deps="-1" hasdep="0"/>
    </tb>
  </gpu>
  <gpu id="1" i_chunks="1" o_chunks="1" s_chunks="0">
    <tb id="0" send="0" recv="0" chan="0">
      <step s="0" type="s" srcbuf="i" srcoff="0" dstbuf="o" dstoff="0" cnt="1" depid="-1" deps="-1" hasdep="0"/>
      <step s="1" type="rrc" srcbuf="i" srcoff="0" dstbuf="o" dstoff="0" cnt="1" depid="-1" deps="-1" hasdep="0"/>
    </tb>
  </gpu>
</algo>
)";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(MscclXmlTest, ReadsAPair) {
  const Result<Schedule> read = fromMscclXml(kPair);
  ASSERT_TRUE(read.ok()) << read.status().message();
  const Schedule& pair = read.value();
  EXPECT_EQ(pair.name, "pair");
  EXPECT_EQ(pair.collective, Collective::kAllReduce);
  EXPECT_EQ(pair.rankCount, 2);
  EXPECT_EQ(pair.minBytes, 64u);
  EXPECT_EQ(pair.maxBytes, 4096u);
  ASSERT_EQ(pair.ranks[0].lanes.size(), 1u);
  const Lane& lane = pair.ranks[0].lanes[0];
  EXPECT_EQ(lane.sendPeer, 1);
  ASSERT_EQ(lane.steps.size(), 2u);
  EXPECT_EQ(lane.steps[0].kind, StepKind::kSend);
  EXPECT_EQ(lane.steps[1].kind, StepKind::kRecvReduceCopy);
  EXPECT_EQ(lane.steps[1].sources, std::vector<ChunkRef>({{Buffer::kInput, 0}}));
  EXPECT_EQ(lane.steps[1].destination, (ChunkRef{Buffer::kOutput, 0}));
}

TEST(MscclXmlTest, ReadsEverySample) {
  for (const int ranks : {1, 2, 3, 4, 6, 8, 12, 16}) {
    for (const test::MscclSample& sample : test::mscclSamples(ranks)) {
      const Result<Schedule> read = fromMscclXml(sample.xml);
      ASSERT_TRUE(read.ok()) << sample.name << " " << ranks << ": " << read.status().message();
      EXPECT_EQ(read.value().root, sample.root) << sample.name;
      EXPECT_EQ(read.value().collective, sample.collective) << sample.name;
    }
  }
}

// The input is ours to read only, so an in-place plan's sums end in the output.
TEST(MscclXmlTest, InPlacePlansReadTheInputFirstAndThenTheOutput) {
  const Schedule ring = fromMscclXml(test::mscclRingAllReduce(3, 1).xml).value();
  const std::vector<Step>& steps = ring.ranks[0].lanes[0].steps;
  EXPECT_EQ(steps[0].sources[0], (ChunkRef{Buffer::kInput, 0}));  // s
  EXPECT_EQ(steps[1].sources[0], (ChunkRef{Buffer::kInput, 2}));  // rrs
  EXPECT_EQ(steps[2].sources[0], (ChunkRef{Buffer::kInput, 1}));  // rrcs
  EXPECT_EQ(steps[2].destination, (ChunkRef{Buffer::kOutput, 1}));
  const Schedule pairs = fromMscclXml(test::mscclAllPairsAllReduce(3).xml).value();
  const std::vector<Step>& sums = pairs.ranks[1].lanes[0].steps;
  ASSERT_EQ(sums.size(), 2u);  // the nop before went into `after`
  EXPECT_EQ(sums[0].after.size(), 2u);
  EXPECT_EQ(sums[0].sources[0], (ChunkRef{Buffer::kInput, 1}));
  EXPECT_EQ(sums[1].sources[0], (ChunkRef{Buffer::kOutput, 1}));
}

// Reduce-scatter in place overwrites blocks of the input that are nobody's result.
TEST(MscclXmlTest, WritesIntoTheInputMoveToScratch) {
  const Schedule ring = fromMscclXml(test::mscclRingReduceScatter(4).xml).value();
  EXPECT_EQ(ring.scratchChunks, 2u);
  EXPECT_EQ(ring.ranks[2].lanes[0].steps.back().destination, (ChunkRef{Buffer::kOutput, 0}));
}

// One step of k chunks is k messages side by side, and what follows waits for all.
TEST(MscclXmlTest, StepsOfSeveralChunksBecomeLanes) {
  const Schedule gather = fromMscclXml(test::mscclHierarchicalAllGather(2, 1).xml).value();
  const std::vector<Lane>& lanes = gather.ranks[0].lanes;
  ASSERT_EQ(lanes.size(), 3u);  // the copies; chunk 0; chunk 1
  EXPECT_EQ(lanes[1].channel, 0u);
  EXPECT_EQ(lanes[2].channel, 1u);
  EXPECT_EQ(lanes[1].steps[1].kind, StepKind::kNop);
  EXPECT_EQ(lanes[1].steps[1].after, std::vector<StepRef>({{2, 0}}));
  EXPECT_EQ(lanes[2].steps[1].after, std::vector<StepRef>({{1, 1}}));
}

TEST(MscclXmlTest, WhatIsWrittenIsReadBack) {
  const Schedule sample = twoRankGather();
  const Result<std::string> text = toMscclXml(sample);
  ASSERT_TRUE(text.ok()) << text.status().message();
  const Result<Schedule> back = fromMscclXml(text.value());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back.value(), sample);
  EXPECT_EQ(toMscclXml(back.value()).value(), text.value());
}

TEST(MscclXmlTest, NamesAreEscaped) {
  Schedule sample = twoRankGather();
  sample.name = "a<b>&\"c\"\n'd'";
  EXPECT_EQ(fromMscclXml(toMscclXml(sample).value()).value().name, sample.name);
}

TEST(MscclXmlTest, TheWriterRefusesWhatTheFormatCannotSay) {
  const auto refusal = [](const Schedule& schedule) {
    return std::string(toMscclXml(schedule).status().message());
  };
  EXPECT_THAT(refusal(everyWord()), HasSubstr("limit"));
  Schedule unlimited = everyWord();
  unlimited.types.clear();
  unlimited.ops.clear();
  EXPECT_THAT(refusal(unlimited), HasSubstr("topology"));
  unlimited.topology.clear();
  EXPECT_THAT(refusal(unlimited),
              AllOf(HasSubstr("rank "), HasSubstr("lane "), HasSubstr("switch")));
}

struct Damage {
  const char* from;
  const char* to;
  const char* line;
  const char* reason;
};

TEST(MscclXmlTest, DamageIsRefusedWithLineAndReason) {
  const Damage damages[] = {
      {"</algo>", "", "line 1", "not XML"},
      {"type=\"rrc\"", "type=\"rrx\"", "line 6", "\"rrx\" is unknown"},
      {"type=\"rrc\"", "type=\"ra\"", "line 6", "never runs"},
      {"coll=\"allreduce\"", "coll=\"custom\"", "line 1", "cannot be proved"},
      {"ngpus=\"2\"", "ngpus=\"3\"", "line 1", "2 <gpu> with ngpus=3"},
      {"ngpus=\"2\"", "ngpus=\"two\"", "line 1", "not a whole number"},
      {"ngpus=\"2\"", "ngpus=\"99999999999999999999\"", "line 1", "not a whole number"},
      {" nchunksperloop=\"1\"", "", "line 1", "no attribute nchunksperloop"},
      {"i_chunks=\"1\"", "i_chunks=\"2\"", "line 3", "i_chunks is 2"},
      {"o_chunks=\"1\"", "o_chunks=\"9\"", "line 3", "o_chunks is 9"},
      {"<gpu id=\"1\"", "<gpu id=\"0\"", "line 9", "id 0 stands where 1 should"},
      {"send=\"1\"", "send=\"0\"", "line 4", "its own peer"},
      {"send=\"1\"", "send=\"2\"", "line 4", "send 2 is not in -1"},
      {"send=\"1\"", "send=\"-1\"", "line 5", "send=\"-1\""},
      {" s=\"1\"", " s=\"2\"", "line 6", "s 2 stands where 1 should"},
      {"srcoff=\"0\"", "srcoff=\"1\"", "line 5", "input chunk 1 does not exist"},
      {"srcoff=\"0\"", "srcoff=\"-1\"", "line 5", "srcoff -1"},
      {"srcbuf=\"i\"", "srcbuf=\"x\"", "line 5", "\"x\" is not i, o or s"},
      {"cnt=\"1\"", "cnt=\"0\"", "line 5", "cnt 0"},
      {"cnt=\"1\"", "cnt=\"2\"", "line 5", "input chunk 1 does not exist"},
      {"depid=\"-1\"", "depid=\"0\"", "line 5", "both or none"},
      {"depid=\"-1\" deps=\"-1\"", "depid=\"4\" deps=\"0\"", "line 3", "does not exist"},
      {"depid=\"-1\" deps=\"-1\"", "depid=\"0\" deps=\"1\"", "line 3", "hasdep"},
      {"hasdep=\"0\"", "hasdep=\"0\" cnt=\"1\"", "line 5", "cnt stands twice"},
      {"<step s=\"0\"", "<stop s=\"0\"", "line 5", "<stop>: is unknown inside <tb>"},
      {"</tb>", "text</tb>", "line 4", "text"},
      {"proto=\"LL\"", "proto=\"LX\"", "line 1", "proto"},
      {"maxBytes=\"4096\"", "maxBytes=\"4\"", "", "minBytes 64 above maxBytes 4"},
      {"inplace=\"0\"", "inplace=\"2\"", "line 1", "inplace 2"},
      {"inplace=\"0\"", "inplace=\"0\" redop=\"xor3\"", "line 1", "redop"},
  };
  for (const Damage& damage : damages) {
    const Result<Schedule> read = fromMscclXml(replaced(kPair, damage.from, damage.to));
    ASSERT_FALSE(read.ok()) << damage.from << " → " << damage.to;
    EXPECT_THAT(read.status().message(), AllOf(HasSubstr(damage.line), HasSubstr(damage.reason)))
        << damage.from << " → " << damage.to;
  }
  EXPECT_THAT(fromMscclXml("").status().message(), HasSubstr("line 1"));
  EXPECT_THAT(fromMscclXml("<algos/>").status().message(), HasSubstr("<algos>"));
}

TEST(MscclXmlTest, StepsThatWaitInACircleAreRefused) {
  std::string text = replaced(kPair, "depid=\"-1\" deps=\"-1\" hasdep=\"0\"",
                              "depid=\"0\" deps=\"1\" hasdep=\"1\"");
  text = replaced(text, "depid=\"-1\" deps=\"-1\" hasdep=\"0\"",
                  "depid=\"-1\" deps=\"-1\" hasdep=\"1\"");
  EXPECT_THAT(fromMscclXml(text).status().message(),
              AllOf(HasSubstr("line 3"), HasSubstr("circle")));
}

TEST(MscclXmlTest, ARootThatIsNotClearMustBeSaid) {
  std::string text = test::mscclChainBroadcast(3, 1).xml;
  EXPECT_EQ(fromMscclXml(text).value().root, 1);
  text = replaced(text, "ngpus=", "root=\"2\" ngpus=");
  EXPECT_EQ(fromMscclXml(text).value().root, 2);
  const std::string noMessages = R"(<algo name="n" nchunksperloop="1" ngpus="2" coll="reduce">
    <gpu id="0"/><gpu id="1"/></algo>)";
  EXPECT_THAT(fromMscclXml(noMessages).status().message(), HasSubstr("2 ranks could be the root"));
}

// Older tools say by <copy> which input chunks are results as they are.
TEST(MscclXmlTest, OwnCopiesAreSteps) {
  const std::string text = R"(<algo name="c" nchunksperloop="2" ngpus="2" coll="allgather">
    <gpu id="0"><copy i_off="0" o_off="0"/><tb id="0" send="1" recv="1" chan="0">
      <step s="0" type="s" srcbuf="i" srcoff="0"/><step s="1" type="r" dstbuf="o" dstoff="1"/></tb></gpu>
    <gpu id="1"><tb id="0" send="0" recv="0" chan="0">
      <step s="0" type="s" srcbuf="i" srcoff="0"/><step s="1" type="r" dstbuf="o" dstoff="0"/>
      <step s="2" type="cpy" srcbuf="i" srcoff="0" dstbuf="o" dstoff="1"/></tb>
      <copy i_off="0" o_off="1"/></gpu></algo>)";
  const Result<Schedule> read = fromMscclXml(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ(read.value().ranks[0].lanes.size(), 2u);
  EXPECT_EQ(read.value().ranks[0].lanes[1].steps[0].kind, StepKind::kCopy);
  EXPECT_EQ(read.value().ranks[1].lanes.size(), 1u);  // a step does it already
  EXPECT_THAT(fromMscclXml(replaced(text, "o_off=\"0\"", "o_off=\"2\"")).status().message(),
              AllOf(HasSubstr("line 2"), HasSubstr("<copy>")));
}

// Bytes changed, taken out and doubled: an error or a schedule, never a crash.
TEST(MscclXmlTest, RandomDamageIsSurvived) {
  std::mt19937_64 random = test::trialRandom(0);
  const std::string original = test::mscclTwoStepAllToAll(2, 2).xml;
  for (int trial = 0; trial < 2000; ++trial) {
    std::string text = original;
    for (int change = 0; change < 3; ++change) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>("0123456789-\"<>/ is"[random() % 18]);
          break;
        case 1:
          text.erase(at, random() % 40);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 200));
      }
    }
    const Result<Schedule> read = fromMscclXml(text);
    EXPECT_TRUE(read.ok() || !read.status().message().empty());
  }
}

}  // namespace
}  // namespace inccl::schedule
