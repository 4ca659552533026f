// The layout of a stream frame's header, byte by byte, and what is no header.
#include "wire/stream_frame.h"

#include <gtest/gtest.h>

namespace inccl::wire {
namespace {

std::array<std::byte, StreamFrame::kBytes> encoded(uint32_t payloadBytes, uint64_t tag) {
  return StreamFrame{payloadBytes, OpTag::fromWord(tag)}.encode();
}

TEST(StreamFrame, LayoutIsLittleEndianAndAsDocumented) {
  const auto bytes = encoded(0x01020304, 0x1112131415161718ULL);
  const uint8_t expected[StreamFrame::kBytes] = {'I',  'N',  'L',  '1',  0x04, 0x03, 0x02, 0x01,
                                                 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
  for (size_t i = 0; i < StreamFrame::kBytes; ++i)
    EXPECT_EQ(std::to_integer<int>(bytes[i]), expected[i]) << "byte " << i;
}

TEST(StreamFrame, WhatIsWrittenIsRead) {
  for (const uint32_t length : {0u, 1u, 7u, 65535u, 262144u, 0xffffffffu}) {
    for (const uint64_t tag : {uint64_t{1}, uint64_t{0x8000000000000001}, ~uint64_t{0}}) {
      const auto frame = StreamFrame::decode(encoded(length, tag).data());
      ASSERT_TRUE(frame.has_value());
      EXPECT_EQ(frame->payloadBytes, length);
      EXPECT_EQ(frame->tag.word(), tag);
    }
  }
}

TEST(StreamFrame, AnyFlippedBitOfTheMagicIsNoHeader) {
  for (size_t bit = 0; bit < 32; ++bit) {
    auto bytes = encoded(8, 42);
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    EXPECT_FALSE(StreamFrame::decode(bytes.data()).has_value()) << "bit " << bit;
  }
}

TEST(StreamFrame, ZerosAndTextAreNoHeader) {
  std::array<std::byte, StreamFrame::kBytes> bytes{};
  EXPECT_FALSE(StreamFrame::decode(bytes.data()).has_value());
  const char request[] = "GET / HTTP/1.1\r\n";
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(request[i]);
  EXPECT_FALSE(StreamFrame::decode(bytes.data()).has_value());
}

}  // namespace
}  // namespace inccl::wire
