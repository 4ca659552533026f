// Files of the user's: whole, or refused with the path and why, and never waited for.
#include "os/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "support/fail_nth_call.h"

namespace inccl::os {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& path, size_t mostBytes = 1 << 20) {
  return std::string(readTextFile(path, mostBytes).status().message());
}

class TextFile : public testing::Test {
 protected:
  ~TextFile() override { std::remove(path_.c_str()); }
  std::string path_ = testing::TempDir() + "inccl-text-" + std::to_string(::getpid());
};

TEST_F(TextFile, IsReadWholeUpToTheLimit) {
  const std::string text(100000, 'x');
  std::ofstream(path_) << text;
  EXPECT_EQ(readTextFile(path_, text.size()).value(), text);
  EXPECT_THAT(refusal(path_, text.size() - 1), HasSubstr("is longer than 99999 bytes"));
  EXPECT_THAT(refusal("/dev/zero"), HasSubstr("/dev/zero is longer"));
}

TEST_F(TextFile, WhatCannotBeReadIsNamed) {
  EXPECT_THAT(refusal(path_ + "-not"), HasSubstr(path_ + "-not: No such file"));
  EXPECT_THAT(refusal(testing::TempDir()), HasSubstr("Is a directory"));
  std::ofstream(path_) << "text";
  // Every call that fails but the last walk's, which meets none.
  uint64_t whole = 0;
  const uint64_t failed = test::forEachFailingCall(
      test::FailedCalls{}, [&](uint64_t) { whole += readTextFile(path_, 64).ok() ? 1 : 0; });
  EXPECT_GE(failed, 2u);
  EXPECT_EQ(whole, 1u);
}

// Nobody writes into the pipe.
TEST_F(TextFile, APipeIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(readTextFile(path_, 64).value(), "");
}

}  // namespace
}  // namespace inccl::os
