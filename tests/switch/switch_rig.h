// A switch and its workers in memory, packet by packet: what the tests of the program stand on.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "ports/memory/memory_port.h"
#include "switch/datapath.h"
#include "switch/switchml/switchml.h"

namespace inccl::switchml {

struct Received {
  wire::AggregationHeader header;
  std::vector<int32_t> values;
};

class SwitchRig {
 public:
  static constexpr uint32_t kSession = 0x5e551011, kOpTag = 0x0b1e55ed;

  explicit SwitchRig(uint32_t workers, pipeline::Profile profile = pipeline::Profile::tofino(),
                     SwitchMl::Shape shape = {.slots = 8, .payloadBytes = 256, .mostFanIn = 32}) {
    auto loaded = SwitchMl::load(profile, shape);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    program_ = std::move(loaded).value();
    port_ = network_->open();
    datapath_ = std::make_unique<emulator::Datapath>(*port_, *program_);
    Job job{kSession, 0, shape.slots, {}};
    for (uint32_t worker = 0; worker < workers; ++worker) {
      workers_.push_back(network_->open());
      job.workers.push_back(workers_.back()->address());
    }
    const Status admitted = program_->jobs().admit(job);
    EXPECT_TRUE(admitted.ok()) << admitted.message();
  }
  ~SwitchRig() {
    EXPECT_EQ(program_->pipeline().brokenRules(), 0u) << program_->pipeline().lastBroken();
  }
  SwitchRig(const SwitchRig&) = delete;
  SwitchRig& operator=(const SwitchRig&) = delete;

  static wire::AggregationHeader data(uint32_t worker, uint16_t slot, uint32_t generation,
                                      wire::LaneOp op = wire::LaneOp::kSum) {
    wire::AggregationHeader header;
    header.op = op;
    header.worker = static_cast<uint16_t>(worker);
    header.session = kSession;
    header.slot = slot;
    header.generation = generation;
    header.opTag = kOpTag;
    return header;
  }

  // The packet goes through the switch at once.
  void send(uint32_t worker, wire::AggregationHeader header, const std::vector<int32_t>& values) {
    if (!values.empty() && header.type == wire::LaneType::kNone)
      header.type = wire::LaneType::kInt32;
    header.elements = static_cast<uint16_t>(values.size());
    std::vector<std::byte> head(wire::AggregationHeader::kBytes);
    wire::encodeHeader(header, head);
    raw(worker, head, std::as_bytes(std::span(values)));
  }
  void raw(uint32_t worker, std::span<const std::byte> head, std::span<const std::byte> body = {}) {
    const ports::OutgoingDatagram datagram{port_->address(), {head, body, {}}};
    EXPECT_EQ(workers_[worker]->send({&datagram, 1}).value(), 1u);
    EXPECT_EQ(datapath_->poll().value(), 1u);
  }
  void probe(uint32_t worker, uint16_t slot, uint32_t generation) {
    auto header = data(worker, slot, generation, wire::LaneOp::kNone);
    header.kind = wire::PacketKind::kProbe;
    send(worker, header, {});
  }

  // The next packet that the worker was sent.
  std::optional<Received> next(uint32_t worker) {
    ports::IncomingDatagram datagram;
    if (workers_[worker]->receive({&datagram, 1}).value() == 0) return std::nullopt;
    const auto decoded = wire::decodePacket(datagram.bytes);
    EXPECT_TRUE(std::holds_alternative<wire::PacketView>(decoded));
    const auto& view = std::get<wire::PacketView>(decoded);
    Received received{view.header, {}};
    received.values.resize((view.payload.size() + 3) / 4);  // exponents are half as long
    if (!view.payload.empty())
      std::memcpy(received.values.data(), view.payload.data(), view.payload.size());
    return received;
  }
  // Its values; fails when it is no RESULT.
  std::vector<int32_t> result(uint32_t worker) {
    const auto received = next(worker);
    EXPECT_TRUE(received.has_value()) << "worker " << worker << " was sent nothing";
    if (!received) return {};
    EXPECT_EQ(received->header.kind, wire::PacketKind::kResult);
    return received->values;
  }
  bool silent(uint32_t worker) { return !next(worker).has_value(); }

  SwitchMl& program() { return *program_; }
  const Counters& counters() { return program_->counters(); }
  ports::MemoryNetwork& network() { return *network_; }
  uint32_t workers() const { return static_cast<uint32_t>(workers_.size()); }

 private:
  std::shared_ptr<ports::MemoryNetwork> network_ = ports::MemoryNetwork::create();
  std::unique_ptr<SwitchMl> program_;
  std::unique_ptr<ports::DatagramPort> port_;
  std::unique_ptr<emulator::Datapath> datapath_;
  std::vector<std::unique_ptr<ports::DatagramPort>> workers_;
};

}  // namespace inccl::switchml
