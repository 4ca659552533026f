// Whose slots are whose.
#include "switch/switchml/job_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inccl::switchml {
namespace {

using ::testing::HasSubstr;

Job job(uint32_t session, uint32_t first, uint32_t slots, size_t workers = 2) {
  return {session, first, slots, std::vector<os::SocketAddress>(workers)};
}

TEST(JobTable, SlotsBelongToOneJob) {
  JobTable table(16, 4);
  EXPECT_TRUE(table.admit(job(1, 4, 8)).ok());
  EXPECT_TRUE(table.admit(job(2, 0, 4)).ok());
  EXPECT_TRUE(table.admit(job(3, 12, 4, 4)).ok());
  EXPECT_THAT(std::string(table.admit(job(4, 11, 1)).message()),
              HasSubstr("belong to job 00000001"));
  EXPECT_TRUE(table.remove(1));
  EXPECT_FALSE(table.remove(1));
  EXPECT_TRUE(table.admit(job(4, 11, 1)).ok());
  ASSERT_NE(table.find(4), nullptr);
  EXPECT_EQ(table.find(4)->firstSlot, 11u);
  EXPECT_EQ(table.find(1), nullptr);
}

TEST(JobTable, WhatDoesNotFitIsRefusedWithTheFigure) {
  JobTable table(16, 4);
  EXPECT_THAT(std::string(table.admit(job(0, 0, 1)).message()), HasSubstr("may not be 0"));
  EXPECT_THAT(std::string(table.admit(job(1, 0, 17)).message()), HasSubstr("slots 0 to 17 of 16"));
  EXPECT_THAT(std::string(table.admit(job(1, 17, 1)).message()), HasSubstr("of 16"));
  EXPECT_THAT(std::string(table.admit(job(1, 8, UINT32_MAX)).message()), HasSubstr("of 16"));
  EXPECT_THAT(std::string(table.admit(job(1, 0, 0)).message()), HasSubstr("of 16"));
  EXPECT_THAT(std::string(table.admit(job(1, 0, 1, 5)).message()), HasSubstr("5 workers, 1 to 4"));
  EXPECT_THAT(std::string(table.admit(job(1, 0, 1, 0)).message()), HasSubstr("0 workers"));
  EXPECT_TRUE(table.admit(job(1, 0, 1)).ok());
  EXPECT_THAT(std::string(table.admit(job(1, 2, 1)).message()), HasSubstr("already"));
}

}  // namespace
}  // namespace inccl::switchml
