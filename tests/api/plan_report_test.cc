// incclCommGetPlan must name the plan that a call of that length takes, lengths being nccl-tests'.
#include "api/rank_world.h"

namespace inccl::test {
namespace {

std::string planOf(incclComm_t comm, const char* collective, size_t bytes) {
  char text[256] = "";
  EXPECT_EQ(incclCommGetPlan(comm, collective, bytes, text, sizeof text), incclSuccess)
      << incclGetLastError(comm);
  return text;
}

bool isTiny(incclComm_t comm, const char* collective, size_t bytes) {
  return planOf(comm, collective, bytes).find(" tiny ") != std::string::npos;
}

// A cell carries one rank's contribution: up to 256 bytes, or 4096 where ranks share cores (both in
// plan.cc). An all-gather's length is that of all contributions.
TEST(PlanReport, TheLengthOfAnAllGatherIsTheWholeBuffer) {
  constexpr int kRanks = 3;
  onProcesses(kRanks, [](RankProcess& process) {
    const incclComm_t comm = join(process, "shm");
    ASSERT_NE(comm, nullptr);
    const size_t mostOfOne = isTiny(comm, "all_reduce", 4096) ? 4096 : 256;
    EXPECT_TRUE(isTiny(comm, "all_reduce", mostOfOne));
    EXPECT_FALSE(isTiny(comm, "all_reduce", mostOfOne + 1));
    EXPECT_TRUE(isTiny(comm, "all_gather", kRanks * mostOfOne));
    EXPECT_FALSE(isTiny(comm, "all_gather", kRanks * (mostOfOne + 1)));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
