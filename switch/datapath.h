// Packets from a port through a program and out again, in batches.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "base/status.h"
#include "ports/datagram_port.h"
#include "switch/egress.h"
#include "switch/switchml/switchml.h"

namespace inccl::emulator {

// One shard of a switch: its own port, its own registers, one thread. Nothing is shared between
// shards on the way of a packet.
class Datapath {
 public:
  static constexpr size_t kBatch = 64;

  // Neither is owned.
  Datapath(ports::DatagramPort& port, switchml::SwitchMl& program)
      : port_(port),
        program_(program),
        egress_(2 * kBatch, std::min(port.mostBytes(), wire::kMostPacketBytes)) {}

  // What has arrived, at most a batch; returns how many datagrams. Does not block.
  Result<size_t> poll();

  [[nodiscard]] uint64_t lostForRoom() const { return lostForRoom_; }

 private:
  Status flush();

  ports::DatagramPort& port_;
  switchml::SwitchMl& program_;
  Egress egress_;
  std::array<ports::IncomingDatagram, kBatch> arrived_;
  uint64_t lostForRoom_ = 0;
};

}  // namespace inccl::emulator
