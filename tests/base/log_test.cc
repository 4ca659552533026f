// INCCL_DEBUG: levels in any case; an unknown word is told once. The level is read once in a
// process, so only one test here sets it.
#include "base/log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace inccl {
namespace {

size_t occurrences(const std::string& text, std::string_view of) {
  size_t count = 0;
  for (size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

TEST(LogLevel, IsNamedInAnyCase) {
  for (const char* text : {"INFO", "info", "Info"}) EXPECT_EQ(parseLogLevel(text), LogLevel::kInfo);
  EXPECT_EQ(parseLogLevel("none"), LogLevel::kNone);
  EXPECT_EQ(parseLogLevel("Trace"), LogLevel::kTrace);
  EXPECT_EQ(parseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(parseLogLevel("VERSION"), LogLevel::kWarn);
  for (const char* text : {"", "1", "INFO ", "DEBUG"}) EXPECT_FALSE(parseLogLevel(text)) << text;
}

TEST(LogLevel, AnUnknownWordIsWarnedOfOnceAndCountsAsWarn) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "base_log_test.log";
  std::filesystem::remove(path);
  setenv("INCCL_DEBUG", "LOUD", 1);
  setenv("INCCL_DEBUG_FILE", path.c_str(), 1);
  logWarn("the first line");
  logWarn("the second line");
  logInfo("not this one");
  EXPECT_EQ(logLevel(), LogLevel::kWarn);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(occurrences(text.str(), "INCCL_DEBUG (or NCCL_DEBUG) is 'LOUD'"), 1u) << text.str();
  EXPECT_EQ(occurrences(text.str(), "\n"), 3u) << text.str();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace inccl
