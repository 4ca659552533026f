// Which ranks share cores, by affinity and by quota, and the reading of recorded machines.
#include "os/cpu_budget.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace inccl::os {
namespace {

CpuBudget onCores(std::vector<uint16_t> cores) { return {std::move(cores), 0, 0}; }
CpuBudget withQuota(uint32_t milliCores, uint64_t group) {
  return {{0, 1, 2, 3}, milliCores, group};
}

TEST(CpuBudget, RanksBoundToACoreEachShareNothing) {
  EXPECT_FALSE(sharesCores({onCores({0}), onCores({1})}));
  EXPECT_TRUE(sharesCores({onCores({0}), onCores({0})}));
}

TEST(CpuBudget, RanksMoveToMakeRoom) {
  // Greedily rank 0 would take core 0, which is the only one of rank 2.
  EXPECT_FALSE(sharesCores({onCores({0, 1}), onCores({1, 2}), onCores({0})}));
  EXPECT_TRUE(sharesCores({onCores({0, 1}), onCores({0, 1}), onCores({0, 1}), onCores({2, 3})}));
}

TEST(CpuBudget, AQuotaIsSharedByTheRanksOfItsCgroup) {
  EXPECT_TRUE(sharesCores({withQuota(1500, 7), withQuota(1500, 7)}));
  EXPECT_FALSE(sharesCores({withQuota(2000, 7), withQuota(2000, 7)}));
  EXPECT_FALSE(sharesCores({withQuota(1000, 7), withQuota(1000, 8)}));
  EXPECT_TRUE(sharesCores({withQuota(900, 7)}));
}

TEST(CpuBudget, UnknownCoresAreNoReasonToYield) {
  EXPECT_FALSE(sharesCores({onCores({}), onCores({})}));
  EXPECT_FALSE(sharesCores({}));
}

TEST(CpuBudget, TellsTheThreadsOwnAffinity) {
  const CpuBudget whole = cpuBudget();
  ASSERT_FALSE(whole.cores.empty());
  CpuBudget bound;
  std::thread([&] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(whole.cores.back(), &mask);
    ASSERT_EQ(::sched_setaffinity(0, sizeof mask, &mask), 0);
    bound = cpuBudget();
  }).join();
  EXPECT_EQ(bound.cores, std::vector<uint16_t>{whole.cores.back()});
}

class RecordedMachine : public testing::Test {
 protected:
  RecordedMachine() : root_(testing::TempDir() + "inccl-cpu-" + std::to_string(::getpid())) {}
  ~RecordedMachine() override { std::filesystem::remove_all(root_); }
  void file(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(RecordedMachine, WhatIsNoNumberIsNoQuota) {
  file("/proc/self/cgroup", "0::/pod\n");
  for (const char* text : {"nan nan\n", "inf inf\n", "100000 nan\n", "-1 100000\n", "1 0\n", ""}) {
    file("/sys/fs/cgroup/pod/cpu.max", text);
    EXPECT_EQ(cpuBudget(root_).quotaMilliCores, 0u) << text;
  }
}

TEST_F(RecordedMachine, TheTightestQuotaOnTheWayToTheRootCounts) {
  file("/proc/self/cgroup", "0::/pod/container\n");
  file("/sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  file("/sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  file("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  const CpuBudget budget = cpuBudget(root_);
  EXPECT_EQ(budget.quotaMilliCores, 1500u);
  file("/proc/self/cgroup", "0::/pod\n");
  EXPECT_EQ(cpuBudget(root_).quotaGroup, budget.quotaGroup) << "the pod's, wherever we are in it";
}

TEST_F(RecordedMachine, ReadsVersionOneOfCgroups) {
  file("/proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/x\n");
  file("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "50000\n");
  file("/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpuBudget(root_).quotaMilliCores, 500u);
}

TEST_F(RecordedMachine, NonsenseIsNoQuota) {
  file("/proc/self/cgroup", "nonsense\n0::\n");
  file("/sys/fs/cgroup/cpu.max", "-5 garbage\n");
  EXPECT_EQ(cpuBudget(root_).quotaMilliCores, 0u);
  EXPECT_EQ(cpuBudget(root_ + "/absent").quotaMilliCores, 0u);
}

}  // namespace
}  // namespace inccl::os
