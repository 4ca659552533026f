// The packets that the program sends.
#include <algorithm>
#include <array>
#include <cstring>

#include "switch/switchml/handled.h"
#include "switch/switchml/switchml.h"

namespace inccl::switchml {
namespace {

using wire::AggregationHeader;
using wire::LaneType;
using wire::PacketKind;

bool isSet(std::span<const uint32_t> bitmap, uint32_t worker) {
  return (bitmap[worker / 32] >> worker % 32 & 1) != 0;
}

// The same slot, use and session as what is answered.
AggregationHeader replyTo(const AggregationHeader& asked, PacketKind kind, uint16_t worker) {
  AggregationHeader header;
  header.kind = kind;
  header.worker = worker;
  header.session = asked.session;
  header.slot = asked.slot;
  header.generation = asked.generation;
  header.opTag = asked.opTag;
  return header;
}

std::span<const std::byte> write(const AggregationHeader& header, std::span<const uint32_t> words,
                                 emulator::Egress& egress) {
  const auto packet = egress.packet();
  wire::encodeHeader(header, packet);
  if (!words.empty())
    std::memcpy(packet.data() + AggregationHeader::kBytes, words.data(), words.size_bytes());
  return egress.commit(AggregationHeader::kBytes + words.size_bytes());
}

void copyPayload(std::span<const uint32_t> lanes, LaneType type, std::byte* to) {
  if (type != LaneType::kExponent16) {
    std::memcpy(to, lanes.data(), lanes.size_bytes());
    return;
  }
  for (size_t i = 0; i < lanes.size(); ++i) {
    const auto exponent = static_cast<int16_t>(static_cast<int32_t>(lanes[i]));
    std::memcpy(to + 2 * i, &exponent, sizeof exponent);
  }
}

}  // namespace

// The sum lies in laneBuffer_, the wishes in bitmap_, the tags in the packet.
void SwitchMl::answerAll(Handled& packet, const Agreement& agreement, emulator::Egress& egress) {
  std::array<std::span<const std::byte>, 2> forms;  // the header alone; all of it
  for (uint32_t worker = 0; worker < packet.job.fanIn(); ++worker) {
    const bool whole = agreement.poisoned || isSet(bitmap_, worker);
    auto& form = forms[whole ? 1 : 0];
    if (form.empty())
      form = agreement.poisoned
                 ? writeMismatch(packet, agreement, AggregationHeader::kAllWorkers, egress)
                 : writeResult(packet, agreement, AggregationHeader::kAllWorkers, whole, egress);
    egress.send(form, packet.job.workers[worker]);
  }
}

// What is stored, once more, for one who missed it.
void SwitchMl::answerOne(Handled& packet, const Agreement& agreement, emulator::Egress& egress) {
  ++counters_.retransmissions;
  const auto worker = packet.header().worker;
  const size_t lanes = agreement.poisoned ? 2 : agreement.shape.elements;
  if (!agreement.poisoned) {
    readReceivers(packet);
    readTags(packet);
    if (agreement.shape.type == LaneType::kFixed32) readExponents(packet);
  }
  lanes_.pass(packet.pass, packet.entry(), pipeline::LaneBanks::Write::kNothing, nullptr, {},
              std::as_writable_bytes(std::span(laneBuffer_).first(lanes)));
  egress.send(agreement.poisoned
                  ? writeMismatch(packet, agreement, worker, egress)
                  : writeResult(packet, agreement, worker, isSet(bitmap_, worker), egress),
              packet.from);
}

std::span<const std::byte> SwitchMl::writeResult(const Handled& packet, const Agreement& agreement,
                                                 uint16_t worker, bool whole,
                                                 emulator::Egress& egress) {
  const PayloadShape& shape = agreement.shape;
  const bool exponents = whole && shape.type == LaneType::kExponent16;
  AggregationHeader header =
      replyTo(packet.header(), exponents ? PacketKind::kExponents : PacketKind::kResult, worker);
  header.opTag = agreement.opTag;
  header.op = shape.op;
  if (whole) {
    header.type = shape.type;
    header.elements = shape.elements;
    header.tags[0] = packet.tags[0];
    header.tags[1] = packet.tags[1];
  }
  // Exponents are for all: those who receive nothing contribute by them too.
  const size_t exponentBytes = shape.type == LaneType::kFixed32 ? 2 * packet.exponentCount : 0;
  if (exponentBytes > 0) header.type = shape.type;
  const auto bytes = egress.packet();
  wire::encodeHeader(header, bytes);
  const size_t payloadBytes = whole ? shape.bytes() : 0;
  if (whole)
    copyPayload(std::span(laneBuffer_).first(shape.elements), shape.type,
                bytes.data() + AggregationHeader::kBytes);
  if (exponentBytes > 0)
    std::memcpy(bytes.data() + AggregationHeader::kBytes + payloadBytes, packet.exponents.data(),
                exponentBytes);
  return egress.commit(AggregationHeader::kBytes + payloadBytes + exponentBytes);
}

std::span<const std::byte> SwitchMl::writeMismatch(const Handled& packet,
                                                   const Agreement& agreement, uint16_t worker,
                                                   emulator::Egress& egress) {
  AggregationHeader header = replyTo(packet.header(), PacketKind::kMismatch, worker);
  header.opTag = agreement.opTag;
  header.type = LaneType::kUint32;
  header.elements = 4;
  const std::array<uint32_t, 4> words = {agreement.opTag, laneBuffer_[0], agreement.opener,
                                         laneBuffer_[1]};
  return write(header, words, egress);
}

void SwitchMl::sendStatus(Handled& packet, emulator::Egress& egress) {
  ++counters_.statuses;
  AggregationHeader header = replyTo(packet.header(), PacketKind::kStatus, packet.header().worker);
  header.type = LaneType::kUint32;
  header.elements = static_cast<uint16_t>(SlotState::bitmapWords(packet.job.fanIn()));
  egress.send(write(header, std::span(bitmap_).first(header.elements), egress), packet.from);
}

void SwitchMl::sendNak(const AggregationHeader& asked, const os::SocketAddress& to,
                       emulator::Egress& egress) {
  ++counters_.naks;
  egress.send(write(replyTo(asked, PacketKind::kNak, asked.worker), {}, egress), to);
}

}  // namespace inccl::switchml
