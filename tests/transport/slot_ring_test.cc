// Rings of slots: order, reuse, several readers, lengths that a peer wrote wrong, and group boards.
#include "transport/slot_ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "os/shared_memory.h"
#include "transport/multi_group.h"
#include "transport/shared_transport.h"

namespace inccl::transport {
namespace {

struct RingMemory {
  explicit RingMemory(SlotRingShape ringShape)
      : shape(ringShape),
        memory(std::move(os::SharedMemory::anonymous(shape.totalBytes())).value()) {}
  SlotRingShape shape;
  os::SharedMemory memory;
};

TEST(SlotRing, DeliversInOrderAndStopsWhenFull) {
  RingMemory ring({64, 3, 1});
  SlotWriter writer(ring.memory.data(), ring.shape);
  SlotReader reader(ring.memory.data(), ring.shape, 0);
  EXPECT_EQ(reader.head().data, nullptr);
  for (uint32_t message = 1; message <= 3; ++message) {
    std::byte* const slot = writer.reserve();
    ASSERT_NE(slot, nullptr);
    slot[0] = static_cast<std::byte>(message);
    writer.publish(message, OpTag(message, 9));
  }
  EXPECT_EQ(writer.reserve(), nullptr) << "three slots are all taken";
  for (uint32_t message = 1; message <= 3; ++message) {
    const SlotView view = reader.head();
    ASSERT_NE(view.data, nullptr);
    EXPECT_EQ(view.data[0], static_cast<std::byte>(message));
    EXPECT_EQ(view.bytes, message);
    EXPECT_EQ(view.tag, OpTag(message, 9));
    reader.release();
    EXPECT_NE(writer.reserve(), nullptr);
  }
  EXPECT_EQ(reader.head().data, nullptr);
}

TEST(SlotRing, WaitsForTheSlowestReader) {
  RingMemory ring({64, 2, 3});
  SlotWriter writer(ring.memory.data(), ring.shape);
  std::vector<SlotReader> readers;
  for (uint32_t reader = 0; reader < 3; ++reader)
    readers.emplace_back(ring.memory.data(), ring.shape, reader);
  for (int message = 0; message < 2; ++message) {
    ASSERT_NE(writer.reserve(), nullptr);
    writer.publish(0, OpTag(1, 1));
  }
  readers[0].release();
  readers[2].release();
  EXPECT_EQ(writer.reserve(), nullptr);
  readers[1].release();
  EXPECT_NE(writer.reserve(), nullptr);
  EXPECT_FALSE(writer.drained());
  for (SlotReader& reader : readers) reader.release();
  EXPECT_TRUE(writer.drained());
}

TEST(SlotRing, NeverTrustsALengthBeyondTheSlot) {
  RingMemory ring({128, 2, 1});
  SlotWriter writer(ring.memory.data(), ring.shape);
  SlotReader reader(ring.memory.data(), ring.shape, 0);
  ASSERT_NE(writer.reserve(), nullptr);
  writer.publish(~size_t{0} >> 1, OpTag(1, 1));
  EXPECT_EQ(reader.head().bytes, 128u);
  reader.release();
  ASSERT_NE(writer.reserve(), nullptr);
  writer.publish(~size_t{0}, OpTag(1, 1));
  EXPECT_EQ(reader.head().bytes, SlotRingBase::kInlineBytes);
}

TEST(SlotRing, ShortMessagesLieInTheHeader) {
  RingMemory ring({128, 3, 1});
  SlotWriter writer(ring.memory.data(), ring.shape);
  SlotReader reader(ring.memory.data(), ring.shape, 0);
  const std::vector<std::byte> data(100, std::byte{7});
  for (const size_t bytes : {size_t{0}, size_t{1}, SlotRingBase::kInlineBytes,
                             SlotRingBase::kInlineBytes + 1, size_t{100}}) {
    ASSERT_TRUE(writer.post(data.data(), bytes, OpTag(1, 1)));
    const SlotView view = reader.head();
    ASSERT_NE(view.data, nullptr);
    ASSERT_EQ(view.bytes, bytes);
    EXPECT_EQ(std::memcmp(view.data, data.data(), bytes), 0);
    const bool inHeader = view.data < ring.memory.data() + 64 * ring.shape.slotCount;
    EXPECT_EQ(inHeader, bytes <= SlotRingBase::kInlineBytes) << bytes;
    reader.release();
  }
  for (int message = 0; message < 3; ++message) ASSERT_TRUE(writer.post(nullptr, 0, OpTag(1, 1)));
  EXPECT_FALSE(writer.post(data.data(), 1, OpTag(1, 1)));
}

TEST(SlotRing, AReaderMaySkipWhatIsNotYetThere) {
  RingMemory ring({64, 3, 2});
  SlotWriter writer(ring.memory.data(), ring.shape);
  SlotReader first(ring.memory.data(), ring.shape, 0), second(ring.memory.data(), ring.shape, 1);
  first.skip(10);
  EXPECT_EQ(first.head().data, nullptr);
  for (uint32_t message = 1; message <= 11; ++message) {
    ASSERT_TRUE(writer.post(&message, sizeof message, OpTag(message, 1)));
    EXPECT_EQ(first.head().data != nullptr, message == 11);
    ASSERT_EQ(second.head().tag, OpTag(message, 1));
    second.release();
  }
  EXPECT_EQ(first.head().tag, OpTag(11, 1));
  EXPECT_FALSE(writer.drained());
  first.skip(5);
  second.skip(1);
  EXPECT_TRUE(writer.drained()) << "readers that are ahead hold nothing";
}

TEST(SlotRing, CarriesAStreamBetweenThreads) {
  RingMemory ring({256, 4, 2});
  constexpr uint64_t kMessages = 20000;
  const auto read = [&](uint32_t number) {
    SlotReader reader(ring.memory.data(), ring.shape, number);
    for (uint64_t message = 1; message <= kMessages;) {
      const SlotView view = reader.head();
      if (!view.data) {
        std::this_thread::yield();
        continue;
      }
      uint64_t value = 0;
      std::memcpy(&value, view.data, sizeof value);
      if (value != message || view.bytes != sizeof value) return false;
      reader.release();
      ++message;
    }
    return true;
  };
  bool good[2] = {false, false};
  std::thread first([&] { good[0] = read(0); }), second([&] { good[1] = read(1); });
  SlotWriter writer(ring.memory.data(), ring.shape);
  for (uint64_t message = 1; message <= kMessages;) {
    std::byte* const slot = writer.reserve();
    if (!slot) {
      std::this_thread::yield();
      continue;
    }
    std::memcpy(slot, &message, sizeof message);
    writer.publish(sizeof message, OpTag(1, 1));
    ++message;
  }
  first.join();
  second.join();
  EXPECT_TRUE(good[0]);
  EXPECT_TRUE(good[1]);
}

TEST(MultiGroup, BoardsDoNotOverlap) {
  for (const uint32_t members : {1u, 2u, 3u, 8u}) {
    MultiGroupShape shape{members, 1024, 512, 3};
    auto memory = std::move(os::SharedMemory::anonymous(shape.totalBytes())).value();
    std::vector<MultiGroup> groups;
    for (uint32_t me = 0; me < members; ++me) groups.emplace_back(memory.data(), shape, me);
    // Everybody fills all it may write with its own number; then everything must still be there.
    for (uint32_t me = 0; me < members; ++me) {
      const auto mark = static_cast<int>(me + 1);
      for (const uint64_t exchange : {0, 1}) {
        const ExchangeCell cell = groups[me].cell(me, exchange);
        std::memset(cell.payload(shape.cellBytes), mark, shape.cellBytes);
        cell.flag().store(me + 1);
      }
      if (members == 1) continue;
      for (SlotWriter* ring : {&groups[me].contribution(), &groups[me].result()}) {
        for (uint32_t slot = 0; slot < shape.slotCount; ++slot) {
          std::memset(ring->reserve(), mark, shape.slotBytes);
          ring->publish(shape.slotBytes, OpTag(me + 1, slot));
        }
      }
    }
    for (uint32_t reader = 0; reader < members; ++reader) {
      for (uint32_t writer = 0; writer < members; ++writer) {
        if (writer == reader) continue;
        EXPECT_EQ(groups[reader].cell(writer, 1).flag().load(), writer + 1);
        for (SlotReader* ring :
             {&groups[reader].contributionOf(writer), &groups[reader].resultOf(writer)}) {
          for (uint32_t slot = 0; slot < shape.slotCount; ++slot) {
            const SlotView view = ring->head();
            ASSERT_NE(view.data, nullptr);
            EXPECT_EQ(view.tag, OpTag(writer + 1, slot));
            EXPECT_EQ(view.data[0], static_cast<std::byte>(writer + 1));
            EXPECT_EQ(view.data[shape.slotBytes - 1], static_cast<std::byte>(writer + 1));
            ring->release();
          }
        }
      }
    }
  }
}

TEST(SharedShapes, FitTheBudgetOrSayWhatIsMissing) {
  for (const int ranks : {2, 3, 8, 16, 64, 128, 1000}) {
    const auto shapes = SharedShapes::within(64 << 20, ranks, static_cast<uint32_t>(ranks));
    ASSERT_TRUE(shapes.ok()) << ranks;
    EXPECT_LE(shapes.value().bytesPerRank(ranks), 64u << 20) << ranks;
  }
  const auto tooSmall = SharedShapes::within(4096, 8, 8);
  ASSERT_FALSE(tooSmall.ok());
  EXPECT_NE(tooSmall.status().message().find("INCCL_BUFFSIZE (4096)"), std::string_view::npos);
}

}  // namespace
}  // namespace inccl::transport
