// Plans as other tools write them are proved, and their broken twins refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/msccl_xml.h"
#include "support/msccl_samples.h"
#include "verify/verify.h"

namespace inccl::verify {
namespace {

using ::testing::HasSubstr;

TEST(VerifyMsccl, EverySampleIsRight) {
  for (int ranks = 1; ranks <= 17; ++ranks) {
    for (const test::MscclSample& sample : test::mscclSamples(ranks)) {
      const auto schedule = schedule::fromMscclXml(sample.xml).value();
      const Status proved = verifyBothWays(schedule);
      EXPECT_TRUE(proved.ok()) << sample.name << " " << ranks << ": " << proved.message();
    }
  }
}

TEST(VerifyMsccl, WhatWeWriteIsStillRight) {
  for (const test::MscclSample& sample : test::mscclSamples(8)) {
    const auto schedule = schedule::fromMscclXml(sample.xml).value();
    const auto text = schedule::toMscclXml(schedule);
    ASSERT_TRUE(text.ok()) << sample.name << ": " << text.status().message();
    const auto back = schedule::fromMscclXml(text.value());
    ASSERT_TRUE(back.ok()) << sample.name << ": " << back.status().message();
    EXPECT_TRUE(verifyBothWays(back.value()).ok()) << sample.name;
  }
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(VerifyMsccl, BrokenPlansAreRefused) {
  const std::string ring = test::mscclRingAllReduce(4, 1).xml;
  const auto refusal = [](const std::string& xml) {
    return std::string(verify(schedule::fromMscclXml(xml).value()).message());
  };
  EXPECT_THAT(refusal(replaced(ring, "type=\"rrs\" srcbuf=\"i\" srcoff=\"3\"",
                               "type=\"rrs\" srcbuf=\"i\" srcoff=\"2\"")),
              HasSubstr("chunk"));
  EXPECT_FALSE(refusal(replaced(ring, "type=\"rrcs\"", "type=\"rcs\"")).empty());
  const std::string pairs = test::mscclAllPairsAllReduce(4).xml;
  EXPECT_FALSE(refusal(replaced(pairs, "type=\"re\"", "type=\"cpy\"")).empty());
}

}  // namespace
}  // namespace inccl::verify
