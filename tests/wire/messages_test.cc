// Every message there and back, cut short at every length, lengthened, and made of random bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/seed.h"
#include "wire/control_messages.h"
#include "wire/handshake_messages.h"

namespace inccl::wire {
namespace {

using ::testing::HasSubstr;

template <size_t N>
std::array<std::byte, N> pattern(int start) {
  std::array<std::byte, N> bytes;
  for (size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::byte>(start + static_cast<int>(i));
  return bytes;
}

std::vector<std::byte> blobOf(size_t bytes) {
  return std::vector<std::byte>(bytes, std::byte{0xa5});
}

Peer samplePeer(int rank) {
  Peer peer;
  peer.rank = rank;
  peer.host = "node7";
  peer.hostKey = "boot/net:[1]";
  peer.pid = 4711;
  peer.processKey = 0x0123456789abcdef;
  peer.configHash = 42;
  peer.endpoints = blobOf(100);
  return peer;
}

Hello sample(Hello) { return {Purpose::kData, pattern<16>(1), pattern<16>(50)}; }
Challenge sample(Challenge) { return {pattern<16>(9)}; }
Proof sample(Proof) { return {pattern<32>(3)}; }
Welcome sample(Welcome) { return {pattern<32>(77)}; }
Reject sample(Reject) { return {RejectReason::kRefused, "no such rank"}; }
DataRequest sample(DataRequest) { return {3, 5, 7}; }
DescriptorRequest sample(DescriptorRequest) { return {2, "slots/0"}; }
DescriptorReply sample(DescriptorReply) { return {}; }
Heartbeat sample(Heartbeat) { return {}; }
GoodbyeSeen sample(GoodbyeSeen) { return {}; }
Failure sample(Failure) { return {Code::kTimeout, 4, true, "rank 4 was late"}; }
Gather sample(Gather) { return {1, 9, blobOf(1000)}; }
Goodbye sample(Goodbye) { return {6, 123456}; }
Note sample(Note) { return {1, 2, blobOf(300)}; }
Waiting sample(Waiting) {
  OpSignature signature;
  signature.collective = Collective::kBroadcast;
  signature.type = DataType::kInt64;
  signature.op = RedOp::kMax;
  signature.root = 3;
  signature.count = uint64_t{1} << 40;
  return {2, 17, signature};
}
Join sample(Join) {
  Join join;
  join.nRanks = 8;
  join.patienceMs = 60000;
  join.self = samplePeer(3);
  return join;
}
Table sample(Table) {
  Table table;
  table.communicator = pattern<16>(100);
  table.hub = samplePeer(-1);
  table.heartbeatMs = 250;
  for (int rank = 0; rank < 3; ++rank) table.peers.push_back(samplePeer(rank));
  return table;
}

std::span<const std::byte> bodyOf(const std::vector<std::byte>& frame) {
  return std::span(frame).subspan(kHeaderBytes);
}

template <typename Message>
class Messages : public ::testing::Test {};
using AllMessages = ::testing::Types<Hello, Challenge, Proof, Welcome, Reject, DataRequest,
                                     DescriptorRequest, DescriptorReply, Heartbeat, GoodbyeSeen,
                                     Failure, Gather, Goodbye, Note, Waiting, Join, Table>;
TYPED_TEST_SUITE(Messages, AllMessages);

TYPED_TEST(Messages, ComesBackTheSame) {
  const auto frame = encodeFrame(sample(TypeParam{}));
  const auto header =
      decodeHeader(std::span<const std::byte, kHeaderBytes>(frame.data(), kHeaderBytes));
  ASSERT_TRUE(header.ok()) << header.status().message();
  EXPECT_EQ(header.value().kind, TypeParam::kKind);
  EXPECT_EQ(header.value().length + kHeaderBytes, frame.size());
  EXPECT_LE(header.value().length, bodyLimit(TypeParam::kKind));
  const auto back = decodeBody<TypeParam>(bodyOf(frame));
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(encodeFrame(back.value()), frame);
}

TYPED_TEST(Messages, EveryTruncationIsRefused) {
  const auto frame = encodeFrame(sample(TypeParam{}));
  const auto body = bodyOf(frame);
  for (size_t length = 0; length < body.size(); ++length)
    EXPECT_FALSE(decodeBody<TypeParam>(body.first(length)).ok()) << length << " bytes";
}

TYPED_TEST(Messages, AByteTooManyIsRefused) {
  auto frame = encodeFrame(sample(TypeParam{}));
  frame.push_back(std::byte{0});
  EXPECT_FALSE(decodeBody<TypeParam>(bodyOf(frame)).ok());
}

// Whatever the bytes are: a value or an error, and what is accepted is what it says.
TYPED_TEST(Messages, RandomBytesNeverHarm) {
  std::mt19937_64 random(test::testSeed());
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<std::byte> bytes(random() % 200);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() >> (random() % 8 * 8));
    const auto decoded = decodeBody<TypeParam>(bytes);
    if (!decoded.ok()) continue;
    EXPECT_EQ(encodeFrame(decoded.value()).size(), bytes.size() + kHeaderBytes);
  }
}

// The same with a message whose single bits are wrong, which gets further into a decoder.
TYPED_TEST(Messages, FlippedBitsNeverHarm) {
  const auto frame = encodeFrame(sample(TypeParam{}));
  std::vector<std::byte> body(bodyOf(frame).begin(), bodyOf(frame).end());
  for (size_t bit = 0; bit < body.size() * 8; ++bit) {
    body[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto decoded = decodeBody<TypeParam>(body);
    if (decoded.ok()) {
      EXPECT_EQ(encodeFrame(decoded.value()).size(), frame.size());
    }
    body[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
  }
}

std::array<std::byte, kHeaderBytes> headerWith(size_t offset, int value) {
  auto bytes = encodeHeader({Kind::kHeartbeat, 0});
  bytes[offset] = static_cast<std::byte>(value);
  return bytes;
}

TEST(FrameHeader, LayoutIsFixed) {
  const auto bytes = encodeHeader({Kind::kJoin, 0x0102});
  const std::array<int, kHeaderBytes> expected = {'I', 'N', 'C', 'B', 1, 16, 0, 0, 2, 1, 0, 0};
  for (size_t i = 0; i < kHeaderBytes; ++i) EXPECT_EQ(static_cast<int>(bytes[i]), expected[i]) << i;
}

TEST(FrameHeader, DamageIsRefused) {
  for (size_t i = 0; i < 4; ++i) EXPECT_FALSE(decodeHeader(headerWith(i, 0)).ok()) << i;
  EXPECT_THAT(std::string(decodeHeader(headerWith(4, 9)).status().message()),
              HasSubstr("version 9 of the protocol, this process 1"));
  EXPECT_FALSE(decodeHeader(headerWith(5, 0)).ok());
  EXPECT_FALSE(decodeHeader(headerWith(5, 200)).ok());
  EXPECT_FALSE(decodeHeader(headerWith(6, 1)).ok());
  EXPECT_FALSE(decodeHeader(headerWith(11, 0x80)).ok());
}

TEST(FrameHeader, LengthIsBoundedForEveryKind) {
  for (int value = 0; value < 256; ++value) {
    const auto kind = static_cast<Kind>(value);
    if (!isKnown(kind)) continue;
    const auto limit = static_cast<uint32_t>(bodyLimit(kind));
    EXPECT_TRUE(decodeHeader(encodeHeader({kind, limit})).ok()) << name(kind);
    EXPECT_FALSE(decodeHeader(encodeHeader({kind, limit + 1})).ok()) << name(kind);
  }
}

TEST(FrameHeader, TheLargestMessagesFitTheirLimits) {
  Gather gather;
  gather.blob = blobOf(kGatherLimit);
  EXPECT_LE(encodeFrame(gather).size() - kHeaderBytes, bodyLimit(Kind::kGather));
  Failure failure;
  failure.sentence.assign(1 << 20, 'x');
  EXPECT_LE(encodeFrame(failure).size() - kHeaderBytes, bodyLimit(Kind::kFailure));
  Join join;
  join.self.host.assign(1000, 'h');
  join.self.hostKey.assign(1000, 'k');
  join.self.endpoints = blobOf(kEndpointsLimit);
  EXPECT_LE(encodeFrame(join).size() - kHeaderBytes, bodyLimit(Kind::kJoin));
}

TEST(Endpoints, ComeBack) {
  Endpoints endpoints;
  endpoints.addresses.push_back({6, 5000, 2, pattern<16>(1)});
  endpoints.addresses.push_back({4, 5001, 0, pattern<16>(9)});
  endpoints.localName = "inccl-0-17";
  Writer writer;
  Endpoints::fields(writer, endpoints);
  const auto back = decodeEndpoints(writer.bytes());
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back.value().addresses.size(), 2u);
  EXPECT_EQ(back.value().addresses[0].port, 5000);
  EXPECT_EQ(back.value().addresses[0].scopeId, 2u);
  EXPECT_EQ(back.value().localName, "inccl-0-17");
  EXPECT_FALSE(decodeEndpoints({}).ok());
}

}  // namespace
}  // namespace inccl::wire
