// The …Config twins: algorithms and time limits of one call. And receives from any source.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <set>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;

incclCollConfig_t selecting(const char* algorithms, int force = INCCL_CONFIG_UNDEF_INT) {
  incclCollConfig_t config = INCCL_COLL_CONFIG_INITIALIZER;
  config.algSelection = algorithms;
  config.forceAlgSelection = force;
  return config;
}

TEST(CallConfig, EveryTwinDoesWhatItsCollectiveDoes) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    const int n = process.size(), rank = process.rank();
    for (const char* const words : {static_cast<const char*>(nullptr), "direct,ring", "^half"}) {
      const incclCollConfig_t config = selecting(words);
      std::vector<int> one{rank + 1}, all(3), block{10 * rank, 10 * rank + 1, 10 * rank + 2};
      ASSERT_EQ(incclAllReduceConfig(one.data(), all.data(), 1, incclInt32, incclSum, comm, nullptr,
                                     &config),
                incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(all[0], 6);
      ASSERT_EQ(incclReduceConfig(one.data(), all.data(), 1, incclInt32, incclProd, 0, comm,
                                  nullptr, &config),
                incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(all[0], 6);
      all[0] = rank;
      ASSERT_EQ(
          incclBroadcastConfig(all.data(), all.data(), 1, incclInt32, 2, comm, nullptr, &config),
          incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(all[0], 2);
      ASSERT_EQ(incclAllGatherConfig(one.data(), all.data(), 1, incclInt32, comm, nullptr, &config),
                incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(all, (std::vector{1, 2, 3}));
      ASSERT_EQ(incclReduceScatterConfig(block.data(), all.data(), 1, incclInt32, incclSum, comm,
                                         nullptr, &config),
                incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(all[0], 30 + 3 * rank);
      ASSERT_EQ(
          incclAlltoAllConfig(block.data(), all.data(), 1, incclInt32, comm, nullptr, &config),
          incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(all, (std::vector{rank, 10 + rank, 20 + rank}));
      ASSERT_EQ(
          incclGatherConfig(one.data(), all.data(), 1, incclInt32, n - 1, comm, nullptr, nullptr),
          incclSuccess);
      ASSERT_EQ(
          incclScatterConfig(block.data(), all.data(), 1, incclInt32, 1, comm, nullptr, nullptr),
          incclSuccess);
      EXPECT_EQ(all[0], 10 + rank);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(CallConfig, BadSettingsAreRefused) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "shm");
    ASSERT_NE(comm, nullptr);
    int value = 1;
    const auto call = [&](const incclCollConfig_t& config) {
      return incclAllReduceConfig(&value, &value, 1, incclInt32, incclSum, comm, nullptr, &config);
    };
    EXPECT_EQ(call(selecting("rign")), incclInvalidArgument);
    EXPECT_THAT(incclGetLastError(comm), HasSubstr("'rign' is unknown; known are"));
    EXPECT_EQ(call(selecting("pairwise")), incclInvalidArgument);  // no all-reduce
    EXPECT_EQ(call(selecting("ring", 7)), incclInvalidArgument);
    EXPECT_EQ(call(selecting("ring,flat")), incclInvalidArgument);  // flat runs no ring
    incclCollConfig_t config = selecting(nullptr);
    config.magic = 0;
    EXPECT_EQ(call(config), incclInvalidArgument);
    config = selecting(nullptr);
    config.size = 8;
    EXPECT_EQ(call(config), incclInvalidArgument);
    incclCollOption_t option{nullptr, {INCCL_VENDOR_ID, 99}, {0}};
    config = selecting(nullptr);
    config.ext = &option;
    EXPECT_EQ(call(config), incclInvalidArgument);
    option = {&option, {1, 99}, {0}};
    EXPECT_EQ(call(config), incclInvalidArgument);  // a list without end
    option = {nullptr, {INCCL_VENDOR_ID, incclOptionTimeLimitMs}, {-5}};
    EXPECT_EQ(call(config), incclInvalidArgument);
    option = {nullptr, {INCCL_VENDOR_ID, incclOptionTimeLimitMs}, {INT64_MAX}};
    EXPECT_EQ(call(config), incclInvalidArgument);
    // Other vendors' options do not concern us; what cannot be had need not be.
    option = {nullptr, {1, 99}, {0}};
    EXPECT_EQ(call(config), incclSuccess);
    EXPECT_EQ(call(selecting("pairwise", 0)), incclSuccess);
    EXPECT_EQ(value, 4);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(CallConfig, RanksThatSelectDifferentlyFail) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "shm", 5000);
    ASSERT_NE(comm, nullptr);
    int value = 1;
    const incclCollConfig_t config = selecting(process.rank() == 0 ? "direct" : "^ring");
    EXPECT_NE(incclAllReduceConfig(&value, &value, 1, incclInt32, incclSum, comm, nullptr, &config),
              incclSuccess);
    EXPECT_EQ(incclCommAbort(comm), incclSuccess);
  });
}

TEST(CallConfig, ATimeLimitIsThatOfOneCall) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    if (process.rank() == 0) {
      const incclCollOption_t option{nullptr, {INCCL_VENDOR_ID, incclOptionTimeLimitMs}, {200}};
      incclCollConfig_t config = selecting(nullptr);
      config.ext = &option;
      int value = 1;
      EXPECT_EQ(
          incclAllReduceConfig(&value, &value, 1, incclInt32, incclSum, comm, nullptr, &config),
          incclTimeout);
      EXPECT_THAT(incclGetLastError(comm), HasSubstr("waited 0.2 s"));
    } else {
      incclResult_t state = incclSuccess;
      for (int polls = 0; state == incclSuccess && polls < 2000; ++polls) {
        usleep(1000);
        EXPECT_EQ(incclCommGetAsyncError(comm, &state), incclSuccess);
      }
      EXPECT_EQ(state, incclTimeout);
    }
    EXPECT_EQ(incclCommAbort(comm), incclSuccess);
  });
}

// What goes together in a group follows from what ranks agree on; a time limit is each one's own.
TEST(CallConfig, RanksMayLimitTheTimeOfGroupedCallsDifferently) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "shm", 5000);
    ASSERT_NE(comm, nullptr);
    const incclCollOption_t option{nullptr, {INCCL_VENDOR_ID, incclOptionTimeLimitMs}, {4000}};
    incclCollConfig_t config = selecting(nullptr);
    config.ext = &option;
    const incclCollConfig_t* const mine = process.rank() == 0 ? &config : nullptr;
    std::array<int, 3> data{1, 2, 3};
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (int& value : data)
      ASSERT_EQ(incclAllReduceConfig(&value, &value, 1, incclInt32, incclSum, comm, nullptr, mine),
                incclSuccess);
    EXPECT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
    EXPECT_EQ(data, (std::array{2, 4, 6}));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

class AnySource : public testing::TestWithParam<const char*> {};

// Every rank but one sends to it; it takes what comes, from each its messages in order.
TEST_P(AnySource, TakesWhateverComesFirst) {
  onProcesses(4, [](RankProcess& process) {
    const incclComm_t comm = join(process, GetParam());
    ASSERT_NE(comm, nullptr);
    constexpr int kMessages = 7;
    constexpr size_t kCount = 30000;
    if (process.rank() == 2) {
      std::array<uint32_t, 4> next{};
      std::vector<int> data(kCount);
      for (int message = 0; message < 3 * kMessages; ++message) {
        int source = -1;
        ASSERT_EQ(incclRecvAnySource(data.data(), kCount, incclInt32, &source, comm, nullptr),
                  incclSuccess)
            << incclGetLastError(comm);
        ASSERT_TRUE(source >= 0 && source < 4 && source != 2);
        ASSERT_EQ(data, values<int>(source, kCount, next[static_cast<size_t>(source)]++));
      }
      EXPECT_EQ(next, (std::array<uint32_t, 4>{kMessages, kMessages, 0, kMessages}));
    } else {
      for (uint32_t message = 0; message < kMessages; ++message) {
        const std::vector<int> data = values<int>(process.rank(), kCount, message);
        ASSERT_EQ(incclSend(data.data(), kCount, incclInt32, 2, comm, nullptr), incclSuccess)
            << incclGetLastError(comm);
      }
    }
    ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_P(AnySource, BesideReceivesFromACertainPeerIsRefused) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, GetParam());
    ASSERT_NE(comm, nullptr);
    if (process.rank() == 0) {
      int any = 0, certain = 0, source = -1;
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      ASSERT_EQ(incclRecv(&certain, 1, incclInt32, 1, comm, nullptr), incclSuccess);
      ASSERT_EQ(incclRecvAnySource(&any, 1, incclInt32, &source, comm, nullptr), incclSuccess);
      EXPECT_EQ(incclGroupEnd(), incclInvalidUsage);
      // Nothing has begun: the same messages one after the other.
      ASSERT_EQ(incclRecv(&certain, 1, incclInt32, 1, comm, nullptr), incclSuccess);
      ASSERT_EQ(incclRecvAnySource(&any, 1, incclInt32, &source, comm, nullptr), incclSuccess);
      EXPECT_EQ(certain, 10);
      EXPECT_EQ(any, 10 * source);
    } else {
      const int mine = 10 * process.rank();
      ASSERT_EQ(incclSend(&mine, 1, incclInt32, 0, comm, nullptr), incclSuccess);
    }
    ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_P(AnySource, GivesUpWhenNobodyIsLeft) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, GetParam());
    ASSERT_NE(comm, nullptr);
    if (process.rank() == 0) {
      int value = 0, source = -1;
      EXPECT_EQ(incclRecvAnySource(&value, 1, incclInt32, &source, comm, nullptr),
                incclRemoteError);
      EXPECT_EQ(source, -1);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_P(AnySource, AnotherCountIsAMismatch) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, GetParam());
    ASSERT_NE(comm, nullptr);
    std::array<int, 4> data{};
    int source = -1;
    if (process.rank() == 0) {
      EXPECT_EQ(incclRecvAnySource(data.data(), 4, incclInt32, &source, comm, nullptr),
                incclInvalidUsage);
    } else {
      EXPECT_EQ(incclSend(data.data(), 3, incclInt32, 0, comm, nullptr), incclSuccess);
      usleep(300000);
    }
    EXPECT_EQ(incclCommAbort(comm), incclSuccess);
  });
}

INSTANTIATE_TEST_SUITE_P(Everywhere, AnySource, testing::Values("shm", "tcp"));

TEST(AnySourceRefused, OneRankAndNoPlaceForTheSource) {
  onProcesses(1, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    int value = 0, source = -1;
    EXPECT_EQ(incclRecvAnySource(&value, 1, incclInt32, &source, comm, nullptr), incclInvalidUsage);
    EXPECT_EQ(incclRecvAnySource(&value, 1, incclInt32, nullptr, comm, nullptr),
              incclInvalidArgument);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
