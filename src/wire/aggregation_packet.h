// The packets between a rank and an aggregating switch: one datagram each, at most 8 KiB and a
// header. docs/wire.md is the same for people who write the other side.
//
//   offset 0  magic and version  1 byte   0xA1
//          1  kind, operation    1 byte   low and high half; bit 3: answer me by the header alone
//          2  worker             2 bytes  the sender's number in the job; from the switch the
//                                         receiver's
//          4  session            4 bytes  random, for each job and epoch
//          8  slot               2 bytes
//         10  type, elements     2 bytes  high 4 and low 12 bits
//         12  generation         4 bytes  how many uses of the slot came before
//         16  opTag              4 bytes  of the operation, compared by the switch
//         20  tags               8 bytes  two additive tags, see ina/ (zero where none are used)
//         28  payload            `elements` of the type
//             exponents          2 bytes each, to the end: one per block of 256 elements
//             trailer            8 bytes where the job checks each hop, else none
//
// All numbers are little endian. A packet is judged as a whole before anything of it is used: what
// does not fit in every byte is no packet of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

namespace inccl::wire {

enum class PacketKind : uint8_t {
  kData = 1,       // a worker's contribution to a use of a slot
  kResult = 2,     // the switch's answer; without elements for those who receive nothing
  kExponents = 3,  // the exponents of a whole window, both ways: 16-bit elements, by maximum
  kProbe = 4,      // "what have you of this use?" No payload
  kStatus = 5,     // who has contributed: a bitmap of 32-bit elements, worker 0 in the lowest bit
  kNak = 6,        // this session is not known (any more). No payload
  kMismatch = 7,   // two workers mean different operations: both tags, both workers
};

enum class LaneType : uint8_t {
  kNone = 0,  // no elements: a barrier, a probe, an answer of the header alone
  kInt32 = 1,
  kUint32 = 2,
  kFixed32 = 3,  // floats as integers on a scale that all agreed on
  kFloat32 = 4,  // summed in the order of the workers, in profile `full`
  kFloat16 = 5,
  kBfloat16 = 6,
  kExponent16 = 7,
};
size_t bytesOf(LaneType type);

enum class LaneOp : uint8_t {
  kNone = 0,  // broadcast, barrier: one contributes, or nobody
  kSum = 1,
  kMin = 2,
  kMax = 3,
  kAnd = 4,
  kOr = 5,
  kXor = 6,
};

bool isKnown(LaneType type);
bool isKnown(LaneOp op);

std::string_view name(PacketKind kind);
std::string_view name(LaneType type);
std::string_view name(LaneOp op);

struct AggregationHeader {
  static constexpr size_t kBytes = 28;
  static constexpr uint8_t kMagic = 0xA1;
  static constexpr uint16_t kAllWorkers = 0xffff;

  PacketKind kind = PacketKind::kData;
  LaneOp op = LaneOp::kNone;
  uint16_t worker = 0;
  uint32_t session = 0;
  uint16_t slot = 0;
  LaneType type = LaneType::kNone;
  uint16_t elements = 0;
  uint32_t generation = 0;
  uint32_t opTag = 0;
  uint32_t tags[2] = {0, 0};
  bool resultWanted = true;  // false, of a DATA: its sender is answered by the header alone

  bool operator==(const AggregationHeader&) const = default;
};

constexpr size_t kMostElements = 2048;    // 8 KiB of 32-bit lanes
constexpr size_t kElementsOfBlock = 256;  // that share an exponent
constexpr size_t kMostExponents = kMostElements / kElementsOfBlock;
constexpr size_t kHopCheckBytes = 8;
constexpr size_t kMostPacketBytes =
    AggregationHeader::kBytes + 4 * kMostElements + 2 * kMostExponents + kHopCheckBytes;

// A packet as it lies in the receiver's memory; payload and exponents are unaligned.
struct PacketView {
  AggregationHeader header;
  std::span<const std::byte> payload;    // elements × bytesOf(type)
  std::span<const std::byte> exponents;  // of 2 bytes
};

// Why bytes are no packet; each is counted by whoever drops them.
enum class BadPacket : uint8_t {
  kTooShort,
  kForeign,  // another magic or version
  kUnknownKind,
  kUnknownType,
  kUnknownOperation,
  kBadLength,  // payload and exponents do not make up the datagram, or do not suit the kind
};
std::string_view name(BadPacket bad);

// Header first; `packet` has room for it.
void encodeHeader(const AggregationHeader& header, std::span<std::byte> packet);
// `hopCheckBytes` at the end belong to the hop and are not looked at: 0 or kHopCheckBytes.
std::variant<PacketView, BadPacket> decodePacket(std::span<const std::byte> bytes,
                                                 size_t hopCheckBytes = 0);

}  // namespace inccl::wire
