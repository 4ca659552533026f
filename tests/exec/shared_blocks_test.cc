// Reduce-scatter, all-to-all, reduce, gather and scatter over boards, one after the other with
// changing roots: every rank must let go of the messages that do not concern it.
#include <cstring>

#include "exec/shared/blocks.h"
#include "exec/shared/rooted.h"
#include "shared_ranks.h"

namespace inccl::exec {
namespace {

using Values = std::vector<int64_t>;
const auto kSum = reduce::find(DataType::kInt64, RedOp::kSum).reduceMany;
constexpr size_t kCounts[] = {1, 2, 3, 5, 31, 64, 127, 500, 5003};

Values valuesOf(uint32_t rank, size_t count, uint32_t salt) {
  Values values(count);
  for (size_t i = 0; i < count; ++i) values[i] = valueOf(rank, i, salt);
  return values;
}

void checkReduceScatter(Ranks::Rank& rank, uint32_t me, uint32_t n, size_t count, uint32_t salt) {
  const bool inPlace = salt % 2 == 0;
  Values input = valuesOf(me, count * n, salt), output(count + 1, -77);
  int64_t* const own = inPlace ? input.data() + count * me : output.data();
  const auto shape = BlockShape::forBlocks(count * 8, 8, rank.group.shape(), salt % 3 == 0);
  ASSERT_TRUE(rank.operate<SharedReduceScatter>(rank.next(), input.data(), own, count * 8,
                                                size_t{8}, kSum, shape)
                  .ok());
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(own[i], sumOf(n, count * me + i, salt)) << i;
  ASSERT_EQ(output[count], -77);
}

void checkAllToAll(Ranks::Rank& rank, uint32_t me, uint32_t n, size_t count, uint32_t salt) {
  const Values input = valuesOf(me, count * n, salt);
  Values output(count * n + 1, -77);
  const auto shape = BlockShape::forBlocks(count * 8, 8, rank.group.shape(), salt % 3 == 0);
  ASSERT_TRUE(
      rank.operate<SharedAllToAll>(rank.next(), input.data(), output.data(), count * 8, shape)
          .ok());
  for (uint32_t from = 0; from < n; ++from) {
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(output[count * from + i], valueOf(from, count * me + i, salt));
  }
  ASSERT_EQ(output[count * n], -77);
}

void checkReduce(Ranks::Rank& rank, uint32_t me, uint32_t n, size_t count, uint32_t salt) {
  const uint32_t root = salt % n;
  const bool inPlace = salt % 2 == 0;
  Values input = valuesOf(me, count, salt), output(count + 1, -77);
  int64_t* const result = inPlace && me == root ? input.data() : output.data();
  ASSERT_TRUE(rank.operate<SharedReduce>(rank.next(), root, input.data(), result, count * 8,
                                         size_t{8}, kSum, size_t{1000})
                  .ok());
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(result[i], me == root ? sumOf(n, i, salt) : -77);
  ASSERT_EQ(output[count], -77);
}

void checkGather(Ranks::Rank& rank, uint32_t me, uint32_t n, size_t count, uint32_t salt) {
  const uint32_t root = (salt + 1) % n;
  const Values input = valuesOf(me, count, salt);
  Values output(count * n, -77);
  if (salt % 2 == 0 && me == root)
    std::copy(input.begin(), input.end(), output.begin() + static_cast<ptrdiff_t>(count * me));
  const bool inPlace = salt % 2 == 0 && me == root;
  ASSERT_TRUE(rank.operate<SharedGather>(rank.next(), root,
                                         inPlace ? output.data() + count * me : input.data(),
                                         output.data(), count * 8, size_t{512})
                  .ok());
  for (uint32_t from = 0; from < n; ++from) {
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(output[count * from + i], me == root ? valueOf(from, i, salt) : -77);
  }
}

void checkScatter(Ranks::Rank& rank, uint32_t me, uint32_t n, size_t count, uint32_t salt) {
  const uint32_t root = (salt + 2) % n;
  Values input = valuesOf(root, me == root ? count * n : 0, salt), output(count + 1, -77);
  const bool inPlace = salt % 2 == 0 && me == root;
  int64_t* const mine = inPlace ? input.data() + count * me : output.data();
  ASSERT_TRUE(
      rank.operate<SharedScatter>(rank.next(), root, input.data(), mine, count * 8, size_t{512})
          .ok());
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(mine[i], valueOf(root, count * me + i, salt));
  ASSERT_EQ(output[count], -77);
}

TEST(SharedBlocks, EveryCountAndRootOneAfterTheOther) {
  for (const uint32_t n : {2u, 3u, 4u, 5u, 8u}) {
    SCOPED_TRACE(n);
    Ranks(smallShape(n)).onAll([n](Ranks::Rank& rank, uint32_t me) {
      uint32_t salt = 0;
      for (const size_t count : kCounts) {
        for (int repeat = 0; repeat < 3; ++repeat) {
          ASSERT_NO_FATAL_FAILURE(checkReduceScatter(rank, me, n, count, ++salt));
          ASSERT_NO_FATAL_FAILURE(checkReduce(rank, me, n, count, ++salt));
          ASSERT_NO_FATAL_FAILURE(checkAllToAll(rank, me, n, count, ++salt));
          ASSERT_NO_FATAL_FAILURE(checkGather(rank, me, n, count, ++salt));
          ASSERT_NO_FATAL_FAILURE(checkScatter(rank, me, n, count, ++salt));
        }
      }
    });
  }
}

// Ranks that skip may run far ahead of a writer that is slow to come.
TEST(SharedBlocks, RootedCallsRunAheadWithoutMixingUp) {
  constexpr uint32_t kRanks = 4;
  Ranks(smallShape(kRanks)).onAll([](Ranks::Rank& rank, uint32_t me) {
    for (uint32_t round = 0; round < 400; ++round) {
      if (round % 50 == 7 * me) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ASSERT_NO_FATAL_FAILURE(checkReduce(rank, me, kRanks, 1 + round % 300, 1));
      ASSERT_NO_FATAL_FAILURE(checkScatter(rank, me, kRanks, 1 + round % 70, round));
    }
  });
}

// 16-bit sums of five ranks: all sources of a step are added, then rounded once.
TEST(SharedBlocks, SmallFloatsAreRoundedOnceAndAlike) {
  constexpr uint32_t kRanks = 5;
  constexpr size_t kCount = 1001;
  const auto sum = reduce::find(DataType::kFloat16, RedOp::kSum).reduceMany;
  std::vector<std::vector<uint16_t>> inputs(kRanks), scattered(kRanks);
  std::vector<uint16_t> reduced(kCount * kRanks), expected(kCount * kRanks);
  for (uint32_t rank = 0; rank < kRanks; ++rank) {
    for (size_t i = 0; i < kCount * kRanks; ++i)
      inputs[rank].push_back(static_cast<uint16_t>(0x3000 + (i * 37 + rank * 101) % 0x0fff));
    scattered[rank].resize(kCount);
  }
  const void* sources[kRanks];
  for (uint32_t rank = 0; rank < kRanks; ++rank) sources[rank] = inputs[rank].data();
  sum(expected.data(), sources, kRanks, kCount * kRanks);
  Ranks(smallShape(kRanks)).onAll([&](Ranks::Rank& rank, uint32_t me) {
    const auto shape = BlockShape::forBlocks(kCount * 2, 2, rank.group.shape(), false);
    ASSERT_TRUE(rank.operate<SharedReduceScatter>(rank.next(), inputs[me].data(),
                                                  scattered[me].data(), kCount * 2, size_t{2}, sum,
                                                  shape)
                    .ok());
    ASSERT_TRUE(rank.operate<SharedReduce>(rank.next(), 3u, inputs[me].data(), reduced.data(),
                                           kCount * kRanks * 2, size_t{2}, sum, size_t{1000})
                    .ok());
  });
  EXPECT_EQ(reduced, expected);
  for (uint32_t rank = 0; rank < kRanks; ++rank)
    EXPECT_EQ(std::memcmp(scattered[rank].data(), expected.data() + kCount * rank, kCount * 2), 0);
}

TEST(SharedBlocks, ForeignCallsAreNamedAndNothingIsTaken) {
  for (const int kernel : {0, 1, 2}) {
    std::atomic<int> named{0};
    Ranks(smallShape(2)).onAll([&](Ranks::Rank& rank, uint32_t me) {
      const int64_t input[4] = {1, 2, 3, 4};
      int64_t output[4] = {-1, -1, -1, -1};
      const OpTag tag(1, me == 0 ? 11 : 22);
      const auto shape = BlockShape::forBlocks(16, 8, rank.group.shape(), false);
      Status status;
      if (kernel == 0) {
        status = rank.operate<SharedReduceScatter>(tag, input, output, size_t{16}, size_t{8}, kSum,
                                                   shape);
      } else if (kernel == 1) {
        status = rank.operate<SharedAllToAll>(tag, input, output, size_t{16}, shape);
      } else {
        status = rank.operate<SharedReduce>(tag, 0u, input, output, size_t{32}, size_t{8}, kSum,
                                            size_t{512});
        if (me == 1) return;  // it has nothing to wait for
      }
      EXPECT_EQ(status.code(), Code::kInvalidUsage);
      if (status.message().find("rank " + std::to_string(1 - me)) != std::string_view::npos)
        ++named;
      EXPECT_EQ(output[0], kernel == 1 && me == 0 ? output[0] : -1);
    });
    EXPECT_EQ(named, kernel == 2 ? 1 : 2);
  }
}

}  // namespace
}  // namespace inccl::exec
