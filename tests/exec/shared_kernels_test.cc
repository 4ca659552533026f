// Kernels over shared boards: right results for every odd size, mixed sequences, foreign calls.
#include <atomic>
#include <cstring>

#include "exec/shared/publish.h"
#include "shared_ranks.h"

namespace inccl::exec {
namespace {

TEST(SharedKernels, AllReduceEveryCountInAndOutOfPlace) {
  for (const uint32_t n : {2u, 3u, 5u, 7u, 8u}) {
    Ranks(smallShape(n)).onAll([n](Ranks::Rank& rank, uint32_t me) {
      uint32_t salt = 0;
      for (const size_t count : {1, 2, 3, 7, 31, 64, 127, 128, 500, 5003}) {
        for (const int kernel : {0, 1, 2, 3}) {
          if (kernel == 0 && count > 64) continue;
          for (const bool inPlace : {false, true}) {
            ++salt;
            std::vector<int64_t> input(count), output(count + 1, -77);
            for (size_t i = 0; i < count; ++i) input[i] = valueOf(me, i, salt);
            if (inPlace) std::copy(input.begin(), input.end(), output.begin());
            rank.allReduce(kernel, inPlace ? output.data() : input.data(), output.data(), count);
            for (size_t i = 0; i < count; ++i)
              ASSERT_EQ(output[i], sumOf(n, i, salt))
                  << "n " << n << " count " << count << " kernel " << kernel;
            ASSERT_EQ(output[count], -77) << "wrote behind the output";
          }
        }
      }
    });
  }
}

TEST(SharedKernels, BroadcastAndAllGatherBetweenAllReduces) {
  for (const uint32_t n : {2u, 3u, 5u}) {
    Ranks(smallShape(n)).onAll([n](Ranks::Rank& rank, uint32_t me) {
      for (uint32_t round = 0; round < 20; ++round) {
        const uint32_t root = round % n;
        const size_t count = 1 + round * 53;
        std::vector<int64_t> mine(count), got(count), all(count * n);
        for (size_t i = 0; i < count; ++i) mine[i] = valueOf(me, i, round);
        ASSERT_TRUE(
            rank.operate<SharedBroadcast>(rank.next(), root, mine.data(), got.data(), count * 8)
                .ok());
        for (size_t i = 0; i < count; ++i) ASSERT_EQ(got[i], valueOf(root, i, round));
        ASSERT_TRUE(
            rank.operate<SharedAllGather>(rank.next(), mine.data(), all.data(), count * 8).ok());
        for (uint32_t from = 0; from < n; ++from) {
          for (size_t i = 0; i < count; ++i)
            ASSERT_EQ(all[from * count + i], valueOf(from, i, round));
        }
        rank.allReduce(static_cast<int>(round % 4), mine.data(), got.data(),
                       std::min<size_t>(count, 64));
        ASSERT_EQ(got[0], sumOf(n, 0, round));
      }
    });
  }
}

TEST(SharedKernels, ManyExchangesReuseTheirTwoCells) {
  Ranks(smallShape(3)).onAll([](Ranks::Rank& rank, uint32_t me) {
    for (uint32_t round = 0; round < 3000; ++round) {
      const int64_t mine = valueOf(me, 0, round);
      int64_t sum = 0;
      rank.allReduce(0, &mine, &sum, 1);
      ASSERT_EQ(sum, sumOf(3, 0, round));
    }
  });
}

TEST(SharedKernels, FloatSumsHaveTheSameBitsOnAllRanks) {
  constexpr uint32_t kRanks = 5;
  constexpr size_t kCount = 3001;
  std::vector<std::vector<float>> outputs(kRanks, std::vector<float>(kCount));
  Ranks(smallShape(kRanks)).onAll([&](Ranks::Rank& rank, uint32_t me) {
    std::vector<float> input(kCount);
    for (size_t i = 0; i < kCount; ++i) input[i] = 1.0f / static_cast<float>(1 + i * kRanks + me);
    const auto sum = reduce::find(DataType::kFloat32, RedOp::kSum).reduceMany;
    ASSERT_TRUE(rank.operate<HalfAllReduce>(
                        rank.next(), input.data(), outputs[me].data(), kCount, size_t{4}, sum,
                        HalfShape::forVector(kCount, 4, rank.group.shape(), false))
                    .ok());
  });
  for (uint32_t rank = 1; rank < kRanks; ++rank)
    EXPECT_EQ(std::memcmp(outputs[0].data(), outputs[rank].data(), kCount * 4), 0);
}

TEST(SharedKernels, ForeignCallsAreNamedAndNothingIsTaken) {
  // Rank 1 calls with another signature under the same number.
  for (const int kernel : {0, 1, 2}) {
    std::atomic<int> named{0};
    Ranks(smallShape(2)).onAll([&](Ranks::Rank& rank, uint32_t me) {
      const auto sum = reduce::find(DataType::kInt64, RedOp::kSum).reduceMany;
      int64_t input[4] = {1, 2, 3, 4}, output[4] = {-1, -1, -1, -1};
      const OpTag tag(1, me == 0 ? 11 : 22);
      Status status;
      if (kernel == 0) {
        status = rank.operate<Exchange<ReducePayloads>>(tag, input, size_t{32},
                                                        ReducePayloads{sum, output, 4, 2});
      } else if (kernel == 1) {
        status = rank.operate<FlatAllReduce>(tag, input, output, size_t{4}, size_t{8}, sum,
                                             size_t{1024});
      } else {
        status = rank.operate<HalfAllReduce>(tag, input, output, size_t{4}, size_t{8}, sum,
                                             HalfShape::forVector(4, 8, rank.group.shape(), false));
      }
      EXPECT_EQ(status.code(), Code::kInvalidUsage);
      if (status.message().find("rank " + std::to_string(1 - me)) != std::string_view::npos)
        ++named;
      EXPECT_EQ(output[0], -1) << "a foreign contribution was added";
    });
    EXPECT_EQ(named, 2);
  }
}

TEST(SharedKernels, AMissingRankIsAwaitedByNameUntilTheDeadline) {
  Ranks(smallShape(3)).onAll([](Ranks::Rank& rank, uint32_t me) {
    if (me == 2) return;
    rank.context.timeout = 50 * kMillisecond;
    const int64_t input = 1;
    int64_t output = 0;
    const auto sum = reduce::find(DataType::kInt64, RedOp::kSum).reduceMany;
    const Status status = rank.operate<Exchange<ReducePayloads>>(
        rank.next(), &input, size_t{8}, ReducePayloads{sum, &output, 1, 3});
    EXPECT_EQ(status.code(), Code::kTimeout);
    EXPECT_EQ(status.message(), "waiting for rank 2");
  });
}

}  // namespace
}  // namespace inccl::exec
