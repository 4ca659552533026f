#include "wire/aggregation_packet.h"

namespace inccl::wire {
namespace {

template <typename Integer>
void put(std::span<std::byte> packet, size_t offset, Integer value) {
  for (size_t i = 0; i < sizeof value; ++i)
    packet[offset + i] = static_cast<std::byte>(value >> (8 * i));
}

template <typename Integer>
Integer get(std::span<const std::byte> packet, size_t offset) {
  Integer value = 0;
  for (size_t i = 0; i < sizeof value; ++i)
    value = static_cast<Integer>(value | static_cast<Integer>(packet[offset + i]) << (8 * i));
  return value;
}

constexpr uint8_t kKindBits = 0x7, kHeaderAlone = 0x8;

bool isKnown(PacketKind kind) { return kind >= PacketKind::kData && kind <= PacketKind::kMismatch; }

// What a kind may carry.
bool suits(const AggregationHeader& header, size_t exponents) {
  if (!header.resultWanted && header.kind != PacketKind::kData) return false;
  switch (header.kind) {
    case PacketKind::kData:
    case PacketKind::kResult:
      return header.type != LaneType::kExponent16 &&
             (header.type != LaneType::kNone || header.elements == 0) &&
             (header.type == LaneType::kFixed32 || exponents == 0) && exponents <= kMostExponents;
    case PacketKind::kExponents:
      return header.type == LaneType::kExponent16 && header.op == LaneOp::kMax && exponents == 0;
    case PacketKind::kProbe:
    case PacketKind::kNak:
      return header.type == LaneType::kNone && header.elements == 0 && exponents == 0;
    case PacketKind::kStatus:
      return header.type == LaneType::kUint32 && header.elements >= 1 && exponents == 0;
    case PacketKind::kMismatch:
      return header.type == LaneType::kUint32 && header.elements == 4 && exponents == 0;
  }
  return false;
}

}  // namespace

size_t bytesOf(LaneType type) {
  switch (type) {
    case LaneType::kNone:
      return 0;
    case LaneType::kInt32:
    case LaneType::kUint32:
    case LaneType::kFixed32:
    case LaneType::kFloat32:
      return 4;
    case LaneType::kFloat16:
    case LaneType::kBfloat16:
    case LaneType::kExponent16:
      return 2;
  }
  return 0;
}

bool isKnown(LaneType type) { return type <= LaneType::kExponent16; }
bool isKnown(LaneOp op) { return op <= LaneOp::kXor; }

std::string_view name(PacketKind kind) {
  constexpr std::string_view kNames[] = {"unknown", "DATA",   "RESULT", "EXPONENTS",
                                         "PROBE",   "STATUS", "NAK",    "MISMATCH"};
  return kNames[isKnown(kind) ? static_cast<size_t>(kind) : 0];
}

std::string_view name(LaneType type) {
  constexpr std::string_view kNames[] = {"none",    "int32",   "uint32",   "fixed32",
                                         "float32", "float16", "bfloat16", "exponent16"};
  return isKnown(type) ? kNames[static_cast<size_t>(type)] : "unknown";
}

std::string_view name(LaneOp op) {
  constexpr std::string_view kNames[] = {"none", "sum", "min", "max", "and", "or", "xor"};
  return isKnown(op) ? kNames[static_cast<size_t>(op)] : "unknown";
}

std::string_view name(BadPacket bad) {
  constexpr std::string_view kNames[] = {"too short",    "foreign",           "unknown kind",
                                         "unknown type", "unknown operation", "bad length"};
  return kNames[static_cast<size_t>(bad)];
}

void encodeHeader(const AggregationHeader& header, std::span<std::byte> packet) {
  packet[0] = std::byte{AggregationHeader::kMagic};
  packet[1] = static_cast<std::byte>(static_cast<uint8_t>(header.kind) |
                                     (header.resultWanted ? 0 : kHeaderAlone) |
                                     static_cast<uint8_t>(header.op) << 4);
  put(packet, 2, header.worker);
  put(packet, 4, header.session);
  put(packet, 8, header.slot);
  put(packet, 10,
      static_cast<uint16_t>(static_cast<uint16_t>(header.type) << 12 | header.elements));
  put(packet, 12, header.generation);
  put(packet, 16, header.opTag);
  put(packet, 20, header.tags[0]);
  put(packet, 24, header.tags[1]);
}

std::variant<PacketView, BadPacket> decodePacket(std::span<const std::byte> bytes,
                                                 size_t hopCheckBytes) {
  if (bytes.size() < AggregationHeader::kBytes + hopCheckBytes) return BadPacket::kTooShort;
  if (bytes[0] != std::byte{AggregationHeader::kMagic}) return BadPacket::kForeign;
  PacketView packet;
  AggregationHeader& header = packet.header;
  const auto kindAndOp = std::to_integer<uint8_t>(bytes[1]);
  header.kind = static_cast<PacketKind>(kindAndOp & kKindBits);
  header.resultWanted = (kindAndOp & kHeaderAlone) == 0;
  header.op = static_cast<LaneOp>(kindAndOp >> 4);
  const auto typeAndElements = get<uint16_t>(bytes, 10);
  header.type = static_cast<LaneType>(typeAndElements >> 12);
  header.elements = typeAndElements & 0xfff;
  if (!isKnown(header.kind)) return BadPacket::kUnknownKind;
  if (!isKnown(header.type)) return BadPacket::kUnknownType;
  if (!isKnown(header.op)) return BadPacket::kUnknownOperation;
  header.worker = get<uint16_t>(bytes, 2);
  header.session = get<uint32_t>(bytes, 4);
  header.slot = get<uint16_t>(bytes, 8);
  header.generation = get<uint32_t>(bytes, 12);
  header.opTag = get<uint32_t>(bytes, 16);
  header.tags[0] = get<uint32_t>(bytes, 20);
  header.tags[1] = get<uint32_t>(bytes, 24);
  const auto body = bytes.subspan(AggregationHeader::kBytes,
                                  bytes.size() - AggregationHeader::kBytes - hopCheckBytes);
  const size_t payloadBytes = header.elements * bytesOf(header.type);
  if (header.elements > kMostElements || payloadBytes > body.size()) return BadPacket::kBadLength;
  packet.payload = body.first(payloadBytes);
  packet.exponents = body.subspan(payloadBytes);
  if (packet.exponents.size() % 2 != 0 || !suits(header, packet.exponents.size() / 2))
    return BadPacket::kBadLength;
  return packet;
}

}  // namespace inccl::wire
