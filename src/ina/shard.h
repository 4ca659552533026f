// A slot window on a port: what has arrived goes in, what is to be sent goes out.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "base/status.h"
#include "ina/slot_window.h"
#include "os/socket_address.h"
#include "ports/datagram_port.h"

namespace inccl::ina {

// Used by one thread. Does not block and, once made, allocates nothing.
class Shard {
 public:
  static constexpr size_t kBatch = 64;

  // The port is not owned and used by nobody else.
  Shard(ports::DatagramPort& port, const os::SocketAddress& switchAddress,
        const SlotWindow::Shape& shape)
      : port_(port), switch_(switchAddress), window_(shape) {}

  void begin(AggregatedOperation& operation, Nanos now) { window_.begin(operation, now); }
  // Receives, asks where time is up, sends. True when something came or went.
  Result<bool> poll(Nanos now);
  [[nodiscard]] const SlotWindow& window() const { return window_; }
  // For who repairs.
  [[nodiscard]] SlotWindow& window() { return window_; }

  // Datagrams that were no packets of the switch: from others, or not whole.
  [[nodiscard]] uint64_t strangers() const { return strangers_; }
  [[nodiscard]] uint64_t broken() const { return broken_; }

 private:
  Result<size_t> receive(Nanos now);
  Result<size_t> send(Nanos now);

  ports::DatagramPort& port_;
  const os::SocketAddress switch_;
  SlotWindow window_;
  std::array<ports::IncomingDatagram, kBatch> arrived_;
  std::array<ports::OutgoingDatagram, kBatch> leaving_;
  uint64_t strangers_ = 0, broken_ = 0;
};

}  // namespace inccl::ina
