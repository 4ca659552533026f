// Values to bytes and back, and what a reader does with lies.
#include "wire/byte_codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace inccl::wire {
namespace {

struct Pair {
  uint8_t first = 0;
  uint16_t second = 0;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.first);
    codec.integer(self.second);
  }
};

enum class Colour : uint8_t { kRed = 1, kBlue = 2 };
bool isColour(Colour colour) { return colour == Colour::kRed || colour == Colour::kBlue; }

std::vector<std::byte> bytesOf(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(ByteCodec, IntegersAreLittleEndian) {
  Writer writer;
  writer.integer(uint32_t{0x01020304});
  writer.integer(int16_t{-2});
  writer.integer(uint8_t{0xff});
  EXPECT_EQ(writer.bytes(), bytesOf({4, 3, 2, 1, 0xfe, 0xff, 0xff}));
}

template <typename Integer>
void expectRoundTrip(Integer value) {
  Writer writer;
  writer.integer(value);
  Reader reader(writer.bytes());
  Integer back = 0;
  reader.integer(back);
  EXPECT_EQ(back, value);
  EXPECT_TRUE(reader.finish("test").ok());
}

TEST(ByteCodec, ExtremeIntegersComeBack) {
  expectRoundTrip(std::numeric_limits<int64_t>::min());
  expectRoundTrip(std::numeric_limits<int64_t>::max());
  expectRoundTrip(std::numeric_limits<uint64_t>::max());
  expectRoundTrip(std::numeric_limits<int32_t>::min());
  expectRoundTrip(std::numeric_limits<uint16_t>::max());
  expectRoundTrip(int8_t{-128});
  expectRoundTrip(uint8_t{0});
}

TEST(ByteCodec, TextIsCutAtItsLimitAndComesBack) {
  Writer writer;
  writer.text("abcdef", 4);
  writer.text("", 4);
  Reader reader(writer.bytes());
  std::string first = "x", second = "x";
  reader.text(first, 4);
  reader.text(second, 4);
  EXPECT_EQ(first, "abcd");
  EXPECT_EQ(second, "");
  EXPECT_TRUE(reader.finish("test").ok());
}

TEST(ByteCodec, TextBeyondTheReadersLimitIsRefused) {
  Writer writer;
  writer.text("abcdef", 100);
  Reader reader(writer.bytes());
  std::string text;
  reader.text(text, 5);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(text, "");
}

TEST(ByteCodec, BlobLengthIsNotTrusted) {
  const auto lie = bytesOf({0xff, 0xff, 0xff, 0xff, 1, 2, 3});
  Reader reader(lie);
  std::vector<std::byte> blob;
  reader.blob(blob, std::numeric_limits<size_t>::max());
  EXPECT_TRUE(reader.failed());
  EXPECT_TRUE(blob.empty());
}

TEST(ByteCodec, ListCountBeyondTheInputIsRefusedBeforeMemoryIsTaken) {
  const auto lie = bytesOf({0xff, 0xff, 0xff, 0x7f, 1, 2, 3});
  Reader reader(lie);
  std::vector<Pair> list;
  reader.list(list, std::numeric_limits<size_t>::max());
  EXPECT_TRUE(reader.failed());
  EXPECT_LE(list.capacity(), 8u);
}

TEST(ByteCodec, ListComesBack) {
  Writer writer;
  writer.list(std::vector<Pair>{{1, 2}, {3, 4}}, 2);
  Reader reader(writer.bytes());
  std::vector<Pair> list;
  reader.list(list, 2);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].first, 3);
  EXPECT_EQ(list[1].second, 4);
  Reader strict(writer.bytes());
  strict.list(list, 1);
  EXPECT_TRUE(strict.failed());
}

TEST(ByteCodec, UnknownEnumeratorsAndFlagsAreRefused) {
  const auto three = bytesOf({3, 2});
  Reader reader(three);
  Colour colour = Colour::kRed;
  reader.choice(colour, isColour);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(colour, Colour::kRed);
  Reader flags(three);
  bool flag = false;
  flags.flag(flag);
  EXPECT_TRUE(flags.failed());
}

TEST(ByteCodec, FirstFailureSticksAndLaterValuesAreZero) {
  const auto two = bytesOf({1, 2});
  Reader reader(two);
  uint32_t big = 7;
  reader.integer(big);
  uint8_t small = 7;
  reader.integer(small);
  EXPECT_EQ(big, 0u);
  EXPECT_EQ(small, 0);
  EXPECT_EQ(reader.finish("test").message(), "malformed test message: it ends too early");
}

TEST(ByteCodec, LeftOverBytesAreAFailure) {
  const auto two = bytesOf({1, 2});
  Reader reader(two);
  uint8_t value = 0;
  reader.integer(value);
  EXPECT_EQ(reader.finish("test").message(), "malformed test message: bytes are left over");
}

}  // namespace
}  // namespace inccl::wire
