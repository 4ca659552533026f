// Communicators made with blocking = 0: no call waits, incclCommGetAsyncError says how it went.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

using ::testing::AnyOf;

incclResult_t settle(incclComm_t comm) {
  incclResult_t state = incclInProgress;
  for (int polls = 0; state == incclInProgress && polls < 20000; ++polls) {
    EXPECT_EQ(incclCommGetAsyncError(comm, &state), incclSuccess);
    usleep(1000);
  }
  return state;
}

incclComm_t begin(int ranks, const incclUniqueId& id, int rank, int creationTimeoutMs = 20000) {
  incclConfig_t config = INCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  config.creationTimeoutMs = creationTimeoutMs;
  incclComm_t comm = nullptr;
  EXPECT_EQ(incclCommInitRankConfig(&comm, ranks, id, rank, &config), incclInProgress);
  EXPECT_NE(comm, nullptr);
  return comm;
}

TEST(NonBlocking, CreationAndCallsGoOnByThemselves) {
  onProcesses(3, [](RankProcess& process) {
    const auto id = process.sharedId<incclUniqueId>(newId);
    const incclComm_t comm = begin(process.size(), id, process.rank());
    int count = 0;
    EXPECT_EQ(incclCommCount(comm, &count), incclSuccess);
    EXPECT_EQ(count, 3);
    std::vector<int> data = values<int>(process.rank(), 5000, 1);
    // Calls may come before the creation is over; they keep their order.
    EXPECT_EQ(
        incclAllReduce(data.data(), data.data(), data.size(), incclInt32, incclMax, comm, nullptr),
        incclInProgress);
    EXPECT_EQ(
        incclAllReduce(data.data(), data.data(), data.size(), incclInt32, incclMin, comm, nullptr),
        incclInProgress);
    ASSERT_EQ(settle(comm), incclSuccess);
    for (size_t i = 0; i < data.size(); ++i) {
      int expected = -1000;
      for (int rank = 0; rank < 3; ++rank) expected = std::max(expected, valueOf<int>(rank, i, 1));
      ASSERT_EQ(data[i], expected);
    }
    incclComm_t part = nullptr;
    EXPECT_EQ(incclCommSplit(comm, process.rank() / 2, 0, &part, nullptr), incclInProgress);
    ASSERT_EQ(settle(part), incclSuccess);
    EXPECT_EQ(incclCommFinalize(comm), incclInProgress);
    EXPECT_EQ(settle(comm), incclSuccess);
    EXPECT_EQ(incclCommDestroy(part), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// One thread has both ranks and needs no group, since nothing waits.
TEST(NonBlocking, OneThreadTwoRanks) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    const incclUniqueId id = newId();
    std::array comms{begin(2, id, 0), begin(2, id, 1)};
    for (const incclComm_t comm : comms) ASSERT_EQ(settle(comm), incclSuccess);
    std::array<int, 2> data{3, 4};
    for (size_t rank = 0; rank < 2; ++rank)
      EXPECT_EQ(
          incclAllReduce(&data[rank], &data[rank], 1, incclInt32, incclProd, comms[rank], nullptr),
          incclInProgress);
    for (const incclComm_t comm : comms) ASSERT_EQ(settle(comm), incclSuccess);
    EXPECT_EQ(data, (std::array{12, 12}));
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (size_t rank = 0; rank < 2; ++rank)
      EXPECT_EQ(
          incclAllReduce(&data[rank], &data[rank], 1, incclInt32, incclSum, comms[rank], nullptr),
          incclSuccess);
    EXPECT_EQ(incclGroupEnd(), incclInProgress);
    for (const incclComm_t comm : comms) ASSERT_EQ(settle(comm), incclSuccess);
    EXPECT_EQ(data, (std::array{24, 24}));
    for (const incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// What failed in a group on one communicator is no failure of the others.
TEST(NonBlocking, EachCommunicatorOfAGroupHasItsOwnFailure) {
  onProcesses(1, [](RankProcess&) {
    const std::array comms{begin(1, newId(), 0), begin(1, newId(), 0)};
    for (const incclComm_t comm : comms) ASSERT_EQ(settle(comm), incclSuccess);
    int unheard = 1, sum = 2;
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    EXPECT_EQ(incclSend(&unheard, 1, incclInt32, 0, comms[0], nullptr), incclSuccess);
    EXPECT_EQ(incclAllReduce(&sum, &sum, 1, incclInt32, incclSum, comms[1], nullptr), incclSuccess);
    EXPECT_EQ(incclGroupEnd(), incclInProgress);
    EXPECT_EQ(settle(comms[1]), incclSuccess);
    EXPECT_EQ(settle(comms[0]), incclInvalidUsage);
    for (const incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(NonBlocking, ACreationThatFailsSaysSo) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    const incclUniqueId id = newId();
    const incclComm_t comm = begin(2, id, 0, 300);
    EXPECT_THAT(settle(comm), AnyOf(incclTimeout, incclRemoteError));
    EXPECT_STRNE(incclGetLastError(comm), "");
    uint64_t planId = 0;
    EXPECT_NE(incclCommGetPlanId(comm, "all_reduce", 64, &planId), incclSuccess);
    int value = 0;
    EXPECT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, nullptr),
              incclInProgress);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(NonBlocking, AbortEndsACreation) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    for (const int afterMs : {0, 1, 10, 50}) {
      const incclUniqueId id = newId();
      const incclComm_t comm = begin(2, id, 0);
      usleep(static_cast<useconds_t>(afterMs) * 1000);
      const auto start = std::chrono::steady_clock::now();
      EXPECT_EQ(incclCommAbort(comm), incclSuccess);
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
      EXPECT_EQ(incclCommAbort(comm), incclInvalidArgument);
    }
  });
}

// A group's work holds its communicators; when it was the last to do so, they go in its stream.
TEST(NonBlocking, CommunicatorsMayEndWhileTheirGroupRuns) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    for (int round = 0; round < 60; ++round) {
      const incclUniqueId id = newId();
      std::array<incclComm_t, 3> comms{begin(3, id, 0), begin(3, id, 1), begin(3, id, 2)};
      std::array<int, 3> data{};
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      for (size_t rank = 0; rank < 3; ++rank)
        EXPECT_EQ(
            incclAllReduce(&data[rank], &data[rank], 1, incclInt32, incclSum, comms[rank], nullptr),
            incclSuccess);
      EXPECT_EQ(incclGroupEnd(), incclInProgress);
      if (round % 3 == 0) usleep(static_cast<useconds_t>(round) * 100);
      for (const incclComm_t comm : comms) EXPECT_EQ(incclCommAbort(comm), incclSuccess);
    }
    // Their threads end; nobody waits for ever for another one.
    const auto threads = [] {
      size_t count = 0;
      for ([[maybe_unused]] const auto& thread :
           std::filesystem::directory_iterator("/proc/self/task"))
        ++count;
      return count;
    };
    for (int polls = 0; threads() > 4 && polls < 5000; ++polls) usleep(1000);
    EXPECT_LE(threads(), 4u);
  });
}

TEST(NonBlocking, WordsThatNobodyKnowsAreAnArgumentError) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    setenv("INCCL_ALGO", "bogus", 1);
    incclConfig_t config = INCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    incclComm_t comm = nullptr;
    EXPECT_EQ(incclCommInitRankConfig(&comm, 1, newId(), 0, &config), incclInvalidArgument);
    unsetenv("INCCL_ALGO");
    EXPECT_EQ(comm, nullptr);
  });
}

TEST(NonBlocking, OtherValuesOfBlockingAreRefused) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    incclConfig_t config = INCCL_CONFIG_INITIALIZER;
    config.blocking = 2;
    incclComm_t comm = nullptr;
    EXPECT_EQ(incclCommInitRankConfig(&comm, 1, newId(), 0, &config), incclInvalidArgument);
  });
}

}  // namespace
}  // namespace inccl::test
