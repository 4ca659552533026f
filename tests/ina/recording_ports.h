// What real ranks and a real switch do, written down as the model's trace (model/trace.h).
//
// Ports that stand between a user and its port and hand on one datagram at a time, so that what is
// done next is the answer to it: for the switch what it sends, for a rank what its counters say.
// One thread, so the order in which things are written down is the order in which they happened.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "ina/model/trace.h"
#include "ina/slot_window.h"
#include "ports/datagram_port.h"
#include "wire/aggregation_packet.h"

namespace inccl::ina {

using Trace = std::vector<ina_model::TraceEvent>;

// A use of a slot, as the trace names it.
inline ina_model::TraceEvent eventOf(ina_model::TraceKind kind, ina_model::Kind packet,
                                     const wire::AggregationHeader& header, uint32_t worker) {
  ina_model::TraceEvent event;
  event.kind = kind;
  event.packet = packet;
  event.worker = worker;
  event.session = header.session;
  event.slot = header.slot;
  event.generation = header.generation;
  return event;
}

inline ina_model::Kind kindOf(const wire::AggregationHeader& header) {
  switch (header.kind) {
    case wire::PacketKind::kData:
      return ina_model::Kind::kData;
    case wire::PacketKind::kProbe:
      return ina_model::Kind::kProbe;
    case wire::PacketKind::kStatus:
      return ina_model::Kind::kStatus;
    case wire::PacketKind::kMismatch:
      return ina_model::Kind::kMismatch;
    default:
      return header.elements == 0 ? ina_model::Kind::kHeader : ina_model::Kind::kResult;
  }
}

// Hands on to `port`, which is not owned; at most one datagram arrives in a call.
class RecordingPort : public ports::DatagramPort {
 public:
  RecordingPort(ports::DatagramPort& port, Trace& trace) : port_(port), trace_(trace) {}
  [[nodiscard]] std::string_view name() const override { return port_.name(); }
  [[nodiscard]] const os::SocketAddress& address() const override { return port_.address(); }
  [[nodiscard]] size_t mostBytes() const override { return port_.mostBytes(); }
  [[nodiscard]] int waitDescriptor() const override { return port_.waitDescriptor(); }
  Result<size_t> receive(std::span<ports::IncomingDatagram> batch) override {
    settle();
    auto count = port_.receive(batch.first(1));
    if (count.ok() && count.value() == 1) {
      const auto decoded = wire::decodePacket(batch[0].bytes);
      if (const auto* const view = std::get_if<wire::PacketView>(&decoded)) arrived(*view);
    }
    return count;
  }
  // Writes down what became of the last arrival.
  virtual void settle() {}

 protected:
  virtual void arrived(const wire::PacketView& packet) = 0;
  Trace& trace() { return trace_; }
  Result<size_t> pass(std::span<const ports::OutgoingDatagram> batch) { return port_.send(batch); }
  // What is sent is always a packet.
  static wire::AggregationHeader headerOf(const ports::OutgoingDatagram& datagram) {
    std::vector<std::byte> bytes;
    for (const auto& piece : datagram.pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
    const auto decoded = wire::decodePacket(bytes);
    EXPECT_TRUE(std::holds_alternative<wire::PacketView>(decoded));
    return std::get<wire::PacketView>(decoded).header;
  }

 private:
  ports::DatagramPort& port_;
  Trace& trace_;
};

// The switch's. It answers each datagram by one call of send(), be it of nothing.
class RecordingSwitchPort final : public RecordingPort {
 public:
  using RecordingPort::RecordingPort;
  Result<size_t> send(std::span<const ports::OutgoingDatagram> batch) override {
    if (asked_) {
      auto event = eventOf(ina_model::TraceKind::kSwitch, kindOf(*asked_), *asked_, asked_->worker);
      event.tag = asked_->opTag;
      event.reply = batch.empty() ? ina_model::Reply::kNothing : replyOf(headerOf(batch.front()));
      trace().push_back(event);
      asked_.reset();
    }
    return pass(batch);
  }

 private:
  void arrived(const wire::PacketView& packet) override { asked_ = packet.header; }
  static ina_model::Reply replyOf(const wire::AggregationHeader& header) {
    using ina_model::Reply;
    const bool toAll = header.worker == wire::AggregationHeader::kAllWorkers;
    switch (header.kind) {
      case wire::PacketKind::kStatus:
        return Reply::kStatus;
      case wire::PacketKind::kNak:
        return Reply::kNak;
      case wire::PacketKind::kMismatch:
        return toAll ? Reply::kMismatchToAll : Reply::kMismatchToOne;
      default:
        return toAll ? Reply::kResultToAll : Reply::kResultToOne;
    }
  }

  std::optional<wire::AggregationHeader> asked_;
};

// A rank's. `window` is looked at after each arrival; it is there before the first.
class RecordingRankPort final : public RecordingPort {
 public:
  RecordingRankPort(ports::DatagramPort& port, Trace& trace, uint32_t rank)
      : RecordingPort(port, trace), rank_(rank) {}
  void watch(const SlotWindow& window) { window_ = &window; }

  Result<size_t> send(std::span<const ports::OutgoingDatagram> batch) override {
    settle();
    auto taken = pass(batch);
    for (size_t i = 0; taken.ok() && i < taken.value(); ++i) {
      const auto header = headerOf(batch[i]);
      auto event = eventOf(ina_model::TraceKind::kSend, kindOf(header), header, header.worker);
      event.tag = header.opTag;
      trace().push_back(event);
    }
    return taken;
  }
  void settle() override {
    if (!arrived_) return;
    // NAK is not the model's: a rank may suspect at any time.
    if (arrived_->kind != wire::PacketKind::kNak) {
      const auto kind = isTaken() ? ina_model::TraceKind::kTake : ina_model::TraceKind::kDrop;
      trace().push_back(eventOf(kind, kindOf(*arrived_), *arrived_, rank_));
      trace().back().own = own_;
    }
    arrived_.reset();
  }

 private:
  void arrived(const wire::PacketView& packet) override {
    arrived_ = packet.header;
    before_ = window_->counters();
    hadFailed_ = !window_->failure().ok();
    own_ = 0;
    if (packet.header.kind == wire::PacketKind::kStatus) {
      const auto bits = std::to_integer<uint32_t>(packet.payload[rank_ / 8]);
      own_ = bits >> rank_ % 8 & 1;
    }
  }
  [[nodiscard]] bool isTaken() const {
    const WindowCounters& now = window_->counters();
    EXPECT_EQ(now.malformed, before_.malformed) << "an answer that does not fit its chunk";
    return now.results != before_.results || now.statuses != before_.statuses ||
           hadFailed_ != !window_->failure().ok();
  }

  const uint32_t rank_;
  const SlotWindow* window_ = nullptr;
  std::optional<wire::AggregationHeader> arrived_;
  WindowCounters before_;
  bool hadFailed_ = false;
  uint32_t own_ = 0;
};

}  // namespace inccl::ina
