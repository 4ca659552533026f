// Streams: calls return at once, run in order on the stream, and in the order of issue on each
// communicator; failures wait in the stream until somebody asks.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

using ::testing::HasSubstr;

incclStream_t newStream() {
  incclStream_t stream = nullptr;
  EXPECT_EQ(incclStreamCreate(&stream), incclSuccess) << incclGetLastError(nullptr);
  return stream;
}

int sumOf(int ranks, size_t index, uint32_t round) {
  int sum = 0;
  for (int rank = 0; rank < ranks; ++rank) sum += valueOf<int>(rank, index, round);
  return sum;
}

void expectSums(const std::vector<int>& data, int ranks, uint32_t round) {
  for (size_t i = 0; i < data.size(); ++i) ASSERT_EQ(data[i], sumOf(ranks, i, round)) << i;
}

// As programs for NCCL do it: one thread, a communicator and a stream for each rank.
TEST(Streams, OneThreadOneStreamPerRank) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    constexpr int kRanks = 3;
    std::array<incclComm_t, kRanks> comms{};
    ASSERT_EQ(incclCommInitAll(comms.data(), kRanks, nullptr), incclSuccess);
    std::array<incclStream_t, kRanks> streams{};
    std::array<std::vector<int>, kRanks> data;
    for (int rank = 0; rank < kRanks; ++rank) streams[rank] = newStream();
    for (uint32_t round = 0; round < 20; ++round) {
      for (int rank = 0; rank < kRanks; ++rank) data[rank] = values<int>(rank, 1000 + round, round);
      ASSERT_EQ(incclGroupStart(), incclSuccess);
      for (int rank = 0; rank < kRanks; ++rank)
        ASSERT_EQ(incclAllReduce(data[rank].data(), data[rank].data(), data[rank].size(),
                                 incclInt32, incclSum, comms[rank], streams[rank]),
                  incclSuccess);
      ASSERT_EQ(incclGroupEnd(), incclSuccess);
      for (int rank = 0; rank < kRanks; ++rank) {
        ASSERT_EQ(incclStreamSynchronize(streams[rank]), incclSuccess);
        expectSums(data[rank], kRanks, round);
      }
    }
    // Without a group: each stream has a thread, so each call may wait for the others.
    for (int rank = 0; rank < kRanks; ++rank) {
      data[rank] = values<int>(rank, 100, 7);
      ASSERT_EQ(incclAllReduce(data[rank].data(), data[rank].data(), 100, incclInt32, incclSum,
                               comms[rank], streams[rank]),
                incclSuccess);
    }
    for (int rank = 0; rank < kRanks; ++rank) {
      ASSERT_EQ(incclStreamSynchronize(streams[rank]), incclSuccess);
      expectSums(data[rank], kRanks, 7);
      EXPECT_EQ(incclStreamQuery(streams[rank]), incclSuccess);
      EXPECT_EQ(incclStreamDestroy(streams[rank]), incclSuccess);
    }
    for (const incclComm_t comm : comms) EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(Streams, CallsOfAStreamRunInOrder) {
  onProcesses(3, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    const incclStream_t stream = newStream();
    std::vector<int> data = values<int>(process.rank(), 3001, 1), all(3 * data.size());
    ASSERT_EQ(
        incclAllReduce(data.data(), data.data(), data.size(), incclInt32, incclSum, comm, stream),
        incclSuccess);
    ASSERT_EQ(
        incclAllReduce(data.data(), data.data(), data.size(), incclInt32, incclMax, comm, stream),
        incclSuccess);
    ASSERT_EQ(incclAllGather(data.data(), all.data(), data.size(), incclInt32, comm, stream),
              incclSuccess);
    ASSERT_EQ(incclStreamSynchronize(stream), incclSuccess);
    for (size_t i = 0; i < all.size(); ++i)
      ASSERT_EQ(all[i], sumOf(process.size(), i % data.size(), 1));
    EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// Two streams and the caller's own calls, all on one communicator: the order of issue holds.
TEST(Streams, TheOrderOfIssueHoldsOverAllStreamsOfACommunicator) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    const std::array streams{newStream(), newStream()};
    constexpr int kCalls = 60;
    std::vector<std::vector<int>> data;
    for (uint32_t call = 0; call < kCalls; ++call)
      data.push_back(values<int>(process.rank(), 1 + call * 37 % 500, call));
    for (uint32_t call = 0; call < kCalls; ++call) {
      // Ranks use other streams for one call: what counts is the order.
      const uint32_t which = (call + static_cast<uint32_t>(process.rank())) % 3;
      const incclStream_t stream = which == 2 ? nullptr : streams[which];
      ASSERT_EQ(incclAllReduce(data[call].data(), data[call].data(), data[call].size(), incclInt32,
                               incclSum, comm, stream),
                incclSuccess)
          << incclGetLastError(comm);
    }
    for (const incclStream_t stream : streams)
      ASSERT_EQ(incclStreamSynchronize(stream), incclSuccess);
    for (uint32_t call = 0; call < kCalls; ++call) expectSums(data[call], 2, call);
    for (const incclStream_t stream : streams) EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(Streams, MessagesOfAGroupNeedEachOther) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    const incclStream_t first = newStream(), second = newStream();
    const int peer = 1 - process.rank();
    std::vector<int> mine = values<int>(process.rank(), 100000, 3), theirs(mine.size());
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclSend(mine.data(), mine.size(), incclInt32, peer, comm, first), incclSuccess);
    ASSERT_EQ(incclRecv(theirs.data(), theirs.size(), incclInt32, peer, comm, second),
              incclSuccess);
    ASSERT_EQ(incclGroupEnd(), incclSuccess);
    ASSERT_EQ(incclStreamSynchronize(second), incclSuccess);
    EXPECT_EQ(theirs, values<int>(peer, theirs.size(), 3));
    EXPECT_EQ(incclStreamDestroy(first), incclSuccess);
    EXPECT_EQ(incclStreamDestroy(second), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// Destroying communicator or stream lets the calls that were issued finish.
TEST(Streams, WhatWasIssuedIsDoneBeforeTheEnd) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    const incclStream_t stream = newStream();
    std::vector<int> data = values<int>(process.rank(), 200000, 5);
    for (int call = 0; call < 5; ++call)
      ASSERT_EQ(
          incclBroadcast(data.data(), data.data(), data.size(), incclInt32, call % 2, comm, stream),
          incclSuccess);
    if (process.rank() == 0) {
      EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    EXPECT_EQ(data, values<int>(0, data.size(), 5));
    if (process.rank() == 1) {
      EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    }
  });
}

TEST(Streams, AFailureWaitsInTheStream) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    if (process.rank() == 1) {
      EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      return;
    }
    const incclStream_t stream = newStream();
    int value = 1;
    ASSERT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, stream), incclSuccess);
    EXPECT_EQ(incclStreamSynchronize(stream), incclRemoteError);
    EXPECT_THAT(incclGetLastError(nullptr), HasSubstr("rank 1"));
    EXPECT_EQ(incclStreamSynchronize(stream), incclSuccess);
    EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// A group's end says how the group went, not what failed in its stream before.
TEST(Streams, AGroupsEndIsItsOwn) {
  onProcesses(1, [](RankProcess&) {
    incclComm_t comm = nullptr, other = nullptr;
    ASSERT_EQ(incclCommInitAll(&comm, 1, nullptr), incclSuccess);
    ASSERT_EQ(incclCommInitAll(&other, 1, nullptr), incclSuccess);
    const incclStream_t stream = newStream();
    int value = 3, two = 2;
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclSend(&value, 1, incclInt32, 0, other, stream), incclSuccess);
    ASSERT_EQ(incclGroupEnd(), incclSuccess);  // nobody receives it: fails in the stream
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, stream), incclSuccess);
    ASSERT_EQ(incclAllReduce(&two, &two, 1, incclInt32, incclSum, comm, nullptr), incclSuccess);
    EXPECT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(nullptr);
    EXPECT_EQ(incclStreamSynchronize(stream), incclInvalidUsage);
    EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
    EXPECT_EQ(incclCommDestroy(other), incclSuccess);
  });
}

TEST(Streams, AbortEndsWhatWasIssued) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    if (process.rank() == 0) {
      const incclStream_t stream = newStream();
      std::array<int, 3> data{};
      for (int& value : data)
        ASSERT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, stream),
                  incclSuccess);
      usleep(20000);
      EXPECT_EQ(incclStreamQuery(stream), incclInProgress);
      EXPECT_EQ(incclCommAbort(comm), incclSuccess);
      EXPECT_EQ(incclStreamSynchronize(stream), incclAborted);
      EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    } else {
      usleep(300000);
      EXPECT_EQ(incclCommAbort(comm), incclSuccess);
    }
  });
}

TEST(Streams, WhatIsNoStreamIsRefused) {
  onProcesses(1, [](RankProcess& process) {
    const incclComm_t comm = join(process);
    ASSERT_NE(comm, nullptr);
    int value = 1;
    const auto foreign = reinterpret_cast<incclStream_t>(&value);
    EXPECT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, foreign),
              incclInvalidArgument);
    EXPECT_THAT(incclGetLastError(comm), HasSubstr("stream"));
    const incclStream_t stream = newStream();
    EXPECT_EQ(incclStreamDestroy(stream), incclSuccess);
    EXPECT_EQ(incclAllReduce(&value, &value, 1, incclInt32, incclSum, comm, stream),
              incclInvalidArgument);
    EXPECT_EQ(incclStreamSynchronize(stream), incclInvalidArgument);
    EXPECT_EQ(incclStreamDestroy(stream), incclInvalidArgument);
    EXPECT_EQ(incclStreamDestroy(nullptr), incclInvalidArgument);
    EXPECT_EQ(incclStreamCreate(nullptr), incclInvalidArgument);
    EXPECT_EQ(incclStreamSynchronize(nullptr), incclSuccess);
    EXPECT_EQ(incclStreamQuery(nullptr), incclSuccess);
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

}  // namespace
}  // namespace inccl::test
