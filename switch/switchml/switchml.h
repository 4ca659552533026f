// The program of SwitchML (Sapio et al., "Scaling Distributed Machine Learning with In-Network
// Aggregation", NSDI 2021, sections 3 and 4), made safe on networks that reorder and for workers
// that err.
//
// A packet's way: the job table (stage 0) says whether sender, slot and session belong together;
// SlotState (1, 2) whether the packet counts; the operation register (3) whether all mean the same,
// with beside it who wants the result and the additive tags; the lanes (4 …) sum the payload. When
// the last worker has contributed, the sum goes to all: those who want none get the header alone,
// since everybody's slots move on by results. Who missed it asks (PROBE) and gets either the stored
// result or the list of those who have contributed.
//
// What is dropped is counted by reason and never changes a sum. Used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "ports/datagram_port.h"
#include "switch/egress.h"
#include "switch/pipeline/lane_banks.h"
#include "switch/pipeline/pipeline.h"
#include "switch/switchml/counters.h"
#include "switch/switchml/job_table.h"
#include "switch/switchml/operation_register.h"
#include "switch/switchml/slot_state.h"
#include "wire/aggregation_packet.h"

namespace inccl::switchml {

class SwitchMl {
 public:
  struct Shape {
    uint32_t slots = 512;
    size_t payloadBytes = 256;  // the most of a packet
    uint32_t mostFanIn = 32;
  };
  // Fails with the figure when the profile has not the room.
  static Result<std::unique_ptr<SwitchMl>> load(const pipeline::Profile& profile,
                                                const Shape& shape);

  void process(const ports::IncomingDatagram& datagram, emulator::Egress& egress);

  [[nodiscard]] JobTable& jobs() { return jobs_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const pipeline::Pipeline& pipeline() const { return pipeline_; }
  // As after power has been off: registers, not the job table.
  void loseRegisters();
  [[nodiscard]] pipeline::LaneBanks& lanes() { return lanes_; }
  [[nodiscard]] SlotState& slots() { return slots_; }

 private:
  struct Handled;  // one packet, see handled.h

  SwitchMl(const pipeline::Profile& profile, const Shape& shape);
  [[nodiscard]] bool admits(const Job& job, const wire::AggregationHeader& header,
                            const os::SocketAddress& from);
  [[nodiscard]] bool supports(const wire::AggregationHeader& header) const;
  [[nodiscard]] reduce::ReduceFn combineOf(const PayloadShape& shape) const;

  void onContribution(Handled& packet, emulator::Egress& egress);
  void onProbe(Handled& packet, emulator::Egress& egress);
  void contribute(Handled& packet, const UseState& use, const Agreement& agreement,
                  emulator::Egress& egress);
  void storeDifference(Handled& packet);

  void noteReceiver(Handled& packet, bool opens);
  void readReceivers(Handled& packet);
  void addTags(Handled& packet, bool opens);
  void readTags(Handled& packet);
  void raiseExponents(Handled& packet, bool firstPayload);
  void readExponents(Handled& packet);
  std::span<const std::byte> asLanes(const wire::PacketView& view);

  void answerAll(Handled& packet, const Agreement& agreement, emulator::Egress& egress);
  void answerOne(Handled& packet, const Agreement& agreement, emulator::Egress& egress);
  std::span<const std::byte> writeResult(const Handled& packet, const Agreement& agreement,
                                         uint16_t worker, bool whole, emulator::Egress& egress);
  std::span<const std::byte> writeMismatch(const Handled& packet, const Agreement& agreement,
                                           uint16_t worker, emulator::Egress& egress);
  void sendStatus(Handled& packet, emulator::Egress& egress);
  void sendNak(const wire::AggregationHeader& header, const os::SocketAddress& to,
               emulator::Egress& egress);

  pipeline::Pipeline pipeline_;
  const Shape shape_;
  JobTable jobs_;
  SlotState slots_;
  OperationRegister operations_;
  pipeline::RegisterArray receivers_;  // bitmap of who wants the result
  pipeline::RegisterArray tags_;       // two sums
  pipeline::RegisterArray exponents_;  // how many, and the largest of each block
  pipeline::LaneBanks lanes_;
  Counters counters_;
  // Of one packet: a bitmap, and a payload as lanes on its way in or out.
  std::vector<uint32_t> bitmap_;
  std::vector<uint32_t> laneBuffer_;
};

}  // namespace inccl::switchml
