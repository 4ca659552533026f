#include "ina/slot_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace inccl::ina {

using wire::AggregationHeader;
using wire::PacketKind;

SlotWindow::SlotWindow(const Shape& shape)
    : shape_(shape),
      slots_(shape.slots),
      retained_(shape.payloadBytes != 0 ? shape.slots : 0, shape.payloadBytes),
      queue_(shape.slots),
      timeouts_(shape.slots),
      contributors_((shape.workers + 31u) / 32) {}

void SlotWindow::begin(AggregatedOperation& operation, Nanos now) {
  operation_ = &operation;
  ++operations_;
  firstChunk_ = endChunk_;
  lastProgress_ = now;
  unanswered_.reset();
  contributorsKnown_ = false;
  extend();
}

// No chunk is under way: the operation's next ones, as far as it knows them.
void SlotWindow::extend() {
  const uint64_t from = endChunk_;
  endChunk_ = firstChunk_ + operation_->chunks();
  left_ = endChunk_ - from;
  const uint64_t together = std::min<uint64_t>(left_, shape_.slots);
  for (uint64_t chunk = from; chunk < from + together; ++chunk) startChunk(slotOf(chunk), chunk);
}

void SlotWindow::startChunk(uint32_t number, uint64_t chunk) {
  Slot& slot = slots_[number];
  slot.chunk = chunk;
  slot.questions = 0;
  slot.unproven = 0;
  slot.isResent = false;
  queue(number, false);
}

// A slot stands in the queue at most once; data goes before a question.
void SlotWindow::queue(uint32_t number, bool probe) {
  Slot& slot = slots_[number];
  if (slot.waiting == Waiting::kToSend) {
    slot.wantsProbe = slot.wantsProbe && probe;
    return;
  }
  slot.waiting = Waiting::kToSend;
  slot.wantsProbe = probe;
  queue_[(queueHead_ + queueSize_) % queue_.size()] = number;
  ++queueSize_;
}

void SlotWindow::writeHeader(Slot& slot, const ChunkShape& shape, PacketKind kind,
                             std::span<const std::byte> payload) {
  AggregationHeader header;
  header.kind = kind;
  header.worker = shape_.worker;
  header.session = shape_.session;
  header.slot = static_cast<uint16_t>(slotOf(slot.chunk));
  header.generation = generationOf(slot.chunk);
  header.opTag = operation_->opTag();
  if (kind != PacketKind::kProbe) {
    header.op = shape.op;
    header.type = shape.gives ? shape.type : wire::LaneType::kNone;
    header.elements = shape.gives ? shape.elements : uint16_t{0};
    header.resultWanted = shape.wants || kind != PacketKind::kData;
    if (shape_.integrity != nullptr) {
      const auto tags =
          shape_.integrity->tag(shape_.worker, slot.chunk, shape.type, shape.op, payload);
      std::ranges::copy(tags, header.tags);
    }
  }
  wire::encodeHeader(header, slot.header);
}

size_t SlotWindow::outgoing(std::span<ports::OutgoingDatagram> batch) {
  // After a failure the operation is over, and its buffers may soon be the caller's again.
  const size_t count = failure_.ok() ? std::min(batch.size(), queueSize_) : 0;
  for (size_t i = 0; i < count; ++i) {
    Slot& slot = slots_[queue_[(queueHead_ + i) % queue_.size()]];
    const uint64_t chunk = slot.chunk - firstChunk_;
    const ChunkShape shape = operation_->shape(chunk);
    const bool data = !slot.wantsProbe;
    std::span<const std::byte> payload;
    if (data && shape.gives) payload = operation_->payload(chunk);
    writeHeader(slot, shape, data ? shape.kind : PacketKind::kProbe, payload);
    batch[i].pieces = {slot.header, payload, {}};
    if (data && shape.exponents > 0) batch[i].pieces[2] = operation_->exponents(chunk);
  }
  return count;
}

void SlotWindow::sent(size_t count, Nanos now) {
  for (size_t i = 0; i < count; ++i) {
    const uint32_t number = queue_[queueHead_];
    queueHead_ = (queueHead_ + 1) % queue_.size();
    --queueSize_;
    Slot& slot = slots_[number];
    slot.waiting = Waiting::kForResult;
    if (slot.wantsProbe) {
      ++counters_.probes;
      ++slot.questions;
      slot.askedAt = now;
    } else {
      ++(slot.isResent ? counters_.resent : counters_.sent);
    }
    timeouts_.arm(number, slot.questions, now + roundTrip_.timeout(slot.questions));
  }
}

void SlotWindow::onTime(Nanos now) {
  for (;;) {
    const uint32_t due = timeouts_.takeDue(now);
    if (due == TimeoutLists::kNone) return;
    if (!unanswered_) unanswered_ = now;
    queue(due, true);
  }
}

// An answer to the only question that was asked says how long that took.
void SlotWindow::noteRoundTrip(Slot& slot, Nanos now) {
  if (slot.questions != 1 || slot.askedAt == 0) return;
  roundTrip_.sample(now - slot.askedAt);
  slot.askedAt = 0;
}

void SlotWindow::onPacket(const wire::PacketView& packet, Nanos now) {
  const AggregationHeader& header = packet.header;
  const bool mine =
      header.session == shape_.session && header.slot < shape_.slots &&
      (header.worker == shape_.worker || header.worker == AggregationHeader::kAllWorkers);
  if (!mine || !failure_.ok()) {
    ++counters_.foreign;
    return;
  }
  unanswered_.reset();
  const Slot& slot = slots_[header.slot];
  const bool awaited = slot.waiting != Waiting::kForNothing;
  if (header.kind == PacketKind::kNak) {
    if (!awaited) return;
    sessionLost_ = true;
    failure_ =
        remoteError(fmt::format("the switch does not know the session {:08x}", shape_.session));
    return;
  }
  if (!awaited || header.generation != generationOf(slot.chunk)) {
    const bool over = static_cast<int32_t>(header.generation - generationOf(slot.chunk)) <= 0;
    ++(over ? counters_.repeated : counters_.foreign);
    return;
  }
  switch (header.kind) {
    case PacketKind::kResult:
    case PacketKind::kExponents:
      return onResult(header.slot, packet, now);
    case PacketKind::kStatus:
      return onStatus(header.slot, packet, now);
    case PacketKind::kMismatch:
      return onMismatch(packet);
    case PacketKind::kData:
    case PacketKind::kProbe:
    case PacketKind::kNak:
      break;
  }
  ++counters_.foreign;
}

void SlotWindow::onResult(uint32_t number, const wire::PacketView& packet, Nanos now) {
  Slot& slot = slots_[number];
  const uint64_t chunk = slot.chunk - firstChunk_;
  const ChunkShape shape = operation_->shape(chunk);
  const AggregationHeader& header = packet.header;
  const bool exponents = shape.kind == PacketKind::kExponents;
  const bool fits =
      header.opTag == operation_->opTag() && (header.kind == PacketKind::kExponents) == exponents &&
      (shape.wants
           ? header.elements == shape.elements && (shape.elements == 0 || header.type == shape.type)
           : header.elements == 0) &&
      packet.exponents.size() == size_t{2} * shape.exponents;
  if (!fits) {
    ++counters_.malformed;
    return;
  }
  if (header.worker == shape_.worker) noteRoundTrip(slot, now);
  if (!isProven(slot, shape, packet)) return queue(number, true);
  retain(number, shape, packet);
  operation_->take(chunk, packet.payload, packet.exponents);
  ++counters_.results;
  ++slot.uses;
  --left_;
  lastProgress_ = now;
  contributorsKnown_ = false;
  timeouts_.disarm(number);
  const uint64_t next = slot.chunk + shape_.slots;
  // What stands in the queue (a question, or data again) becomes the next chunk.
  if (next < endChunk_) return startChunk(number, next);
  if (slot.waiting == Waiting::kToSend) removeFromQueue(number);
  slot.waiting = Waiting::kForNothing;
  if (left_ == 0) extend();
}

// The sum; or, of a rank that is sent none, what it gave: if the switch dies before those who want
// the sum have it, nobody else has that (docs/ina-model.md, "Rules that are too simple").
void SlotWindow::retain(uint32_t number, const ChunkShape& shape, const wire::PacketView& packet) {
  if (retained_.empty()) return;
  if (shape.wants) return retained_.keepSum(number, shape, packet.payload, packet.exponents);
  const Contribution mine = contribution(number);
  retained_.keepContribution(number, shape, mine.payload, mine.exponents);
}

Contribution SlotWindow::contribution(uint32_t number) {
  const Slot& slot = slots_[number];
  if (slot.waiting == Waiting::kForNothing) return {};
  const uint64_t chunk = slot.chunk - firstChunk_;
  Contribution mine{operation_->shape(chunk), {}, {}};
  if (mine.shape.gives) mine.payload = operation_->payload(chunk);
  if (mine.shape.exponents > 0) mine.exponents = operation_->exponents(chunk);
  return mine;
}

bool SlotWindow::settle(uint32_t number, std::span<const std::byte> payload,
                        std::span<const std::byte> exponents) {
  Slot& slot = slots_[number];
  if (slot.waiting == Waiting::kForNothing) return false;
  const uint64_t chunk = slot.chunk - firstChunk_;
  const ChunkShape shape = operation_->shape(chunk);
  if (!shape.wants)
    payload = {};
  else if (payload.size() != shape.elements * wire::bytesOf(shape.type))
    return false;
  if (exponents.size() != size_t{2} * shape.exponents) return false;
  operation_->take(chunk, payload, exponents);
  ++slot.uses;
  slot.waiting = Waiting::kForNothing;
  return true;
}

bool SlotWindow::isProven(Slot& slot, const ChunkShape& shape, const wire::PacketView& packet) {
  if (shape_.integrity == nullptr || !shape.wants || shape.elements == 0) return true;
  const Integrity::Tags tags = {packet.header.tags[0], packet.header.tags[1]};
  if (shape_.integrity->proves(slot.chunk, shape.type, shape.op, packet.payload, tags)) return true;
  ++counters_.unproven;
  if (++slot.unproven >= kMostUnproven)
    failure_ = remoteError(
        fmt::format("the sum of chunk {} that the switch holds is not the ranks'", slot.chunk));
  return false;
}

void SlotWindow::onStatus(uint32_t number, const wire::PacketView& packet, Nanos now) {
  Slot& slot = slots_[number];
  if (packet.header.elements != contributors_.size()) {
    ++counters_.malformed;
    return;
  }
  ++counters_.statuses;
  noteRoundTrip(slot, now);
  std::memcpy(contributors_.data(), packet.payload.data(), packet.payload.size());
  contributorsKnown_ = true;
  if ((contributors_[shape_.worker / 32] >> shape_.worker % 32 & 1) != 0) return;
  timeouts_.disarm(number);
  slot.isResent = true;
  slot.questions = 0;
  queue(number, false);
}

void SlotWindow::onMismatch(const wire::PacketView& packet) {
  std::array<uint32_t, 4> words;
  std::memcpy(words.data(), packet.payload.data(), sizeof words);
  if (words[2] >= shape_.workers || words[3] >= shape_.workers) {
    ++counters_.malformed;
    return;
  }
  differing_ = {static_cast<int>(words[2]), static_cast<int>(words[3])};
  failure_ = invalidUsage(fmt::format(
      "ranks {} and {} call different operations (tags {:08x} and {:08x}), the switch saw",
      words[2], words[3], words[0], words[1]));
}

void SlotWindow::removeFromQueue(uint32_t number) {
  for (size_t i = 0; i < queueSize_; ++i) {
    const size_t at = (queueHead_ + i) % queue_.size();
    if (queue_[at] != number) continue;
    for (size_t j = i; j + 1 < queueSize_; ++j)
      queue_[(queueHead_ + j) % queue_.size()] = queue_[(queueHead_ + j + 1) % queue_.size()];
    --queueSize_;
    return;
  }
}

std::vector<int> SlotWindow::missingWorkers() const {
  std::vector<int> missing;
  for (int worker = 0; contributorsKnown_ && worker < shape_.workers; ++worker) {
    const auto number = static_cast<uint32_t>(worker);
    if ((contributors_[number / 32] >> number % 32 & 1) == 0) missing.push_back(worker);
  }
  return missing;
}

}  // namespace inccl::ina
