// Calls whose sums are a switch's, between real processes: right, whatever the network does, and
// without the switch where it cannot be used.
#include <gmock/gmock.h>

#include "api/forked_switch.h"
#include "api/rank_world.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;

void expectSum(const std::vector<int>& data, int ranks, uint32_t round) {
  for (size_t i = 0; i < data.size(); ++i) {
    int sum = 0;
    for (int from = 0; from < ranks; ++from) sum += valueOf<int>(from, i, round);
    ASSERT_EQ(data[i], sum) << i << " of " << data.size();
  }
}

void sumOnce(incclComm_t comm, const RankProcess& process, size_t count, uint32_t round) {
  auto data = values<int>(process.rank(), count, round);
  ASSERT_EQ(incclAllReduce(data.data(), data.data(), count, incclInt32, incclSum, comm, nullptr),
            incclSuccess)
      << incclGetLastError(comm);
  expectSum(data, process.size(), round);
}

// Plan ids tell whether the switch is taken: without one the call has the host's.
void everyCollective(RankProcess& process) {
  const incclComm_t comm = join(process, "tcp");
  ASSERT_NE(comm, nullptr);
  const int ranks = process.size(), rank = process.rank();
  const auto n = static_cast<size_t>(ranks);
  uint32_t round = 0;
  for (const size_t count : {0, 1, 255, 256, 257, 5000}) {
    sumOnce(comm, process, count, ++round);
    // All-gather and reduce-scatter are each other's reverse.
    auto mine = values<int>(rank, count, ++round);
    std::vector<int> all(n * count, -1), back(count, -1);
    ASSERT_EQ(incclAllGather(mine.data(), all.data(), count, incclInt32, comm, nullptr),
              incclSuccess);
    for (size_t i = 0; i < all.size(); ++i)
      ASSERT_EQ(all[i], valueOf<int>(static_cast<int>(i / count), i % count, round));
    ASSERT_EQ(
        incclReduceScatter(all.data(), back.data(), count, incclInt32, incclSum, comm, nullptr),
        incclSuccess);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(back[i], ranks * mine[i]);
    const int root = ranks - 1;
    std::vector<double> told(count, rank == root ? 2.5 : 0);
    ASSERT_EQ(incclBroadcast(told.data(), told.data(), count, incclFloat64, root, comm, nullptr),
              incclSuccess);
    ASSERT_EQ(told, std::vector<double>(count, 2.5));
    auto least = values<int>(rank, count, ++round);
    ASSERT_EQ(
        incclReduce(least.data(), least.data(), count, incclInt32, incclAvg, root, comm, nullptr),
        incclSuccess);
    // What is no 32-bit integer takes a schedule of hosts beside.
    std::vector<float> floats(count, 1.5f);
    ASSERT_EQ(
        incclAllReduce(floats.data(), floats.data(), count, incclFloat32, incclSum, comm, nullptr),
        incclSuccess);
    ASSERT_EQ(floats, std::vector<float>(count, 1.5f * static_cast<float>(ranks)));
    ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess);
  }
  EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

TEST(InNetwork, EveryCollectiveIsRight) {
  for (const int ranks : {2, 3, 5}) {
    const ForkedSwitch theSwitch;
    ::setenv("INCCL_ALGO", "ina", 1);
    onProcesses(ranks, everyCollective);
    EXPECT_GT(theSwitch.counted("completions"), 60u);
  }
}

TEST(InNetwork, LostRepeatedAndReorderedPacketsChangeNothing) {
  emulator::ServerOptions options;
  options.faults = {.loss = 0.02, .duplication = 0.05, .reordering = 0.1};
  const ForkedSwitch theSwitch(options);
  ::setenv("INCCL_ALGO", "ina", 1);
  onProcesses(3, everyCollective);
  EXPECT_GT(theSwitch.counted("completions"), 60u);
}

TEST(InNetwork, TheFirstProfileDoesTheSame) {
  emulator::ServerOptions options;
  options.profile = pipeline::Profile::tofino();
  options.shape = {64, 252, 8};
  const ForkedSwitch theSwitch(options);
  ::setenv("INCCL_ALGO", "ina", 1);
  onProcesses(2, everyCollective);
  EXPECT_GT(theSwitch.counted("completions"), 60u);
}

TEST(InNetwork, FloatsAreSummedWhereTheUserSaysSo) {
  for (const bool wanted : {false, true}) {
    const ForkedSwitch theSwitch;
    ::setenv("INCCL_ALGO", "ina", 1);
    if (wanted) ::setenv("INCCL_INA_FLOATS", "1", 1);
    onProcesses(3, [](RankProcess& process) {
      const incclComm_t comm = join(process, "tcp");
      for (const size_t count : {1, 300, 10000}) {
        auto data = values<float>(process.rank(), count, 9);
        ASSERT_EQ(
            incclAllReduce(data.data(), data.data(), count, incclFloat32, incclSum, comm, nullptr),
            incclSuccess)
            << incclGetLastError(comm);
        for (size_t i = 0; i < count; ++i) {
          float sum = 0;
          for (int from = 0; from < process.size(); ++from) sum += valueOf<float>(from, i, 9);
          ASSERT_EQ(data[i], sum);  // small integers are exact in fixed point too
        }
        data = values<float>(process.rank(), count, 9);
        ASSERT_EQ(
            incclReduce(data.data(), data.data(), count, incclFloat32, incclAvg, 1, comm, nullptr),
            incclSuccess);
      }
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
    EXPECT_EQ(theSwitch.counted("completions") > 0, wanted);
    ::unsetenv("INCCL_INA_FLOATS");
  }
}

// One call says for itself whether a switch may sum it, floats rounded or not at all.
TEST(InNetwork, ACallMaySayForItself) {
  const ForkedSwitch theSwitch;
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    for (const int64_t wish : {0, 1}) {
      const incclCollOption_t option{nullptr, {INCCL_VENDOR_ID, incclOptionInNetwork}, {wish}};
      incclCollConfig_t config = INCCL_COLL_CONFIG_INITIALIZER;
      config.ext = &option;
      std::vector<float> floats(1000, 0.5f);
      ASSERT_EQ(incclAllReduceConfig(floats.data(), floats.data(), floats.size(), incclFloat32,
                                     incclSum, comm, nullptr, &config),
                incclSuccess)
          << incclGetLastError(comm);
      EXPECT_EQ(floats, std::vector<float>(1000, 1.0f));
      process.meetAll();
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  EXPECT_GT(theSwitch.counted("completions"), 0u);
}

TEST(InNetwork, ACallThatWantsNoSwitchHasNone) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    const incclCollOption_t option{nullptr, {INCCL_VENDOR_ID, incclOptionInNetwork}, {0}};
    incclCollConfig_t config = INCCL_COLL_CONFIG_INITIALIZER;
    config.ext = &option;
    std::vector<int> data(1000, 1);
    ASSERT_EQ(incclAllReduceConfig(data.data(), data.data(), data.size(), incclInt32, incclSum,
                                   comm, nullptr, &config),
              incclSuccess);
    EXPECT_EQ(data, std::vector<int>(1000, 2));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  EXPECT_EQ(theSwitch.counted("completions"), 0u);
}

// Groups, streams and several communicators at one switch.
TEST(InNetwork, EverythingAboveTheCallWorks) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "allreduce:ina", 1);
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    incclComm_t half = nullptr;
    ASSERT_EQ(incclCommSplit(comm, 0, process.rank(), &half, nullptr), incclSuccess);
    incclStream_t stream = nullptr;
    ASSERT_EQ(incclStreamCreate(&stream), incclSuccess);
    auto a = values<int>(process.rank(), 3000, 1), b = values<int>(process.rank(), 5, 2),
         c = values<int>(process.rank(), 6, 3), d = values<int>(process.rank(), 7000, 4);
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (auto* data : {&a, &b, &c})
      ASSERT_EQ(incclAllReduce(data->data(), data->data(), data->size(), incclInt32, incclSum, comm,
                               nullptr),
                incclSuccess);
    ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
    ASSERT_EQ(incclAllReduce(d.data(), d.data(), d.size(), incclInt32, incclSum, half, stream),
              incclSuccess);
    ASSERT_EQ(incclStreamSynchronize(stream), incclSuccess);
    expectSum(a, 2, 1), expectSum(b, 2, 2), expectSum(c, 2, 3), expectSum(d, 2, 4);
    EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    EXPECT_EQ(incclCommDestroy(half), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  EXPECT_GT(theSwitch.counted("completions"), 30u);
}

// Calls of one group are made before the first of them runs.
TEST(InNetwork, FloatsInAGroupDoNotShareTheirRoom) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  ::setenv("INCCL_INA_FLOATS", "1", 1);
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    std::vector<std::vector<float>> all;
    for (const size_t count : {90000, 5000, 200, 40000})
      all.push_back(values<float>(process.rank(), count, static_cast<uint32_t>(count)));
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (auto& data : all)
      ASSERT_EQ(incclAllReduce(data.data(), data.data(), data.size(), incclFloat, incclSum, comm,
                               nullptr),
                incclSuccess);
    ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
    for (const auto& data : all) {
      for (size_t i = 0; i < data.size(); ++i) {
        float sum = 0;
        for (int from = 0; from < 3; ++from)
          sum += valueOf<float>(from, i, static_cast<uint32_t>(data.size()));
        ASSERT_EQ(data[i], sum) << i << " of " << data.size();
      }
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  ::unsetenv("INCCL_INA_FLOATS");
}

TEST(InNetwork, DifferentCallsAreAnErrorOnAllRanks) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    sumOnce(comm, process, 100, 1);
    std::vector<int> data(1000, 1);
    const size_t count = process.rank() == 1 ? 900 : 1000;
    const auto result =
        incclAllReduce(data.data(), data.data(), count, incclInt32, incclSum, comm, nullptr);
    EXPECT_EQ(result, incclInvalidUsage);
    EXPECT_THAT(incclGetLastError(comm), HasSubstr("count 900"));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(InNetwork, ASwitchThatIsNotThereOrDoesNotKnowUsCostsAWarning) {
  {
    const ForkedSwitch theSwitch;
    ::setenv("INCCL_INA_TOKEN", "another", 1);
    onProcesses(2, everyCollective);
  }
  ::setenv("INCCL_INA", "127.0.0.1:1", 1);
  onProcesses(2, everyCollective);
  ::unsetenv("INCCL_INA");
}

TEST(InNetwork, OneRankAloneHasItsOwnSum) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  onProcesses(1, everyCollective);
}

TEST(InNetwork, ASwitchThatSomeRanksDoNotWantIsNotUsed) {
  const ForkedSwitch theSwitch;
  onProcesses(3, [](RankProcess& process) {
    if (process.rank() == 1) ::unsetenv("INCCL_INA");
    const incclComm_t comm = join(process, "tcp");
    sumOnce(comm, process, 1000, 1);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  EXPECT_EQ(theSwitch.counted("received"), 0u);
}

// Who has all results may leave while others still ask for theirs: the switch has them.
TEST(InNetwork, ARankMayLeaveWhileAnotherMissesItsLastResult) {
  emulator::ServerOptions options;
  options.faults = {.loss = 0.3};
  const ForkedSwitch theSwitch(options);
  ::setenv("INCCL_ALGO", "ina", 1);
  for (int round = 0; round < 5; ++round) {
    onProcesses(3, [](RankProcess& process) {
      const incclComm_t comm = join(process, "tcp");
      sumOnce(comm, process, 1, 1);
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    });
  }
}

// A rank that is killed is an error on the others, not a wait.
TEST(InNetwork, ARankThatDiesIsAnErrorOnTheOthers) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  const auto ends = runProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    sumOnce(comm, process, 100, 1);
    process.meetAll();
    if (process.rank() == 1) ::raise(SIGKILL);
    std::vector<int> data(100000, 1);
    const Nanos start = nowNs();
    EXPECT_NE(
        incclAllReduce(data.data(), data.data(), data.size(), incclInt32, incclSum, comm, nullptr),
        incclSuccess);
    EXPECT_LT(nowNs() - start, 15 * kSecond);
    EXPECT_THAT(incclGetLastError(comm), HasSubstr("rank 1"));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  for (const size_t rank : {0, 2}) EXPECT_TRUE(ends[rank].clean()) << rank;
}

// Its farewell ends the wait, long before the time-out.
TEST(InNetwork, ARankThatLeftIsNotWaitedFor) {
  const ForkedSwitch theSwitch;
  ::setenv("INCCL_ALGO", "ina", 1);
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    sumOnce(comm, process, 100, 1);
    if (process.rank() != 1) {
      std::vector<int> data(1000, 1);
      const Nanos start = nowNs();
      EXPECT_EQ(incclAllReduce(data.data(), data.data(), data.size(), incclInt32, incclSum, comm,
                               nullptr),
                incclRemoteError);
      EXPECT_LT(nowNs() - start, 10 * kSecond);
      EXPECT_THAT(incclGetLastError(comm), HasSubstr("left"));
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
