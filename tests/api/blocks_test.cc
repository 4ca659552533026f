// Reduce, reduce-scatter, all-to-all, gather, scatter, the v-collectives, averages and
// pre-multiplied sums between real processes, against results worked out element by element.
#include <algorithm>
#include <numeric>

#include "api/rank_world.h"

namespace inccl::test {
namespace {

// Sanitizers see the same in shorter vectors.
#ifdef INCCL_SANITIZED
const std::vector<size_t> kCounts = {0, 1, 2, 3, 7, 255, 9001};
#else
const std::vector<size_t> kCounts = {0, 1, 2, 3, 7, 255, 4099, 70001};
#endif
using Values = std::vector<int64_t>;

struct World {
  incclComm_t comm;
  int ranks, rank;
  uint32_t round = 0;

  [[nodiscard]] size_t blocks(size_t count) const { return count * static_cast<size_t>(ranks); }
  [[nodiscard]] size_t at(int block, size_t count) const {
    return count * static_cast<size_t>(block);
  }
  // The sum over all ranks of element `index` of their vectors.
  [[nodiscard]] int64_t sum(size_t index) const {
    int64_t total = 0;
    for (int from = 0; from < ranks; ++from) total += valueOf<int64_t>(from, index, round);
    return total;
  }
};

#define EXPECT_INCCL(call) ASSERT_EQ(call, incclSuccess) << incclGetLastError(world.comm)

void checkReduce(World& world, size_t count, bool inPlace) {
  const int root = static_cast<int>(++world.round) % world.ranks;
  Values data = values<int64_t>(world.rank, count, world.round), result(count, -99);
  const bool isRoot = world.rank == root;
  int64_t* const recv = !isRoot ? nullptr : inPlace ? data.data() : result.data();
  EXPECT_INCCL(
      incclReduce(data.data(), recv, count, incclInt64, incclSum, root, world.comm, nullptr));
  for (size_t i = 0; isRoot && i < count; ++i) ASSERT_EQ(recv[i], world.sum(i)) << i;
}

void checkReduceScatter(World& world, size_t count, bool inPlace) {
  ++world.round;
  Values data = values<int64_t>(world.rank, world.blocks(count), world.round), result(count, -99);
  const size_t own = world.at(world.rank, count);
  int64_t* const recv = inPlace ? data.data() + own : result.data();
  EXPECT_INCCL(
      incclReduceScatter(data.data(), recv, count, incclInt64, incclSum, world.comm, nullptr));
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(recv[i], world.sum(own + i)) << i;
}

void checkAllToAll(World& world, size_t count) {
  ++world.round;
  const Values data = values<int64_t>(world.rank, world.blocks(count), world.round);
  Values result(world.blocks(count), -99);
  EXPECT_INCCL(incclAlltoAll(data.data(), result.data(), count, incclInt64, world.comm, nullptr));
  for (int from = 0; from < world.ranks; ++from) {
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(result[world.at(from, count) + i],
                valueOf<int64_t>(from, world.at(world.rank, count) + i, world.round));
  }
}

void checkGatherAndScatter(World& world, size_t count, bool inPlace) {
  const int root = static_cast<int>(++world.round) % world.ranks;
  const bool isRoot = world.rank == root;
  Values all(isRoot ? world.blocks(count) : 0, -99);
  Values mine = values<int64_t>(world.rank, count, world.round);
  int64_t* const own = isRoot ? all.data() + world.at(root, count) : nullptr;
  if (isRoot && inPlace) std::copy(mine.begin(), mine.end(), own);
  EXPECT_INCCL(incclGather(isRoot && inPlace ? own : mine.data(), isRoot ? all.data() : nullptr,
                           count, incclInt64, root, world.comm, nullptr));
  for (int from = 0; isRoot && from < world.ranks; ++from) {
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(all[world.at(from, count) + i], valueOf<int64_t>(from, i, world.round));
  }
  std::fill(mine.begin(), mine.end(), -1);
  int64_t* const back = isRoot && inPlace ? own : mine.data();
  EXPECT_INCCL(incclScatter(isRoot ? all.data() : nullptr, back, count, incclInt64, root,
                            world.comm, nullptr));
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(back[i], valueOf<int64_t>(world.rank, i, world.round));
}

// Rank `from` sends `to` this many elements: zero for some.
size_t blockOf(int from, int to, size_t count) {
  return (from + 2 * to) % 3 == 0 ? 0 : count + static_cast<size_t>(from * 3 + to);
}

void checkAllToAllv(World& world, size_t count) {
  ++world.round;
  const auto n = static_cast<size_t>(world.ranks);
  std::vector<size_t> sendCounts(n), sendAt(n), recvCounts(n), recvAt(n);
  size_t sends = 0, recvs = 0;
  for (int peer = 0; peer < world.ranks; ++peer) {
    const auto p = static_cast<size_t>(peer);
    sendCounts[p] = blockOf(world.rank, peer, count),
    recvCounts[p] = blockOf(peer, world.rank, count);
    sendAt[p] = sends, recvAt[p] = recvs;
    sends += sendCounts[p], recvs += recvCounts[p];
  }
  const Values data = values<int64_t>(world.rank, sends, world.round);
  Values result(recvs, -99);
  EXPECT_INCCL(incclAllToAllv(data.data(), sendCounts.data(), sendAt.data(), result.data(),
                              recvCounts.data(), recvAt.data(), incclInt64, world.comm, nullptr));
  for (int from = 0; from < world.ranks; ++from) {
    size_t theirs = 0;  // where our block begins in their vector
    for (int to = 0; to < world.rank; ++to) theirs += blockOf(from, to, count);
    for (size_t i = 0; i < recvCounts[static_cast<size_t>(from)]; ++i)
      ASSERT_EQ(result[recvAt[static_cast<size_t>(from)] + i],
                valueOf<int64_t>(from, theirs + i, world.round));
  }
}

void checkGatherAndScatterV(World& world, size_t count) {
  ++world.round;
  const auto n = static_cast<size_t>(world.ranks);
  std::vector<size_t> counts(n), at(n);
  size_t total = 0;
  for (size_t p = 0; p < n; ++p) {
    counts[p] = p % 3 == 1 ? 0 : count + p;
    at[p] = total;
    total += counts[p];
  }
  const auto me = static_cast<size_t>(world.rank);
  const Values mine = values<int64_t>(world.rank, counts[me], world.round);
  Values all(total, -99);
  EXPECT_INCCL(incclAllGatherv(mine.data(), counts[me], all.data(), counts.data(), at.data(),
                               incclInt64, world.comm, nullptr));
  for (size_t p = 0; p < n; ++p) {
    for (size_t i = 0; i < counts[p]; ++i)
      ASSERT_EQ(all[at[p] + i], valueOf<int64_t>(static_cast<int>(p), i, world.round));
  }
  const Values data = values<int64_t>(world.rank, total, world.round);
  Values part(counts[me], -99);
  EXPECT_INCCL(incclReduceScatterv(data.data(), part.data(), counts.data(), incclInt64, incclSum,
                                   world.comm, nullptr));
  for (size_t i = 0; i < counts[me]; ++i) ASSERT_EQ(part[i], world.sum(at[me] + i));
}

void checkAverageAndFactors(World& world, size_t count, bool inPlace, bool inGroup) {
  ++world.round;
  std::vector<double> data = values<double>(world.rank, count, world.round), result(count, -99);
  double* const recv = inPlace ? data.data() : result.data();
  if (inGroup) {
    EXPECT_INCCL(incclGroupStart());
  }
  EXPECT_INCCL(
      incclAllReduce(data.data(), recv, count, incclDouble, incclAvg, world.comm, nullptr));
  if (inGroup) {
    EXPECT_INCCL(incclGroupEnd());
  }
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(recv[i], static_cast<double>(world.sum(i)) / world.ranks);

  const double factor = world.rank + 2;
  incclRedOp_t op{};
  EXPECT_INCCL(
      incclRedOpCreatePreMulSum(&op, &factor, incclDouble, incclScalarHostImmediate, world.comm));
  data = values<double>(world.rank, world.blocks(count), world.round);
  std::vector<double> part(count, -99);
  if (inGroup) {
    EXPECT_INCCL(incclGroupStart());
  }
  EXPECT_INCCL(
      incclReduceScatter(data.data(), part.data(), count, incclDouble, op, world.comm, nullptr));
  if (inGroup) {
    EXPECT_INCCL(incclGroupEnd());
  }
  const auto expected = [&](size_t index) {
    double total = 0;
    for (int from = 0; from < world.ranks; ++from)
      total += (from + 2) * valueOf<double>(from, index, world.round);
    return total;
  };
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(part[i], expected(world.at(world.rank, count) + i));
  EXPECT_INCCL(
      incclAllReduce(data.data(), data.data(), count, incclDouble, op, world.comm, nullptr));
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(data[i], expected(i));
  EXPECT_INCCL(incclRedOpDestroy(op, world.comm));
  ASSERT_EQ(incclAllReduce(data.data(), data.data(), 1, incclDouble, op, world.comm, nullptr),
            incclInvalidArgument);
}

void checkEverything(const char* transport, int ranks,
                     const std::vector<size_t>& counts = kCounts) {
  SCOPED_TRACE(testing::Message() << transport << " " << ranks << " ranks");
  onProcesses(ranks, [&](RankProcess& process) {
    incclComm_t comm = join(process, transport);
    ASSERT_NE(comm, nullptr);
    World world{comm, ranks, process.rank()};
    for (const size_t count : counts) {
      for (const bool inPlace : {false, true}) {
        SCOPED_TRACE(testing::Message() << "count " << count << " in place " << inPlace);
        ASSERT_NO_FATAL_FAILURE(checkReduce(world, count, inPlace));
        ASSERT_NO_FATAL_FAILURE(checkReduceScatter(world, count, inPlace));
        ASSERT_NO_FATAL_FAILURE(checkGatherAndScatter(world, count, inPlace));
        ASSERT_NO_FATAL_FAILURE(checkAverageAndFactors(world, count, inPlace, inPlace));
      }
      ASSERT_NO_FATAL_FAILURE(checkAllToAll(world, count));
      ASSERT_NO_FATAL_FAILURE(checkAllToAllv(world, count));
      ASSERT_NO_FATAL_FAILURE(checkGatherAndScatterV(world, count));
    }
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST(Blocks, OverSharedMemory) {
  for (const int ranks : {1, 2, 3, 4, 5, 8}) checkEverything("shm", ranks);
}

TEST(Blocks, EveryKernelGivesTheSame) {
  for (const char* kernel : {"tiny;broadcast:publish;reduce:publish", "publish", "read", "lanes"}) {
    SCOPED_TRACE(kernel);
    ::setenv("INCCL_PROTO", kernel, 1);
    const bool tiny = std::string_view(kernel).starts_with("tiny");
    for (const int ranks : {2, 3, 5})
      checkEverything("shm", ranks, tiny ? std::vector<size_t>{1, 7, 100} : kCounts);
  }
  ::unsetenv("INCCL_PROTO");
}

TEST(Blocks, OverTcp) {
  for (const int ranks : {2, 3, 5}) checkEverything("tcp", ranks);
}

TEST(Blocks, EveryAlgorithmGivesTheSame) {
  for (const char* algorithm : {"tree", "double_tree", "binomial", "knomial", "rabenseifner", "pat",
                                "bruck", "pairwise", "two_level"}) {
    SCOPED_TRACE(algorithm);
    ::setenv("INCCL_ALGO", algorithm, 1);
    ::setenv("INCCL_PROTO", "lanes", 1);
    checkEverything("shm", 6, {1, 7, 4099});
    checkEverything("tcp", 5, {3, 20001});
  }
  ::unsetenv("INCCL_ALGO");
  ::unsetenv("INCCL_PROTO");
}

// Sums of small floats and of pairs have one rounding and one order, whatever collective and kernel
// computes them.
void checkSameBits(incclComm_t comm, incclDataType_t type, size_t elementBytes, int ranks, int rank,
                   size_t count) {
  const auto n = static_cast<size_t>(ranks), me = static_cast<size_t>(rank);
  std::vector<uint16_t> input(count * n * elementBytes / 2);
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = static_cast<uint16_t>(0x3400 + (i * 37 + me * 101) % 0x0bff);
  std::vector<uint16_t> all(input.size()), part(count * elementBytes / 2), reduced(input.size());
  ASSERT_EQ(incclAllReduce(input.data(), all.data(), count * n, type, incclSum, comm, nullptr),
            incclSuccess);
  ASSERT_EQ(incclReduceScatter(input.data(), part.data(), count, type, incclSum, comm, nullptr),
            incclSuccess);
  ASSERT_TRUE(
      std::equal(part.begin(), part.end(), all.begin() + static_cast<ptrdiff_t>(part.size() * me)));
  ASSERT_EQ(incclReduce(input.data(), reduced.data(), count * n, type, incclSum, ranks - 1, comm,
                        nullptr),
            incclSuccess);
  ASSERT_TRUE(rank != ranks - 1 || reduced == all);
}

TEST(Blocks, SmallFloatsAndPairsHaveTheSameBitsEverywhere) {
  for (const char* kernel : {"auto", "publish", "read"}) {
    SCOPED_TRACE(kernel);
    ::setenv("INCCL_PROTO", kernel, 1);
    for (const int ranks : {2, 3, 5, 8}) {
      onProcesses(ranks, [&](RankProcess& process) {
        incclComm_t comm = join(process, "shm");
        ASSERT_NE(comm, nullptr);
        for (const size_t count : {1, 13, 1021, 20011}) {
          checkSameBits(comm, incclFloat16, 2, ranks, process.rank(), count);
          checkSameBits(comm, incclBfloat16, 2, ranks, process.rank(), count);
          checkSameBits(comm, incclComplex64, 8, ranks, process.rank(), count);
        }
        EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
      });
    }
  }
  ::unsetenv("INCCL_PROTO");
}

class Alone : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(incclCommInitAll(&comm_, 1, nullptr), incclSuccess); }
  void TearDown() override { EXPECT_EQ(incclCommDestroy(comm_), incclSuccess); }
  incclComm_t comm_ = nullptr;
  float data_[16] = {};
};

TEST_F(Alone, OverlapsThatAreNotTheInPlaceFormAreRefused) {
  EXPECT_EQ(incclAllReduce(data_, data_ + 1, 4, incclFloat, incclSum, comm_, nullptr),
            incclInvalidArgument);
  EXPECT_EQ(incclAlltoAll(data_, data_, 4, incclFloat, comm_, nullptr), incclInvalidArgument);
  EXPECT_EQ(incclReduceScatter(data_, data_, 4, incclFloat, incclSum, comm_, nullptr),
            incclSuccess);
  EXPECT_EQ(incclAllReduce(data_, data_ + 4, 4, incclFloat, incclSum, comm_, nullptr),
            incclSuccess);
}

TEST_F(Alone, OperationsOfAnotherTypeCommunicatorOrNobody) {
  const float factor = 2;
  incclRedOp_t op{};
  EXPECT_EQ(incclRedOpCreatePreMulSum(&op, &factor, incclFloat, incclScalarDevice, comm_),
            incclInvalidArgument);
  EXPECT_EQ(incclRedOpCreatePreMulSum(&op, nullptr, incclFloat, incclScalarHostImmediate, comm_),
            incclInvalidArgument);
  EXPECT_EQ(incclRedOpCreatePreMulSum(&op, &factor, incclBool, incclScalarHostImmediate, comm_),
            incclInvalidArgument);
  ASSERT_EQ(incclRedOpCreatePreMulSum(&op, &factor, incclFloat, incclScalarHostImmediate, comm_),
            incclSuccess);
  double other = 1;
  EXPECT_EQ(incclAllReduce(&other, &other, 1, incclDouble, op, comm_, nullptr),
            incclInvalidArgument);
  data_[0] = 3;
  EXPECT_EQ(incclAllReduce(data_, data_, 1, incclFloat, op, comm_, nullptr), incclSuccess);
  EXPECT_EQ(data_[0], 6);
  incclComm_t second = nullptr;
  ASSERT_EQ(incclCommInitAll(&second, 1, nullptr), incclSuccess);
  EXPECT_EQ(incclAllReduce(data_, data_, 1, incclFloat, op, second, nullptr), incclInvalidArgument);
  EXPECT_EQ(incclRedOpDestroy(op, second), incclInvalidArgument);
  EXPECT_EQ(incclCommDestroy(second), incclSuccess);
  EXPECT_EQ(
      incclAllReduce(data_, data_, 1, incclFloat, static_cast<incclRedOp_t>(96), comm_, nullptr),
      incclInvalidArgument);
  EXPECT_EQ(incclRedOpDestroy(incclSum, comm_), incclInvalidArgument);
  EXPECT_EQ(incclRedOpDestroy(op, comm_), incclSuccess);
  EXPECT_EQ(incclRedOpDestroy(op, comm_), incclInvalidArgument);
}

// A v-collective that is refused has done nothing: the right one that follows works on all ranks.
TEST(Blocks, AVCollectiveThatIsRefusedDoesNothing) {
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "shm");
    ASSERT_NE(comm, nullptr);
    const std::array<size_t, 2> counts{3, 3}, places{0, 3};
    std::vector<int> data = values<int>(process.rank(), 6, 1), result(6);
    if (process.rank() == 0) {
      EXPECT_EQ(incclAllToAllv(data.data(), counts.data(), places.data(), nullptr, counts.data(),
                               places.data(), incclInt32, comm, nullptr),
                incclInvalidArgument);
      EXPECT_EQ(incclAllToAllv(nullptr, counts.data(), places.data(), result.data(), counts.data(),
                               places.data(), incclInt32, comm, nullptr),
                incclInvalidArgument);
      // Overlaps that are no form in place.
      EXPECT_EQ(incclAllToAllv(data.data(), counts.data(), places.data(), data.data(),
                               counts.data(), places.data(), incclInt32, comm, nullptr),
                incclInvalidArgument);
      EXPECT_EQ(incclAllGatherv(data.data() + 3, 3, data.data(), counts.data(), places.data(),
                                incclInt32, comm, nullptr),
                incclInvalidArgument);
      EXPECT_EQ(incclReduceScatterv(data.data(), data.data() + 3, counts.data(), incclInt32,
                                    incclSum, comm, nullptr),
                incclInvalidArgument);
    }
    ASSERT_EQ(incclAllToAllv(data.data(), counts.data(), places.data(), result.data(),
                             counts.data(), places.data(), incclInt32, comm, nullptr),
              incclSuccess)
        << incclGetLastError(comm);
    for (size_t i = 0; i < 6; ++i)
      EXPECT_EQ(result[i], valueOf<int>(static_cast<int>(i / 3),
                                        i % 3 + 3 * static_cast<size_t>(process.rank()), 1));
    // In place.
    const size_t own = 3 * static_cast<size_t>(process.rank());
    ASSERT_EQ(incclAllGatherv(data.data() + own, 3, data.data(), counts.data(), places.data(),
                              incclInt32, comm, nullptr),
              incclSuccess);
    ASSERT_EQ(incclReduceScatterv(data.data(), data.data() + own, counts.data(), incclInt32,
                                  incclSum, comm, nullptr),
              incclSuccess);
    for (size_t i = 0; i < 3; ++i)
      EXPECT_EQ(data[own + i], 2 * valueOf<int>(process.rank(), own + i, 1));
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

TEST_F(Alone, CountsOfVCollectivesMustBeThere) {
  size_t one = 1, zero = 0;
  EXPECT_EQ(
      incclAllToAllv(data_, nullptr, &zero, data_ + 8, &one, &zero, incclFloat, comm_, nullptr),
      incclInvalidArgument);
  EXPECT_EQ(incclAllToAllv(data_, &one, &zero, data_ + 8, &zero, &zero, incclFloat, comm_, nullptr),
            incclInvalidArgument);
  EXPECT_EQ(incclAllGatherv(data_, 2, data_ + 8, &one, &zero, incclFloat, comm_, nullptr),
            incclInvalidArgument);
  EXPECT_EQ(incclReduceScatterv(data_, data_ + 8, nullptr, incclFloat, incclSum, comm_, nullptr),
            incclInvalidArgument);
}

}  // namespace
}  // namespace inccl::test
