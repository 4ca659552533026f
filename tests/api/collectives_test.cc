// The five collectives and messages between real processes: shm and tcp, odd counts, in and out of
// place, all roots. Values are exact in every type (bench/perf sweeps types and operations in
// full).
#include <algorithm>
#include <numeric>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

const std::vector<size_t> kCounts = {0, 1, 2, 3, 7, 255, 1024, 4099, 70001};

template <typename T>
void checkAllReduce(incclComm_t comm, incclDataType_t type, int ranks, int rank) {
  uint32_t round = 0;
  for (const size_t count : kCounts) {
    for (const bool inPlace : {false, true}) {
      for (const incclRedOp_t op : {incclSum, incclMin, incclMax}) {
        ++round;
        auto input = values<T>(rank, count, round);
        std::vector<T> output(count + 2, T(99));
        if (inPlace) std::copy(input.begin(), input.end(), output.begin() + 1);
        const T* send = inPlace ? output.data() + 1 : input.data();
        ASSERT_EQ(incclAllReduce(send, output.data() + 1, count, type, op, comm, nullptr),
                  incclSuccess)
            << incclGetLastError(comm);
        ASSERT_EQ(output.front(), T(99));
        ASSERT_EQ(output.back(), T(99));
        for (size_t i = 0; i < count; ++i) {
          T expected = valueOf<T>(0, i, round);
          for (int other = 1; other < ranks; ++other) {
            const T theirs = valueOf<T>(other, i, round);
            expected = op == incclSum   ? expected + theirs
                       : op == incclMin ? std::min(expected, theirs)
                                        : std::max(expected, theirs);
          }
          ASSERT_EQ(output[i + 1], expected)
              << "count " << count << " op " << op << " element " << i;
        }
      }
    }
  }
}

void checkBroadcastAndGather(incclComm_t comm, int ranks, int rank) {
  uint32_t round = 1000;
  for (const size_t count : kCounts) {
    const int root = static_cast<int>(++round) % ranks;
    const auto mine = values<int64_t>(rank, count, round);
    std::vector<int64_t> got(count, -1);
    ASSERT_EQ(incclBroadcast(rank == root ? mine.data() : nullptr, got.data(), count, incclInt64,
                             root, comm, nullptr),
              incclSuccess)
        << incclGetLastError(comm);
    ASSERT_EQ(got, values<int64_t>(root, count, round));
    std::vector<int64_t> all(count * static_cast<size_t>(ranks), -1);
    int64_t* const own = all.data() + count * static_cast<size_t>(rank);
    const bool inPlace = round % 2 == 0;
    if (inPlace) std::copy(mine.begin(), mine.end(), own);
    ASSERT_EQ(
        incclAllGather(inPlace ? own : mine.data(), all.data(), count, incclInt64, comm, nullptr),
        incclSuccess)
        << incclGetLastError(comm);
    for (int from = 0; from < ranks; ++from) {
      const auto expected = values<int64_t>(from, count, round);
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(),
                             all.begin() + static_cast<int64_t>(count) * from));
    }
    ASSERT_EQ(incclBarrier(comm, nullptr), incclSuccess) << incclGetLastError(comm);
  }
}

void checkMessages(incclComm_t comm, int ranks, int rank) {
  const int next = (rank + 1) % ranks, previous = (rank + ranks - 1) % ranks;
  for (const size_t count : kCounts) {
    const auto mine = values<double>(rank, count, 7);
    std::vector<double> got(count, -1);
    ASSERT_EQ(incclGroupStart(), incclSuccess);
    ASSERT_EQ(incclSend(mine.data(), count, incclDouble, next, comm, nullptr), incclSuccess)
        << incclGetLastError(comm);
    ASSERT_EQ(incclRecv(got.data(), count, incclDouble, previous, comm, nullptr), incclSuccess)
        << incclGetLastError(comm);
    ASSERT_EQ(incclGroupEnd(), incclSuccess) << incclGetLastError(comm);
    ASSERT_EQ(got, values<double>(previous, count, 7));
  }
}

void checkEverything(const char* transport, int ranks) {
  SCOPED_TRACE(testing::Message() << transport << " " << ranks << " ranks");
  onProcesses(ranks, [&](RankProcess& process) {
    incclComm_t comm = join(process, transport);
    ASSERT_NE(comm, nullptr);
    checkAllReduce<float>(comm, incclFloat, ranks, process.rank());
    checkAllReduce<int32_t>(comm, incclInt32, ranks, process.rank());
    checkBroadcastAndGather(comm, ranks, process.rank());
    checkMessages(comm, ranks, process.rank());
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

// A copy would not do: results are what more ranks would make of the same values.
TEST(Collectives, OneRankGetsTruthValuesAndCanonicalNans) {
  // In a process of its own: the test program has no threads when it forks.
  onProcesses(1, [](RankProcess&) {
    incclComm_t comm = nullptr;
    ASSERT_EQ(incclCommInitAll(&comm, 1, nullptr), incclSuccess) << incclGetLastError(nullptr);
    const std::vector<int32_t> numbers = {0, 1, -7, 256};
    const std::vector<uint8_t> truths = {0, 1, 2, 255};
    const std::vector<uint32_t> nan = {0xffc00001u, 0x3f800000u};
    std::vector<int32_t> numbersOut(4);
    std::vector<uint8_t> truthsOut = truths;
    std::vector<uint32_t> nanOut(2);
    EXPECT_EQ(incclAllReduce(numbers.data(), numbersOut.data(), 4, incclInt32, incclLogicalAnd,
                             comm, nullptr),
              incclSuccess);
    EXPECT_EQ(numbersOut, (std::vector<int32_t>{0, 1, 1, 1}));
    EXPECT_EQ(incclReduceScatter(truthsOut.data(), truthsOut.data(), 4, incclBool, incclMax, comm,
                                 nullptr),
              incclSuccess);
    EXPECT_EQ(truthsOut, (std::vector<uint8_t>{0, 1, 1, 1}));
    EXPECT_EQ(incclReduce(nan.data(), nanOut.data(), 2, incclFloat32, incclSum, 0, comm, nullptr),
              incclSuccess);
    EXPECT_EQ(nanOut, (std::vector<uint32_t>{0x7fc00000u, 0x3f800000u}));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(Collectives, OverSharedMemory) {
  for (const int ranks : {1, 2, 3, 5, 8}) checkEverything("shm", ranks);
}

TEST(Collectives, OverTcp) {
  for (const int ranks : {2, 3, 5}) checkEverything("tcp", ranks);
}

TEST(Collectives, BroadcastAndAllGatherByEveryKernel) {
  for (const char* kernel : {"publish", "read"}) {
    SCOPED_TRACE(kernel);
    for (const int ranks : {2, 3, 5}) {
      onProcesses(ranks, [&](RankProcess& process) {
        ::setenv("INCCL_PROTO", kernel, 1);
        incclComm_t comm = join(process, "shm");
        ASSERT_NE(comm, nullptr);
        checkBroadcastAndGather(comm, ranks, process.rank());
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      });
    }
  }
}

TEST(Collectives, ForcedAlgorithmsGiveTheSame) {
  for (const char* algorithm : {"ring", "rd;broadcast:ring;allgather:rd", "direct",
                                "half;broadcast:direct;allgather:ring"}) {
    SCOPED_TRACE(algorithm);
    for (const char* transport : {"shm", "tcp"}) {
      onProcesses(4, [&](RankProcess& process) {
        ::setenv("INCCL_ALGO", algorithm, 1);
        ::setenv("INCCL_PROTO", "lanes", 1);
        incclComm_t comm = join(process, transport);
        ASSERT_NE(comm, nullptr);
        checkAllReduce<double>(comm, incclDouble, 4, process.rank());
        checkBroadcastAndGather(comm, 4, process.rank());
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      });
    }
  }
}

}  // namespace
}  // namespace inccl::test
