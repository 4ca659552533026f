#include "switch/switchml/switchml.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "switch/switchml/handled.h"

namespace inccl::switchml {
namespace {

using wire::AggregationHeader;
using wire::LaneOp;
using wire::LaneType;
using wire::PacketKind;

constexpr uint32_t kTableStage = 0, kFirstLaneStage = 4;

DataType laneDataType(LaneType type) {
  return type == LaneType::kUint32 ? DataType::kUint32 : DataType::kInt32;
}

RedOp laneRedOp(LaneOp op) {
  switch (op) {
    case LaneOp::kMin:
      return RedOp::kMin;
    case LaneOp::kMax:
      return RedOp::kMax;
    case LaneOp::kAnd:
      return RedOp::kBitAnd;
    case LaneOp::kOr:
      return RedOp::kBitOr;
    case LaneOp::kXor:
      return RedOp::kBitXor;
    case LaneOp::kNone:
    case LaneOp::kSum:
      break;
  }
  return RedOp::kSum;
}

// Blocks that a payload can hold, a part of one included.
uint32_t exponentsOf(size_t payloadBytes) {
  return static_cast<uint32_t>((payloadBytes / 4 + wire::kElementsOfBlock - 1) /
                               wire::kElementsOfBlock);
}

}  // namespace

Result<std::unique_ptr<SwitchMl>> SwitchMl::load(const pipeline::Profile& profile,
                                                 const Shape& shape) {
  if (shape.payloadBytes < 8 || shape.payloadBytes % 4 != 0 ||
      shape.payloadBytes > profile.mostPayloadBytes)
    return invalidArgument(
        fmt::format("profile {}: payloads of {} bytes, whole words from 8 to {} fit", profile.name,
                    shape.payloadBytes, profile.mostPayloadBytes));
  if (shape.mostFanIn == 0 || shape.mostFanIn > profile.mostFanIn)
    return invalidArgument(fmt::format("profile {}: {} workers, 1 to {} can be summed",
                                       profile.name, shape.mostFanIn, profile.mostFanIn));
  if (shape.slots == 0 || shape.slots > 65536)
    return invalidArgument(
        fmt::format("profile {}: {} slots, 1 to 65536 can be named", profile.name, shape.slots));
  std::unique_ptr<SwitchMl> program(new SwitchMl(profile, shape));
  INCCL_TRY(program->pipeline_.check());
  return program;
}

SwitchMl::SwitchMl(const pipeline::Profile& profile, const Shape& shape)
    : pipeline_(profile),
      shape_(shape),
      jobs_(shape.slots, shape.mostFanIn),
      slots_(pipeline_, 2 * shape.slots, shape.mostFanIn),
      operations_(pipeline_, 2 * shape.slots),
      receivers_(pipeline_, "receivers", {0, OperationRegister::kStage}, 2 * shape.slots,
                 SlotState::bitmapWords(shape.mostFanIn)),
      tags_(pipeline_, "tags", {0, OperationRegister::kStage}, 2 * shape.slots, 2),
      exponents_(pipeline_, "exponents", {0, OperationRegister::kStage}, 2 * shape.slots,
                 1 + exponentsOf(shape.payloadBytes)),
      lanes_(pipeline_, "lanes", kFirstLaneStage, static_cast<uint32_t>(shape.payloadBytes / 4),
             2 * shape.slots),
      bitmap_(SlotState::bitmapWords(shape.mostFanIn)),
      laneBuffer_(shape.payloadBytes / 4) {
  pipeline_.declare({"jobs", {0, kTableStage}, 1, 1024, 32, true});
}

void SwitchMl::loseRegisters() {
  slots_.clear();
  operations_.clear();
  receivers_.clear();
  tags_.clear();
  exponents_.clear();
  lanes_.clear();
}

void SwitchMl::process(const ports::IncomingDatagram& datagram, emulator::Egress& egress) {
  ++counters_.received;
  const auto decoded = wire::decodePacket(datagram.bytes);
  const auto* const view = std::get_if<wire::PacketView>(&decoded);
  if (view == nullptr) {
    ++counters_.malformed;
    return;
  }
  const AggregationHeader& header = view->header;
  const bool contributes =
      header.kind == PacketKind::kData || header.kind == PacketKind::kExponents;
  if (!contributes && header.kind != PacketKind::kProbe) {
    ++counters_.unexpected;
    return;
  }
  const Job* const job = jobs_.find(header.session);
  if (job == nullptr) return sendNak(header, datagram.from, egress);
  if (!admits(*job, header, datagram.from)) {
    ++counters_.forged;
    return;
  }
  if (!supports(header)) {
    ++counters_.unsupported;
    return;
  }
  Handled packet{*view, *job, datagram.from, pipeline::Pass(pipeline_)};
  if (contributes)
    onContribution(packet, egress);
  else
    onProbe(packet, egress);
}

bool SwitchMl::admits(const Job& job, const AggregationHeader& header,
                      const os::SocketAddress& from) {
  return header.worker < job.fanIn() && header.slot < job.slots &&
         job.workers[header.worker] == from;
}

bool SwitchMl::supports(const AggregationHeader& header) const {
  if (header.elements == 0) return true;
  if (header.elements > shape_.payloadBytes / 4) return false;
  switch (header.type) {
    case LaneType::kInt32:
    case LaneType::kUint32:
      return true;
    case LaneType::kFixed32:
      return header.op == LaneOp::kSum || header.op == LaneOp::kNone;
    case LaneType::kExponent16:
      return true;  // by maximum, as the decoder saw to
    case LaneType::kNone:
    case LaneType::kFloat32:
    case LaneType::kFloat16:
    case LaneType::kBfloat16:
      break;
  }
  return false;
}

reduce::ReduceFn SwitchMl::combineOf(const PayloadShape& shape) const {
  return reduce::find(laneDataType(shape.type), laneRedOp(shape.op)).reduce;
}

// Exponents are half a lane wide on the wire.
std::span<const std::byte> SwitchMl::asLanes(const wire::PacketView& view) {
  if (view.header.type != LaneType::kExponent16) return view.payload;
  for (size_t i = 0; i < view.header.elements; ++i) {
    int16_t exponent = 0;
    std::memcpy(&exponent, view.payload.data() + 2 * i, sizeof exponent);
    laneBuffer_[i] = static_cast<uint32_t>(int32_t{exponent});
  }
  return std::as_bytes(std::span(laneBuffer_).first(view.header.elements));
}

void SwitchMl::onContribution(Handled& packet, emulator::Egress& egress) {
  const UseState use = slots_.contribute(packet.pass, packet.contribution());
  if (use.outcome == UseOutcome::kStale || use.outcome == UseOutcome::kTooEarly) {
    ++(use.outcome == UseOutcome::kStale ? counters_.stale : counters_.violations);
    return;
  }
  const Agreement agreement =
      operations_.contribute(packet.pass, packet.entry(), packet.header(),
                             use.outcome == UseOutcome::kOpened, use.counts());
  if (!use.counts()) {
    ++counters_.repeated;
    if (agreement.poisoned || use.complete) answerOne(packet, agreement, egress);
    return;
  }
  ++counters_.contributions;
  contribute(packet, use, agreement, egress);
}

void SwitchMl::contribute(Handled& packet, const UseState& use, const Agreement& agreement,
                          emulator::Egress& egress) {
  if (agreement.poisoned) {
    ++counters_.mismatches;
    if (agreement.poisonedNow) {
      storeDifference(packet);
      answerAll(packet, agreement, egress);
    } else {
      answerOne(packet, agreement, egress);
    }
    return;
  }
  const bool opens = use.outcome == UseOutcome::kOpened;
  noteReceiver(packet, opens);
  addTags(packet, opens);
  if (packet.header().type == LaneType::kFixed32) raiseExponents(packet, agreement.firstPayload);
  const bool hasPayload = packet.header().elements > 0;
  const auto write = !hasPayload              ? pipeline::LaneBanks::Write::kNothing
                     : agreement.firstPayload ? pipeline::LaneBanks::Write::kSet
                                              : pipeline::LaneBanks::Write::kCombine;
  const auto in = hasPayload ? asLanes(packet.view) : std::span<const std::byte>();
  const size_t lanesOut = use.complete ? agreement.shape.elements : 0;
  std::span<std::byte> out = std::as_writable_bytes(std::span(laneBuffer_).first(lanesOut));
  lanes_.pass(packet.pass, packet.entry(), write, combineOf(agreement.shape), in, out);
  if (!use.complete) return;
  ++counters_.completions;
  answerAll(packet, agreement, egress);
}

// Who it was that meant something else stays where the sum would be.
void SwitchMl::storeDifference(Handled& packet) {
  const uint32_t difference[2] = {packet.header().opTag, packet.header().worker};
  std::span<std::byte> out = std::as_writable_bytes(std::span(laneBuffer_).first(2));
  lanes_.pass(packet.pass, packet.entry(), pipeline::LaneBanks::Write::kSet, nullptr,
              std::as_bytes(std::span(difference)), out);
}

void SwitchMl::onProbe(Handled& packet, emulator::Egress& egress) {
  const auto words = SlotState::bitmapWords(packet.job.fanIn());
  const auto progress =
      slots_.look(packet.pass, packet.contribution(), std::span(bitmap_).first(words));
  if (progress == SlotState::Progress::kOver) {
    ++counters_.stale;
    return;
  }
  if (progress == SlotState::Progress::kNotOpened) return sendStatus(packet, egress);
  const Agreement agreement = operations_.look(packet.pass, packet.entry());
  if (agreement.poisoned || progress == SlotState::Progress::kComplete)
    return answerOne(packet, agreement, egress);
  sendStatus(packet, egress);
}

void SwitchMl::noteReceiver(Handled& packet, bool opens) {
  const uint32_t worker = packet.header().worker;
  receivers_.update(packet.pass, packet.entry(), [&](std::span<uint32_t> words) {
    if (opens) std::ranges::fill(words, 0);
    if (packet.header().resultWanted) words[worker / 32] |= 1u << worker % 32;
    std::ranges::copy(words, bitmap_.begin());
    return 0;
  });
}

void SwitchMl::readReceivers(Handled& packet) {
  receivers_.update(packet.pass, packet.entry(), [&](std::span<uint32_t> words) {
    std::ranges::copy(words, bitmap_.begin());
    return 0;
  });
}

void SwitchMl::addTags(Handled& packet, bool opens) {
  packet.tags = tags_.update(packet.pass, packet.entry(), [&](std::span<uint32_t> words) {
    for (size_t i = 0; i < 2; ++i) words[i] = (opens ? 0 : words[i]) + packet.header().tags[i];
    return std::array{words[0], words[1]};
  });
}

void SwitchMl::readTags(Handled& packet) {
  packet.tags = tags_.update(packet.pass, packet.entry(), [](std::span<uint32_t> words) {
    return std::array{words[0], words[1]};
  });
}

// Those of a packet belong to blocks that come later; the largest is what all will scale by.
void SwitchMl::raiseExponents(Handled& packet, bool firstPayload) {
  exponents_.update(packet.pass, packet.entry(), [&](std::span<uint32_t> words) {
    const size_t count = std::min(packet.view.exponents.size() / 2, words.size() - 1);
    for (size_t i = 0; i < count; ++i) {
      int16_t exponent = 0;
      std::memcpy(&exponent, packet.view.exponents.data() + 2 * i, sizeof exponent);
      const auto stored = static_cast<int32_t>(words[1 + i]);
      words[1 + i] =
          static_cast<uint32_t>(firstPayload ? exponent : std::max<int32_t>(stored, exponent));
    }
    words[0] = static_cast<uint32_t>(count);
    packet.takeExponents(words);
    return 0;
  });
}

void SwitchMl::readExponents(Handled& packet) {
  exponents_.update(packet.pass, packet.entry(), [&](std::span<uint32_t> words) {
    packet.takeExponents(words);
    return 0;
  });
}

}  // namespace inccl::switchml
