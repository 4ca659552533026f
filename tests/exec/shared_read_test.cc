// Collectives that read each other's memory, between threads: results, roots, foreign calls, and
// memory that is taken back while it is read. Between processes: tests/api.
#include <algorithm>
#include <atomic>

#include "exec/shared/read.h"
#include "shared_ranks.h"

namespace inccl::exec {
namespace {

using transport::PeerMemory;
using Values = std::vector<int64_t>;
const auto kSum = reduce::find(DataType::kInt64, RedOp::kSum).reduceMany;
constexpr size_t kCounts[] = {1, 2, 31, 500, 5003, 300001};

// One rank with its memory on offer.
struct Reader {
  Ranks::Rank& rank;
  PeerMemory& memory;
  uint32_t me, n;

  Status read(const Values& input, Values& output, ReadShape shape) const {
    return rank.operate<SharedRead>(rank.next(), memory, input.data(), output.data(), shape);
  }
  // What must lie at `output` of what `from` has from element `first` on.
  void expectBlock(const int64_t* output, uint32_t from, size_t first, size_t count,
                   uint32_t salt) const {
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(output[i], valueOf(from, first + i, salt)) << i;
  }
};

Values valuesOf(uint32_t rank, size_t count, uint32_t salt) {
  Values values(count);
  for (size_t i = 0; i < count; ++i) values[i] = valueOf(rank, i, salt);
  return values;
}

void checkAllToAllAndAllGather(const Reader& it, size_t count, uint32_t salt) {
  const Values blocks = valuesOf(it.me, count * it.n, salt);
  Values output(count * it.n, -77);
  ReadShape shape;
  shape.bytes = shape.stride = count * 8;
  shape.offset = count * 8 * it.me;
  ASSERT_TRUE(it.read(blocks, output, shape).ok());
  for (uint32_t from = 0; from < it.n; ++from)
    it.expectBlock(&output[count * from], from, count * it.me, count, salt);
  const Values mine = valuesOf(it.me, count, salt + 1);
  shape.offset = 0;
  ASSERT_TRUE(it.read(mine, output, shape).ok());
  for (uint32_t from = 0; from < it.n; ++from)
    it.expectBlock(&output[count * from], from, 0, count, salt + 1);
}

void checkRooted(const Reader& it, size_t count, uint32_t salt) {
  const uint32_t root = salt % it.n;
  const bool isRoot = it.me == root;
  const Values input = valuesOf(it.me, count * it.n, salt);
  Values output(count, -77), all(isRoot ? count * it.n : 1, -77);
  ReadShape broadcast, scatter, gather;
  broadcast.onlyOfferer = scatter.onlyOfferer = gather.onlyReader = root;
  broadcast.bytes = scatter.bytes = gather.bytes = gather.stride = count * 8;
  scatter.offset = count * 8 * it.me;
  ASSERT_TRUE(it.read(input, output, broadcast).ok());
  it.expectBlock(output.data(), root, 0, count, salt);
  ASSERT_TRUE(it.read(input, output, scatter).ok());
  it.expectBlock(output.data(), root, count * it.me, count, salt);
  ASSERT_TRUE(it.read(input, all, gather).ok());
  for (uint32_t from = 0; isRoot && from < it.n; ++from)
    it.expectBlock(&all[count * from], from, 0, count, salt);
  ASSERT_EQ(all[0], isRoot ? valueOf(0, 0, salt) : -77);
}

void checkReduce(const Reader& it, size_t count, uint32_t salt) {
  const uint32_t root = (salt + 1) % it.n;
  Values input = valuesOf(it.me, count, salt), output(count, -77);
  Values& result = salt % 2 == 0 && it.me == root ? input : output;
  ASSERT_TRUE(it.rank
                  .operate<SharedReadReduce>(it.rank.next(), it.memory, root, input.data(),
                                             result.data(), count * 8, size_t{8}, kSum)
                  .ok());
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(result[i], it.me == root ? sumOf(it.n, i, salt) : -77);
}

template <typename Body>
void onReaders(uint32_t n, Body body) {
  std::atomic<uint32_t> ready{0};
  Ranks(smallShape(n)).onAll([&](Ranks::Rank& rank, uint32_t me) {
    PeerMemory memory(rank.group);
    ++ready;
    while (ready < n) std::this_thread::yield();
    ASSERT_TRUE(memory.tryAll().ok());
    body(Reader{rank, memory, me, n});
    ++ready;
    while (ready < 2 * n) std::this_thread::yield();  // the proof is read until the end
  });
}

TEST(SharedRead, EveryCountAndRootOneAfterTheOther) {
  for (const uint32_t n : {2u, 3u, 4u, 5u, 8u}) {
    SCOPED_TRACE(n);
    onReaders(n, [](const Reader& it) {
      uint32_t salt = 0;
      for (const size_t count : kCounts) {
        for (int repeat = 0; repeat < (count > 10000 ? 1 : 3); ++repeat) {
          ASSERT_NO_FATAL_FAILURE(checkAllToAllAndAllGather(it, count, ++salt));
          ASSERT_NO_FATAL_FAILURE(checkRooted(it, count, ++salt));
          ASSERT_NO_FATAL_FAILURE(checkReduce(it, count, ++salt));
        }
      }
    });
  }
}

TEST(SharedRead, ForeignCallsAreNamedAndNothingIsRead) {
  for (const bool reduces : {false, true}) {
    std::atomic<int> named{0};
    onReaders(2, [&](const Reader& it) {
      const Values input = {1, 2, 3};
      Values output(6, -1);
      const OpTag tag(1, it.me == 0 ? 11 : 22);
      ReadShape shape;
      shape.bytes = shape.stride = 24;
      it.rank.context.timeout = 200 * kMillisecond;
      const Status status =
          reduces ? it.rank.operate<SharedReadReduce>(tag, it.memory, 0u, input.data(),
                                                      output.data(), size_t{24}, size_t{8}, kSum)
                  : it.rank.operate<SharedRead>(tag, it.memory, input.data(), output.data(), shape);
      EXPECT_FALSE(status.ok());
      if (status.code() == Code::kInvalidUsage) ++named;
      EXPECT_EQ(output[it.me == 0 ? 3 : 0], -1);
    });
    EXPECT_EQ(named, reduces ? 1 : 2) << "in a reduce only the root looks";
  }
}

// Rank 0 gives up while nobody has read; rank 1 comes later and must not trust what it reads.
TEST(SharedRead, MemoryThatWasTakenBackIsNoResult) {
  std::atomic<bool> gone{false};
  onReaders(2, [&](const Reader& it) {
    const Values input = {1, 2, 3};
    Values output(3, -1);
    const OpTag tag(1, 1);
    ReadShape shape;
    shape.onlyOfferer = 0;
    shape.bytes = 24;
    const auto broadcast = [&] {
      return it.rank.operate<SharedRead>(tag, it.memory, input.data(), output.data(), shape).code();
    };
    if (it.me == 0) {
      it.rank.context.timeout = 20 * kMillisecond;
      EXPECT_EQ(broadcast(), Code::kTimeout);
      gone = true;
      return;
    }
    while (!gone) std::this_thread::yield();
    EXPECT_EQ(broadcast(), Code::kRemoteError);
  });
}

}  // namespace
}  // namespace inccl::exec
