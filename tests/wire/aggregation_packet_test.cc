// The layout of aggregation packets against byte vectors that both sides share, and everything that
// is no packet.
#include "wire/aggregation_packet.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <vector>

#include "support/seed.h"

namespace inccl::wire {
namespace {

using Bytes = std::vector<std::byte>;

std::map<std::string, Bytes> vectors() {
  std::map<std::string, Bytes> vectors;
  std::ifstream file(INCCL_TEST_DATA "/wire/aggregation_packets.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t space = line.find(' ');
    Bytes& bytes = vectors[line.substr(0, space)];
    for (size_t i = space + 1; i + 1 < line.size(); i += 2)
      bytes.push_back(static_cast<std::byte>(std::stoi(line.substr(i, 2), nullptr, 16)));
  }
  return vectors;
}

AggregationHeader header(PacketKind kind, LaneOp op, uint16_t worker, uint32_t session,
                         uint16_t slot, LaneType type, uint16_t elements, uint32_t generation,
                         uint32_t opTag, uint32_t tag0 = 0, uint32_t tag1 = 0) {
  return {kind, op, worker, session, slot, type, elements, generation, opTag, {tag0, tag1}};
}

AggregationHeader headerAlone(AggregationHeader header) {
  header.resultWanted = false;
  return header;
}

const std::map<std::string, AggregationHeader> kHeaders = {
    {"data_int32",
     header(PacketKind::kData, LaneOp::kSum, 3, 0x12345678, 7, LaneType::kInt32, 3, 9, 0xcafe0001)},
    {"result_int32", header(PacketKind::kResult, LaneOp::kSum, AggregationHeader::kAllWorkers,
                            0x12345678, 7, LaneType::kInt32, 3, 9, 0xcafe0001)},
    {"data_fixed32", header(PacketKind::kData, LaneOp::kSum, 0, 0x0badf00d, 511, LaneType::kFixed32,
                            2, 0xfffffffe, 0x00c0ffee, 123456, 2097142)},
    {"result_header_alone", header(PacketKind::kResult, LaneOp::kSum, 2, 0x0badf00d, 511,
                                   LaneType::kNone, 0, 0xfffffffe, 0x00c0ffee)},
    {"data_of_no_receiver", headerAlone(header(PacketKind::kData, LaneOp::kMax, 3, 0x12345678, 7,
                                               LaneType::kUint32, 1, 9, 0xcafe0001))},
    {"exponents", header(PacketKind::kExponents, LaneOp::kMax, 1, 0x0badf00d, 0,
                         LaneType::kExponent16, 3, 0, 0x00c0ffee)},
    {"probe", header(PacketKind::kProbe, LaneOp::kNone, 1, 0x12345678, 7, LaneType::kNone, 0, 9,
                     0xcafe0001)},
    {"status", header(PacketKind::kStatus, LaneOp::kNone, 1, 0x12345678, 7, LaneType::kUint32, 2, 9,
                      0xcafe0001)},
    {"nak", header(PacketKind::kNak, LaneOp::kNone, 1, 0x11111111, 7, LaneType::kNone, 0, 9, 0)},
    {"mismatch", header(PacketKind::kMismatch, LaneOp::kNone, AggregationHeader::kAllWorkers,
                        0x12345678, 7, LaneType::kUint32, 4, 9, 0xcafe0001)},
};

TEST(AggregationPacket, EveryVectorIsReadAndWrittenAsDocumented) {
  const auto all = vectors();
  ASSERT_EQ(all.size(), kHeaders.size());
  for (const auto& [name, bytes] : all) {
    const auto decoded = decodePacket(bytes);
    ASSERT_TRUE(std::holds_alternative<PacketView>(decoded)) << name;
    const auto& packet = std::get<PacketView>(decoded);
    EXPECT_EQ(packet.header, kHeaders.at(name)) << name;
    EXPECT_EQ(packet.payload.size(), packet.header.elements * bytesOf(packet.header.type)) << name;
    Bytes written(AggregationHeader::kBytes);
    encodeHeader(packet.header, written);
    EXPECT_EQ(written, Bytes(bytes.begin(), bytes.begin() + AggregationHeader::kBytes)) << name;
  }
  const auto fixed = std::get<PacketView>(decodePacket(all.at("data_fixed32")));
  ASSERT_EQ(fixed.exponents.size(), 2u);
  int16_t exponent = 0;
  std::memcpy(&exponent, fixed.exponents.data(), 2);
  EXPECT_EQ(exponent, -97);
}

// One byte less or more is another length, and no kind forgives that.
TEST(AggregationPacket, EveryOtherLengthIsRefused) {
  for (const auto& [name, bytes] : vectors()) {
    for (size_t length = 0; length < bytes.size(); ++length) {
      const auto decoded = decodePacket(std::span(bytes).first(length));
      const bool exponentsLost =  // what is left is a packet of fewer exponents
          name == "data_fixed32" && length == bytes.size() - 2;
      EXPECT_EQ(std::holds_alternative<PacketView>(decoded), exponentsLost)
          << name << " " << length;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_EQ(std::get<BadPacket>(decodePacket(longer)), BadPacket::kBadLength) << name;
  }
}

TEST(AggregationPacket, TheHopsCheckBelongsToTheHop) {
  Bytes bytes = vectors().at("data_int32");
  EXPECT_TRUE(std::holds_alternative<BadPacket>(decodePacket(bytes, kHopCheckBytes)));
  bytes.resize(bytes.size() + kHopCheckBytes);
  const auto decoded = decodePacket(bytes, kHopCheckBytes);
  ASSERT_TRUE(std::holds_alternative<PacketView>(decoded));
  EXPECT_TRUE(std::get<PacketView>(decoded).exponents.empty());
}

BadPacket refusal(Bytes bytes, size_t offset, uint8_t value) {
  bytes[offset] = std::byte{value};
  const auto decoded = decodePacket(bytes);
  EXPECT_TRUE(std::holds_alternative<BadPacket>(decoded)) << offset << " " << int{value};
  return std::holds_alternative<BadPacket>(decoded) ? std::get<BadPacket>(decoded)
                                                    : BadPacket::kTooShort;
}

TEST(AggregationPacket, WrongWordsAreNamed) {
  const auto all = vectors();
  const Bytes& data = all.at("data_int32");
  EXPECT_EQ(refusal(data, 0, 0xA2), BadPacket::kForeign);
  EXPECT_EQ(refusal(data, 1, 0x10), BadPacket::kUnknownKind);
  EXPECT_EQ(refusal(data, 1, 0x18), BadPacket::kUnknownKind);
  EXPECT_EQ(refusal(all.at("probe"), 1, 0x0c), BadPacket::kBadLength);  // answered by less
  EXPECT_EQ(refusal(data, 1, 0x71), BadPacket::kUnknownOperation);
  EXPECT_EQ(refusal(data, 11, 0x80), BadPacket::kUnknownType);
  EXPECT_EQ(refusal(data, 10, 4), BadPacket::kBadLength);
  EXPECT_EQ(refusal(data, 11, 0x19), BadPacket::kBadLength);  // more elements than there may be
  EXPECT_EQ(refusal(all.at("probe"), 11, 0x10), BadPacket::kBadLength);     // a probe with a type
  EXPECT_EQ(refusal(all.at("exponents"), 1, 0x13), BadPacket::kBadLength);  // not by maximum
}

TEST(AggregationPacket, RandomBytesAreJudgedAsAWhole) {
  std::mt19937_64 random = test::trialRandom(0);
  const auto all = vectors();
  for (int trial = 0; trial < 20000; ++trial) {
    Bytes bytes = std::next(all.begin(), static_cast<long>(random() % all.size()))->second;
    for (uint64_t flips = random() % 4; flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1u << random() % 8);
    bytes.resize(random() % 3 == 0 ? random() % 64 : bytes.size());
    const auto decoded = decodePacket(bytes);
    if (const auto* const packet = std::get_if<PacketView>(&decoded)) {
      EXPECT_EQ(AggregationHeader::kBytes + packet->payload.size() + packet->exponents.size(),
                bytes.size());
    }
  }
}

}  // namespace
}  // namespace inccl::wire
