// Where datagrams leave and arrive, whatever carries them: sockets, memory, a poll-mode driver.
//
// The switch and the host side of aggregation are written against this and nothing else, so that
// both run in one process under a test's clock, over sockets, and later over DPDK. A port promises
// nothing: what is sent may be lost, repeated, reordered or changed. Datagrams go and come in
// batches, since a call for each would cost more than its bytes.
//
// Used by one thread at a time. Nothing here blocks.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/status.h"
#include "os/socket_address.h"

namespace inccl::ports {

// One datagram out of up to three pieces of the sender's memory (header, payload, what follows it),
// which are not looked at any more when send() has returned.
struct OutgoingDatagram {
  os::SocketAddress to;
  std::array<std::span<const std::byte>, 3> pieces;

  [[nodiscard]] size_t bytes() const {
    return pieces[0].size() + pieces[1].size() + pieces[2].size();
  }
};

// In the port's memory until its next receive().
struct IncomingDatagram {
  os::SocketAddress from;
  std::span<const std::byte> bytes;
};

class DatagramPort {
 public:
  virtual ~DatagramPort() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Where others send to reach this port.
  [[nodiscard]] virtual const os::SocketAddress& address() const = 0;
  // The largest datagram that can be sent or received.
  [[nodiscard]] virtual size_t mostBytes() const = 0;

  // Takes datagrams from the front of the batch for as long as there is room; returns how many. A
  // datagram that nobody can receive counts as taken: that is a loss like any other.
  virtual Result<size_t> send(std::span<const OutgoingDatagram> batch) = 0;
  // Fills the front of the batch with what has arrived; returns how many.
  virtual Result<size_t> receive(std::span<IncomingDatagram> batch) = 0;
  // Readable when receive() may find something; -1 where one has to ask.
  [[nodiscard]] virtual int waitDescriptor() const = 0;
};

}  // namespace inccl::ports
