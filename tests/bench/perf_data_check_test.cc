// The checks of inccl-perf must pass what is right and count what is wrong: data tables, guards,
// and whole calls, played here without a library by a naive collective over the ranks' buffers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "perf/checked_call.h"
#include "perf/data_table.h"
#include "perf/guarded_buffer.h"
#include "perf/test_values.h"

namespace inccl::perf {
namespace {

using ::testing::HasSubstr;

constexpr size_t kPeriod = DataTable::kPeriod;

DataKey keyOf(const char* type, size_t count) { return {3, *findElementType(type), count}; }

class DataTableOfLength : public ::testing::TestWithParam<size_t> {};

TEST_P(DataTableOfLength, WhatIsFilledComparesEqualAndEachDamageIsCounted) {
  const size_t count = GetParam();
  for (const char* type : {"int8", "half", "float", "double"}) {
    const DataTable table = movedData(keyOf(type, count), 0);
    const size_t element = findElementType(type)->bytes;
    std::vector<std::byte> buffer(count * element + 1);
    table.fill(buffer.data(), count);
    EXPECT_EQ(table.compare(buffer.data(), count).count, 0u);
    if (count == 0) continue;
    for (const size_t at : {size_t{0}, count / 2, count - 1}) {
      buffer[at * element] ^= std::byte{1};
      const DataTable::Mismatches one = table.compare(buffer.data(), count);
      EXPECT_EQ(one.count, 1u);
      EXPECT_EQ(one.first, at);
      buffer[at * element] ^= std::byte{1};
    }
    for (size_t i = 0; i < count; ++i) buffer[i * element + element - 1] ^= std::byte{0x80};
    EXPECT_EQ(table.compare(buffer.data(), count).count, count);
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, DataTableOfLength,
                         ::testing::Values(0, 1, 2, 31, 1000, kPeriod - 1, kPeriod, kPeriod + 1,
                                           3 * kPeriod + 17));

// A block that lands one period further must show, although the table repeats.
TEST(DataTableBlocks, ABlockInAnotherPlaceIsFound) {
  const size_t count = 4 * kPeriod;
  const DataTable table = movedData(keyOf("float", count), 0);
  std::vector<uint32_t> right(count);
  table.fill(right.data(), count);
  for (const size_t shift : {size_t{1}, size_t{1024}, size_t{65536}, kPeriod, 2 * kPeriod}) {
    std::vector<uint32_t> moved = right;
    std::copy_n(right.begin(), 4096, moved.begin() + static_cast<ptrdiff_t>(shift));
    EXPECT_GT(table.compare(moved.data(), count).count, 3000u) << shift;
  }
}

TEST(GuardedBuffer, CountsEveryChangedGuardByteOnBothSides) {
  for (const bool ofLibrary : {false, true}) {
    auto buffer = GuardedBuffer::allocate(100, ofLibrary);
    ASSERT_TRUE(buffer.ok());
    for (const size_t offset : {size_t{0}, size_t{3}}) {
      const Span span = buffer.value().span(offset, 97);
      writeGuards(span);
      EXPECT_EQ(countBrokenGuards(span), 0u);
      span.data[0] = span.data[96] = std::byte{0x55};
      EXPECT_EQ(countBrokenGuards(span), 0u) << "inside";
      span.data[-1] ^= std::byte{1};
      span.data[97] ^= std::byte{1};
      span.data[97 + 200] ^= std::byte{1};
      EXPECT_EQ(countBrokenGuards(span), 3u);
    }
  }
}

// All ranks' buffers in one place, and the collective done on them by hand.
class PlayedCall {
 public:
  PlayedCall(const char* collective, const char* type, const char* op, size_t bytes, int ranks,
             int root, bool inPlace)
      : ranks_(ranks) {
    case_.collective = *findCollective(collective);
    case_.type = *findElementType(type);
    case_.op = *findReductionOp(op);
    case_.root = root;
    case_.shape = shapeOf(case_.collective.id, bytes, case_.type.bytes, ranks);
    case_.bytes = reportedBytes(case_.shape, case_.type.bytes);
    for (int rank = 0; rank < ranks; ++rank) addRank(rank, inPlace);
  }

  void prepare() {
    for (int rank = 0; rank < ranks_; ++rank) prepareData(case_, place(rank), buffers(rank), 99);
  }
  // From a copy of all send buffers, so that in place nothing is read after it was overwritten.
  void play() {
    std::vector<std::vector<std::byte>> sent;
    for (int rank = 0; rank < ranks_; ++rank) {
      const Span& send = buffers(rank).send;
      sent.emplace_back(send.data, send.data + send.bytes);
    }
    for (int rank = 0; rank < ranks_; ++rank) playRank(rank, sent);
  }
  [[nodiscard]] std::vector<int64_t> wrong() const {
    std::vector<int64_t> counts;
    for (int rank = 0; rank < ranks_; ++rank)
      counts.push_back(findWrongData(case_, place(rank), buffers(rank), 99).elements);
    return counts;
  }
  [[nodiscard]] WrongData wrongOf(int rank) const {
    return findWrongData(case_, place(rank), buffers(rank), 99);
  }
  [[nodiscard]] const CallBuffers& buffers(int rank) const {
    return buffers_[static_cast<size_t>(rank)];
  }
  [[nodiscard]] const Case& measured() const { return case_; }

 private:
  [[nodiscard]] RankPlace place(int rank) const { return {rank, ranks_}; }

  void addRank(int rank, bool inPlace) {
    const size_t element = case_.type.bytes;
    memory_.push_back(std::move(GuardedBuffer::allocate(case_.bytes + 64, false).value()));
    memory_.push_back(std::move(GuardedBuffer::allocate(case_.bytes + 64, false).value()));
    CallBuffers b;
    b.inPlace = inPlace;
    b.recv = memory_[memory_.size() - 2].span(element, case_.shape.recvElements * element);
    b.send = memory_.back().span(element, case_.shape.sendElements * element);
    const size_t offset = inPlaceOffset(case_.collective.id, case_.shape, rank) * element;
    if (inPlace && b.recv.bytes >= b.send.bytes) b.send.data = b.recv.data + offset;
    if (inPlace && b.recv.bytes < b.send.bytes) b.recv.data = b.send.data + offset;
    buffers_.push_back(b);
  }

  void playRank(int rank, const std::vector<std::vector<std::byte>>& sent) {
    std::byte* to = buffers(rank).recv.data;
    const auto copyFrom = [&](int source) {
      const auto& bytes = sent[static_cast<size_t>(source)];
      to = std::copy(bytes.begin(), bytes.end(), to);
    };
    switch (case_.collective.id) {
      case Collective::kReduce:
        if (rank != case_.root) break;
        [[fallthrough]];
      case Collective::kAllReduce:
        sumInt32(sent, 0, to);
        break;
      case Collective::kReduceScatter:
        sumInt32(sent, blockBytes() * static_cast<size_t>(rank), to);
        break;
      case Collective::kScatter:
        copyBlock(sent[static_cast<size_t>(case_.root)], rank, to);
        break;
      case Collective::kAllToAll:
      case Collective::kAllToAllv:
        for (int source = 0; source < ranks_; ++source) to = copyFor(sent, source, rank, to);
        break;
      case Collective::kBroadcast:
        copyFrom(case_.root);
        break;
      case Collective::kSendRecv:
        copyFrom((rank + ranks_ - 1) % ranks_);
        break;
      case Collective::kGather:
        if (rank != case_.root) break;
        [[fallthrough]];
      case Collective::kAllGather:
        for (int source = 0; source < ranks_; ++source) copyFrom(source);
        break;
      case Collective::kBarrier:
        break;
    }
  }

  [[nodiscard]] size_t blockBytes() const { return case_.shape.count * case_.type.bytes; }
  std::byte* copyBlock(const std::vector<std::byte>& bytes, int block, std::byte* to) const {
    const auto first = bytes.begin() + static_cast<ptrdiff_t>(blockBytes()) * block;
    return std::copy(first, first + static_cast<ptrdiff_t>(blockBytes()), to);
  }

  std::byte* copyFor(const std::vector<std::vector<std::byte>>& sent, int source, int rank,
                     std::byte* to) const {
    if (case_.shape.count == 0) return to;
    const Block block = sendBlocks(case_.shape, source, ranks_)[static_cast<size_t>(rank)];
    const auto first = sent[static_cast<size_t>(source)].begin() +
                       static_cast<ptrdiff_t>(block.offset * case_.type.bytes);
    return std::copy(first, first + static_cast<ptrdiff_t>(block.count * case_.type.bytes), to);
  }

  void sumInt32(const std::vector<std::vector<std::byte>>& sent, size_t offset,
                std::byte* to) const {
    for (size_t i = 0; i < case_.shape.count; ++i) {
      uint32_t sum = 0;
      for (const auto& bytes : sent) {
        uint32_t value = 0;
        std::memcpy(&value, bytes.data() + offset + i * 4, 4);
        sum += value;
      }
      std::memcpy(to + i * 4, &sum, 4);
    }
  }

  int ranks_;
  Case case_;
  std::vector<GuardedBuffer> memory_;
  std::vector<CallBuffers> buffers_;
};

constexpr const char* kMoving[] = {"all_reduce", "broadcast", "all_gather", "reduce_scatter",
                                   "reduce",     "gather",    "scatter",    "alltoall",
                                   "alltoallv",  "sendrecv"};

TEST(CheckedCall, ARightCallHasNothingWrong) {
  for (const char* collective : kMoving) {
    for (const int ranks : {1, 2, 3, 5, 8}) {
      for (const size_t bytes : {0, 4, 4096, 1000003}) {
        for (const bool inPlace : {false, true}) {
          if (inPlace && !findCollective(collective)->hasInPlace) continue;
          PlayedCall call(collective, "int32", "sum", bytes, ranks, ranks - 1, inPlace);
          call.prepare();
          call.play();
          EXPECT_THAT(call.wrong(), ::testing::Each(0))
              << collective << " " << ranks << " ranks " << bytes << " bytes, in place " << inPlace;
        }
      }
    }
  }
}

TEST(CheckedCall, ACallThatDoesNothingIsWrongInEveryElementThatItHadToWrite) {
  for (const char* collective : kMoving) {
    PlayedCall call(collective, "int32", "sum", 40000, 2, 0, false);
    call.prepare();
    for (int rank = 0; rank < 2; ++rank) {
      const bool writes = receives(call.measured(), rank);
      EXPECT_EQ(call.wrongOf(rank).elements,
                writes ? static_cast<int64_t>(call.measured().shape.recvElements) : 0)
          << collective << " rank " << rank;
    }
  }
}

TEST(CheckedCall, TheResultOfAnEarlierCallIsWrong) {
  PlayedCall call("all_gather", "int32", "sum", 40000, 2, 0, false);
  call.prepare();
  call.play();
  const Case& c = call.measured();
  EXPECT_EQ(findWrongData(c, {0, 2}, call.buffers(0), 100).elements,
            static_cast<int64_t>(c.shape.recvElements + c.shape.sendElements));
}

TEST(CheckedCall, DamageIsCountedWhereItIs) {
  PlayedCall call("all_reduce", "int32", "sum", 4000, 3, -1, false);
  call.prepare();
  call.play();
  call.buffers(1).recv.data[4 * 77] ^= std::byte{1};
  call.buffers(1).recv.data[4 * 78 + 3] ^= std::byte{1};
  call.buffers(2).recv.data[4000] ^= std::byte{1};
  EXPECT_THAT(call.wrong(), ::testing::ElementsAre(0, 2, 1));
  EXPECT_EQ(call.wrongOf(1).what, "2 wrong elements in the result, the first at 77");
  EXPECT_THAT(call.wrongOf(2).what, HasSubstr("around the receive buffer"));
  call.buffers(0).send.data[8] ^= std::byte{1};
  EXPECT_THAT(call.wrongOf(0).what, HasSubstr("1 elements of the send buffer changed"));
}

TEST(CheckedCall, ASendBufferThatIsNotReadMustStayUntouched) {
  PlayedCall call("broadcast", "double", "sum", 4000, 2, 0, false);
  call.prepare();
  call.play();
  call.buffers(1).send.data[5] ^= std::byte{1};
  EXPECT_THAT(call.wrong(), ::testing::ElementsAre(0, 1));
}

TEST(CheckedCall, AGatherWithTwoBlocksExchangedIsWrong) {
  PlayedCall call("all_gather", "int32", "sum", 3 * 4096, 3, -1, true);
  call.prepare();
  call.play();
  std::byte* recv = call.buffers(0).recv.data;
  std::swap_ranges(recv, recv + 4096, recv + 2 * 4096);
  EXPECT_THAT(call.wrong(), ::testing::ElementsAre(2048, 0, 0));
}

// The blocks that are another rank's share are not the call's to touch.
TEST(CheckedCall, InPlaceOnlyTheResultMayChange) {
  for (const char* collective : {"reduce_scatter", "scatter"}) {
    PlayedCall call(collective, "int32", "sum", 3 * 4096, 3, 0, true);
    call.prepare();
    call.play();
    EXPECT_THAT(call.wrong(), ::testing::Each(0)) << collective;
    call.buffers(1).send.data[2 * 4096] ^= std::byte{1};  // the block of rank 2
    call.buffers(2).send.data[2 * 4096] ^= std::byte{1};  // its own: the result
    EXPECT_THAT(call.wrong(), ::testing::ElementsAre(0, 1, 1)) << collective;
  }
}

TEST(CheckedCall, InPlaceAGatherLeavesOthersMemoryAlone) {
  PlayedCall call("gather", "int32", "sum", 3 * 4096, 3, 0, true);
  call.prepare();
  call.play();
  EXPECT_THAT(call.wrong(), ::testing::Each(0));
  call.buffers(1).recv.data[0] ^= std::byte{1};         // poison
  call.buffers(2).recv.data[2 * 4096] ^= std::byte{1};  // what it sent
  EXPECT_THAT(call.wrong(), ::testing::ElementsAre(0, 1, 1));
}

TEST(CheckedCall, TheBlockOfAnotherRankIsWrong) {
  PlayedCall call("alltoallv", "int32", "sum", 3 * 4096, 3, -1, false);
  call.prepare();
  call.play();
  const Block fromNext = recvBlocks(call.measured().shape, 0, 3)[1];
  ASSERT_GT(fromNext.count, 0u);
  std::byte* const block = call.buffers(0).recv.data + fromNext.offset * 4;
  std::memmove(block, block + 4, fromNext.count * 4 - 4);
  EXPECT_THAT(call.wrong(), ::testing::ElementsAre(static_cast<int64_t>(fromNext.count) - 1, 0, 0));
}

}  // namespace
}  // namespace inccl::perf
