// Ranks as threads: one communicator per thread, one thread with all communicators in groups, and
// two threads on one communicator.
#include <thread>

#include "api/rank_world.h"
#include "support/run_ranks.h"

namespace inccl::test {
namespace {

class InitAll : public testing::TestWithParam<std::tuple<int, const char*>> {
 protected:
  void SetUp() override {
    ::setenv("INCCL_TRANSPORT", std::get<1>(GetParam()), 1);
    comms_.resize(static_cast<size_t>(ranks()));
    ASSERT_EQ(incclCommInitAll(comms_.data(), ranks(), nullptr), incclSuccess)
        << incclGetLastError(nullptr);
  }
  void TearDown() override {
    for (incclComm_t comm : comms_) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    ::unsetenv("INCCL_TRANSPORT");
  }
  static int ranks() { return std::get<0>(GetParam()); }
  std::vector<incclComm_t> comms_;
};

TEST_P(InitAll, EveryThreadItsCommunicator) {
  runRanks(ranks(), [this](int rank) {
    incclComm_t comm = comms_[static_cast<size_t>(rank)];
    int number = -1, count = -1;
    ASSERT_EQ(incclCommUserRank(comm, &number), incclSuccess);
    ASSERT_EQ(incclCommCount(comm, &count), incclSuccess);
    ASSERT_EQ(number, rank);
    ASSERT_EQ(count, ranks());
    for (const size_t elements : {1, 10, 600, 3000, 20000}) {
      const auto input = values<int32_t>(rank, elements, 1);
      std::vector<int32_t> output(elements);
      ASSERT_EQ(incclAllReduce(input.data(), output.data(), elements, incclInt32, incclSum, comm,
                               nullptr),
                incclSuccess)
          << incclGetLastError(comm);
      for (size_t i = 0; i < elements; ++i) {
        int32_t sum = 0;
        for (int from = 0; from < ranks(); ++from) sum += valueOf<int32_t>(from, i, 1);
        ASSERT_EQ(output[i], sum);
      }
    }
  });
}

TEST_P(InitAll, OneThreadDrivesAllInGroups) {
  const auto n = static_cast<size_t>(ranks());
  for (const size_t elements : {1, 600, 50000}) {
    std::vector<std::vector<double>> inputs, outputs(n, std::vector<double>(elements)),
        copies(n, std::vector<double>(elements));
    for (size_t rank = 0; rank < n; ++rank)
      inputs.push_back(values<double>(static_cast<int>(rank), elements, 2));
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    for (size_t rank = 0; rank < n; ++rank) {
      ASSERT_EQ(incclAllReduce(inputs[rank].data(), outputs[rank].data(), elements, incclDouble,
                               incclSum, comms_[rank], nullptr),
                incclSuccess);
      ASSERT_EQ(incclBroadcast(inputs[rank].data(), copies[rank].data(), elements, incclDouble,
                               ranks() - 1, comms_[rank], nullptr),
                incclSuccess);
    }
    ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
    for (size_t rank = 0; rank < n; ++rank) {
      EXPECT_EQ(outputs[rank], outputs[0]);
      EXPECT_EQ(copies[rank], inputs[n - 1]);
    }
    double sum = 0;
    for (size_t rank = 0; rank < n; ++rank) sum += inputs[rank][0];
    EXPECT_EQ(outputs[0][0], sum);
  }
}

TEST_P(InitAll, OneThreadSendsAroundTheRing) {
  const auto n = static_cast<size_t>(ranks());
  if (n == 1) GTEST_SKIP() << "a ring needs two ranks";
  constexpr size_t kElements = 100000;  // more than the slots hold: both directions must move
  std::vector<std::vector<int64_t>> sent, got(n, std::vector<int64_t>(kElements));
  for (size_t rank = 0; rank < n; ++rank)
    sent.push_back(values<int64_t>(static_cast<int>(rank), kElements, 3));
  ASSERT_EQ(incclGroupStart(), incclSuccess);
  for (size_t rank = 0; rank < n; ++rank) {
    const auto next = static_cast<int>((rank + 1) % n),
               previous = static_cast<int>((rank + n - 1) % n);
    ASSERT_EQ(incclRecv(got[rank].data(), kElements, incclInt64, previous, comms_[rank], nullptr),
              incclSuccess);
    ASSERT_EQ(incclSend(sent[rank].data(), kElements, incclInt64, next, comms_[rank], nullptr),
              incclSuccess);
  }
  ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
  for (size_t rank = 0; rank < n; ++rank) EXPECT_EQ(got[rank], sent[(rank + n - 1) % n]);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, InitAll,
                         testing::Combine(testing::Values(1, 2, 3, 5),
                                          testing::Values("auto", "shm", "tcp")));

TEST(Threads, TwoThreadsOnOneCommunicatorTakeTurns) {
  incclComm_t comms[2];
  ASSERT_EQ(incclCommInitAll(comms, 2, nullptr), incclSuccess) << incclGetLastError(nullptr);
  // Barriers are alike, so any order of the two threads' calls matches.
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([comm = comms[thread % 2]] {
      for (int i = 0; i < 500; ++i)
        ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess) << incclGetLastError(comm);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
}

}  // namespace
}  // namespace inccl::test
