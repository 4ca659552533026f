#include "wire/frame.h"

#include <fmt/format.h>

namespace inccl::wire {
namespace {

constexpr uint32_t kMagic = 0x42434e49;  // "INCB", little endian

constexpr size_t kSmallBody = 4096;

}  // namespace

bool isKnown(Kind kind) { return !name(kind).empty(); }

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::kHello:
      return "hello";
    case Kind::kChallenge:
      return "challenge";
    case Kind::kProof:
      return "proof";
    case Kind::kWelcome:
      return "welcome";
    case Kind::kReject:
      return "reject";
    case Kind::kJoin:
      return "join";
    case Kind::kDataRequest:
      return "data request";
    case Kind::kDescriptorRequest:
      return "descriptor request";
    case Kind::kDescriptorReply:
      return "descriptor reply";
    case Kind::kTable:
      return "table";
    case Kind::kHeartbeat:
      return "heartbeat";
    case Kind::kFailure:
      return "failure";
    case Kind::kWaiting:
      return "waiting";
    case Kind::kGather:
      return "gather";
    case Kind::kGoodbye:
      return "goodbye";
    case Kind::kGoodbyeSeen:
      return "goodbye-seen";
    case Kind::kNote:
      return "note";
  }
  return {};
}

size_t bodyLimit(Kind kind) {
  switch (kind) {
    case Kind::kTable:
      return size_t{128} << 20;  // some hundred bytes for each of 65,536 ranks
    case Kind::kGather:
    case Kind::kNote:
      return (size_t{64} << 10) + 64;
    case Kind::kJoin:
    case Kind::kFailure:
      return 4 * kSmallBody;
    case Kind::kHello:
    case Kind::kChallenge:
    case Kind::kProof:
    case Kind::kWelcome:
    case Kind::kReject:
    case Kind::kDataRequest:
    case Kind::kDescriptorRequest:
    case Kind::kDescriptorReply:
    case Kind::kHeartbeat:
    case Kind::kWaiting:
    case Kind::kGoodbye:
    case Kind::kGoodbyeSeen:
      return kSmallBody;
  }
  return 0;
}

std::array<std::byte, kHeaderBytes> encodeHeader(FrameHeader header) {
  Writer writer;
  writer.integer(kMagic);
  writer.integer(kFrameVersion);
  writer.integer(static_cast<uint8_t>(header.kind));
  writer.integer(uint16_t{0});
  writer.integer(header.length);
  std::array<std::byte, kHeaderBytes> bytes{};
  std::memcpy(bytes.data(), writer.bytes().data(), kHeaderBytes);
  return bytes;
}

Result<FrameHeader> decodeHeader(std::span<const std::byte, kHeaderBytes> bytes) {
  Reader reader(bytes);
  uint32_t magic = 0, length = 0;
  uint8_t version = 0, kind = 0;
  uint16_t reserved = 0;
  reader.integer(magic);
  reader.integer(version);
  reader.integer(kind);
  reader.integer(reserved);
  reader.integer(length);
  if (magic != kMagic) return remoteError("the peer does not speak this protocol");
  if (version != kFrameVersion)
    return invalidUsage(fmt::format("the peer speaks version {} of the protocol, this process {}",
                                    version, kFrameVersion));
  const FrameHeader header{static_cast<Kind>(kind), length};
  if (!isKnown(header.kind) || reserved != 0)
    return remoteError(fmt::format("malformed frame of kind {}", kind));
  if (length > bodyLimit(header.kind))
    return remoteError(fmt::format("{} message of {} bytes exceeds the limit of {}",
                                   name(header.kind), length, bodyLimit(header.kind)));
  return header;
}

}  // namespace inccl::wire
