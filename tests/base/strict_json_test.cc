// Doubled keys are found wherever they are, and only where they are doubled; long texts take no
// longer than they are long.
#include "base/strict_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inccl {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  return std::string(parseStrictJson(text).status().message());
}

TEST(StrictJson, DoubledKeysAreErrors) {
  EXPECT_THAT(refusal(R"({"a": 1, "a": 2})"), HasSubstr("\"a\" stands twice"));
  EXPECT_THAT(refusal(R"([{"b": [{"c": 1, "d": 2, "c": 3}]}])"), HasSubstr("\"c\""));
  EXPECT_EQ(refusal(R"([{"a": 1}, {"a": 2, "b": {"a": 3}}])"), "");
}

TEST(StrictJson, WhatIsNoJsonIsRefusedWithItsPlace) {
  for (const char* text : {"", "{", "[1,]", "nul", "{\"a\" 1}", "\"\\ud800\""})
    EXPECT_THAT(refusal(text), HasSubstr("not JSON")) << text;
  EXPECT_THAT(refusal("[1,\n x]"), HasSubstr("line 2"));
}

// With the parser's callbacks this took minutes.
TEST(StrictJson, ALongListIsReadInTime) {
  std::string text = "[";
  for (int i = 0; i < 400000; ++i) text += "{\"kind\":\"nop\"},\n";
  text += "0]";
  const auto parsed = parseStrictJson(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().size(), 400001u);
}

}  // namespace
}  // namespace inccl
