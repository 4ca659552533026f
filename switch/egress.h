// What a program wants sent: packets written into a batch's memory, each for one or many receivers.
//
// Multicast writes a packet once, however many receive it. The batch goes out when the packets that
// came in together have all been handled; what the port has no room for then is lost, as in a
// switch whose queue is full, so that receiving never waits for sending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ports/datagram_port.h"

namespace inccl::emulator {

class Egress {
 public:
  Egress(size_t mostPackets, size_t mostBytes)
      : mostBytes_(mostBytes), memory_(mostPackets * mostBytes) {}

  // Whether two more packets, the most that one packet gives rise to, can be written.
  [[nodiscard]] bool hasRoom() const { return used_ + 2 * mostBytes_ <= memory_.size(); }
  // Memory for one packet; the next call takes what `commit` left.
  [[nodiscard]] std::span<std::byte> packet() {
    return std::span(memory_).subspan(used_, mostBytes_);
  }
  // The packet is `bytes` long; send() refers to it until it is flushed.
  std::span<const std::byte> commit(size_t bytes) {
    const auto written = std::span(memory_).subspan(used_, bytes);
    used_ += bytes;
    return written;
  }
  void send(std::span<const std::byte> packet, const os::SocketAddress& to) {
    batch_.push_back({to, {packet, {}, {}}});
  }

  [[nodiscard]] std::span<const ports::OutgoingDatagram> batch() const { return batch_; }
  void clear() {
    batch_.clear();
    used_ = 0;
  }

 private:
  const size_t mostBytes_;
  std::vector<std::byte> memory_;
  size_t used_ = 0;
  std::vector<ports::OutgoingDatagram> batch_;
};

}  // namespace inccl::emulator
