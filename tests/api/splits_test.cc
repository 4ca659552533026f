// incclCommSplit, incclCommFinalize, incclCommRegister.
#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;

void expectSum(incclComm_t comm, int mine, int expected) {
  int sum = 0;
  ASSERT_EQ(incclAllReduce(&mine, &sum, 1, incclInt32, incclSum, comm, nullptr), incclSuccess)
      << incclGetLastError(comm);
  EXPECT_EQ(sum, expected);
}

int rankOf(incclComm_t comm) {
  int rank = -1;
  EXPECT_EQ(incclCommUserRank(comm, &rank), incclSuccess);
  return rank;
}
int sizeOf(incclComm_t comm) {
  int count = -1;
  EXPECT_EQ(incclCommCount(comm, &count), incclSuccess);
  return count;
}

class Splits : public testing::TestWithParam<const char*> {};

TEST_P(Splits, ByColorInTheOrderOfKeys) {
  onProcesses(5, [](RankProcess& process) {
    const incclComm_t comm = join(process, GetParam());
    ASSERT_NE(comm, nullptr);
    const int rank = process.rank();
    incclComm_t part = nullptr;
    // Even ranks 0 2 4 with keys 0 -2 -4, odd ranks 1 3 with equal keys.
    ASSERT_EQ(incclCommSplit(comm, rank % 2, rank % 2 == 0 ? -rank : 7, &part, nullptr),
              incclSuccess)
        << incclGetLastError(nullptr);
    ASSERT_NE(part, nullptr);
    EXPECT_EQ(sizeOf(part), rank % 2 == 0 ? 3 : 2);
    EXPECT_EQ(rankOf(part), rank % 2 == 0 ? 2 - rank / 2 : rank / 2);
    expectSum(part, rank, rank % 2 == 0 ? 6 : 4);
    // Parts and parent work beside each other, and parts split again.
    expectSum(comm, 1, 5);
    incclComm_t alone = nullptr;
    ASSERT_EQ(incclCommSplit(part, rankOf(part), 0, &alone, nullptr), incclSuccess);
    EXPECT_EQ(sizeOf(alone), 1);
    expectSum(alone, 41, 41);
    EXPECT_EQ(incclCommDestroy(alone), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    expectSum(part, 1, sizeOf(part));
    EXPECT_EQ(incclCommDestroy(part), incclSuccess);
  });
}

TEST_P(Splits, NoColorMeansNoCommunicator) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, GetParam());
    ASSERT_NE(comm, nullptr);
    auto part = reinterpret_cast<incclComm_t>(&process);
    const int color = process.rank() == 1 ? INCCL_SPLIT_NOCOLOR : 3;
    ASSERT_EQ(incclCommSplit(comm, color, 0, &part, nullptr), incclSuccess);
    if (process.rank() == 1) {
      EXPECT_EQ(part, nullptr);
    } else {
      expectSum(part, 1, 2);
      EXPECT_EQ(incclCommDestroy(part), incclSuccess);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Splits, testing::Values("shm", "tcp"));

// One thread has all ranks: inside a group they are split together.
TEST(SplitsInGroups, OneThreadSplitsAllItsRanks) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    constexpr int kRanks = 4;
    std::array<incclComm_t, kRanks> comms{}, halves{}, again{};
    ASSERT_EQ(incclCommInitAll(comms.data(), kRanks, nullptr), incclSuccess);
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (int rank = 0; rank < kRanks; ++rank) {
      ASSERT_EQ(incclCommSplit(comms[rank], rank / 2, rank, &halves[rank], nullptr), incclSuccess);
      // Two splits of one parent in one group come in this order everywhere.
      ASSERT_EQ(incclCommSplit(comms[rank], 0, -rank, &again[rank], nullptr), incclSuccess);
    }
    ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
    std::array<int, kRanks> data{};
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (int rank = 0; rank < kRanks; ++rank) {
      EXPECT_EQ(rankOf(again[rank]), kRanks - 1 - rank);
      data[rank] = rank;
      ASSERT_EQ(
          incclAllReduce(&data[rank], &data[rank], 1, incclInt32, incclSum, halves[rank], nullptr),
          incclSuccess);
    }
    ASSERT_EQ(incclGroupEnd(), incclSuccess);
    EXPECT_EQ(data, (std::array{1, 1, 5, 5}));
    for (const auto& group : {halves, again, comms}) {
      for (const incclComm_t comm : group) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    }
  });
}

TEST(SplitsRefused, WrongArguments) {
  onProcesses(1, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    incclComm_t part = nullptr;
    EXPECT_EQ(incclCommSplit(comm, -7, 0, &part, nullptr), incclInvalidArgument);
    EXPECT_EQ(incclCommSplit(comm, 0, 0, nullptr, nullptr), incclInvalidArgument);
    EXPECT_EQ(incclCommSplit(nullptr, 0, 0, &part, nullptr), incclInvalidArgument);
    EXPECT_EQ(part, nullptr);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(SplitsRefused, TheParentMayNotEndBeforeItsGroup) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    incclComm_t part = nullptr;
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclCommSplit(comm, 0, 0, &part, nullptr), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclInvalidUsage);
    EXPECT_EQ(incclCommFinalize(comm), incclInvalidUsage);
    ASSERT_EQ(incclGroupEnd(), incclSuccess);
    expectSum(part, 1, 2);
    EXPECT_EQ(incclCommDestroy(part), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// Who gave up waiting has heard less than the others: the parent is over for all.
TEST(SplitsRefused, ASplitThatTimesOutSticks) {
  onProcesses(2, [](RankProcess& process) {
    setenv("INCCL_CREATION_TIMEOUT", "1", 1);
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    if (process.rank() == 0) {
      incclComm_t part = nullptr;
      EXPECT_NE(incclCommSplit(comm, 0, 0, &part, nullptr), incclSuccess);
      EXPECT_THAT(incclGetLastError(comm), HasSubstr("rank 0 in incclCommSplit"));
    }
    incclResult_t state = incclSuccess;
    for (int polls = 0; state == incclSuccess && polls < 5000; ++polls) {
      usleep(1000);
      EXPECT_EQ(incclCommGetAsyncError(comm, &state), incclSuccess);
    }
    EXPECT_NE(state, incclSuccess);
    EXPECT_EQ(incclCommAbort(comm), incclSuccess);
  });
}

// A rank that never splits: the others give up at the creation's deadline, or when it leaves.
TEST(SplitsRefused, ARankThatLeavesInstead) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    if (process.rank() != 2) {
      incclComm_t part = nullptr;
      EXPECT_NE(incclCommSplit(comm, 0, 0, &part, nullptr), incclSuccess);
      EXPECT_EQ(part, nullptr);
    }
    EXPECT_EQ(incclCommAbort(comm), incclSuccess);
  });
}

TEST(Finalize, TakesNoCallsAfterwards) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    expectSum(comm, 1, 3);
    EXPECT_EQ(incclCommFinalize(comm), incclSuccess);
    int value = 0;
    EXPECT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, nullptr),
              incclInvalidUsage);
    EXPECT_THAT(incclGetLastError(comm), HasSubstr("finalized"));
    incclResult_t state = incclInternalError;
    EXPECT_EQ(incclCommGetAsyncError(comm, &state), incclSuccess);
    EXPECT_EQ(state, incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    EXPECT_EQ(incclCommFinalize(comm), incclInvalidArgument);
  });
}

TEST(Register, NumbersAreChecked) {
  onProcesses(1, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    int value = 0;
    void* handle = nullptr;
    ASSERT_EQ(incclCommRegister(comm, &value, sizeof value, &handle), incclSuccess);
    EXPECT_NE(handle, nullptr);
    EXPECT_EQ(incclCommDeregister(comm, handle), incclSuccess);
    EXPECT_EQ(incclCommDeregister(comm, handle), incclInvalidArgument);
    EXPECT_EQ(incclCommDeregister(comm, nullptr), incclInvalidArgument);
    EXPECT_EQ(incclCommRegister(comm, nullptr, 4, &handle), incclInvalidArgument);
    EXPECT_EQ(incclCommRegister(comm, &value, 0, &handle), incclInvalidArgument);
    EXPECT_EQ(incclCommRegister(comm, &value, 4, nullptr), incclInvalidArgument);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
