// How messages lie in a stream: a header of 12 bytes, then the body.
//
//   offset 0  magic     4 bytes  "INCB"
//          4  version   1 byte   of the framing and of the handshake
//          5  kind      1 byte   which message follows
//          6  reserved  2 bytes  0
//          8  length    4 bytes  of the body, little endian, at most bodyLimit(kind)
//
// A receiver judges the header before it makes room for the body, so a stranger's bytes cost it at
// most these twelve.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "wire/byte_codec.h"

namespace inccl::wire {

constexpr size_t kHeaderBytes = 12;
constexpr uint8_t kFrameVersion = 1;

enum class Kind : uint8_t {
  // Handshake (handshake_messages.h)
  kHello = 1,
  kChallenge = 2,
  kProof = 3,
  kWelcome = 4,
  kReject = 5,
  // What a proven peer asks for
  kJoin = 16,
  kDataRequest = 17,
  kDescriptorRequest = 18,
  kDescriptorReply = 19,
  // Control channel (control_messages.h)
  kTable = 32,
  kHeartbeat = 33,
  kFailure = 34,
  kWaiting = 35,
  kGather = 36,
  kGoodbye = 37,
  kGoodbyeSeen = 38,
  kNote = 39,
};

bool isKnown(Kind kind);
std::string_view name(Kind kind);
size_t bodyLimit(Kind kind);
// The largest body of a handshake message or of what a proven peer asks for: what anybody may make
// a process keep who has not joined a communicator yet.
constexpr size_t kHandshakeBodyLimit = 16384;

struct FrameHeader {
  Kind kind = Kind::kHello;
  uint32_t length = 0;
};

std::array<std::byte, kHeaderBytes> encodeHeader(FrameHeader header);
Result<FrameHeader> decodeHeader(std::span<const std::byte, kHeaderBytes> bytes);

// Header and body of a message that has kKind and fields().
template <typename Message>
std::vector<std::byte> encodeFrame(const Message& message) {
  Writer writer;
  Message::fields(writer, message);
  const std::vector<std::byte>& body = writer.bytes();
  const auto header = encodeHeader({Message::kKind, static_cast<uint32_t>(body.size())});
  std::vector<std::byte> frame(kHeaderBytes + body.size());
  std::copy(header.begin(), header.end(), frame.begin());
  std::copy(body.begin(), body.end(), frame.begin() + kHeaderBytes);
  return frame;
}

template <typename Message>
Result<Message> decodeBody(std::span<const std::byte> body) {
  Message message;
  Reader reader(body);
  Message::fields(reader, message);
  INCCL_TRY(reader.finish(name(Message::kKind)));
  return message;
}

}  // namespace inccl::wire
