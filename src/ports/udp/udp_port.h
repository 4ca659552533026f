// Datagrams over UDP sockets: no privileges, any machine.
//
// A system call and the kernel's way through its network code cost more than a kilobyte of payload,
// so both are shared: one call sends many messages (sendmmsg), one message many datagrams of one
// receiver and size (UDP_SEGMENT, "GSO"), and the kernel hands arrived ones of a sender over
// together (UDP_GRO). Where the kernel has not the latter two, the port works without.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "os/unique_fd.h"
#include "ports/datagram_port.h"

namespace inccl::ports {

class UdpPort final : public DatagramPort {
 public:
  struct Options {
    // Asked of the kernel for each direction; it may give less (net.core.rmem_max) unless we are
    // root.
    size_t bufferBytes = size_t{4} << 20;
    bool segmentation = true;  // false: one datagram a message, as without GSO and GRO
  };
  // Bound to `address`; with port 0 to one that is free.
  static Result<std::unique_ptr<UdpPort>> open(const os::SocketAddress& address,
                                               const Options& options);
  ~UdpPort() override;

  [[nodiscard]] std::string_view name() const override { return "udp"; }
  [[nodiscard]] const os::SocketAddress& address() const override { return address_; }
  [[nodiscard]] size_t mostBytes() const override { return kMostBytes; }
  Result<size_t> send(std::span<const OutgoingDatagram> batch) override;
  Result<size_t> receive(std::span<IncomingDatagram> batch) override;
  [[nodiscard]] int waitDescriptor() const override { return socket_.get(); }
  // What the kernel gave for datagrams that have arrived, its own book-keeping included.
  [[nodiscard]] size_t receiveBufferBytes() const;

 private:
  static constexpr size_t kMostBytes = 65000;
  struct Sending;
  struct Receiving;

  UdpPort(os::UniqueFd socket, os::SocketAddress address, size_t mostSegment);
  bool segmentRefused(int error);
  size_t fill(std::span<const OutgoingDatagram> batch);
  Status receiveMore();

  const os::UniqueFd socket_;
  const os::SocketAddress address_;
  size_t mostSegment_;  // bytes of a datagram that may share a message; 0: none may
  std::unique_ptr<Sending> sending_;
  std::unique_ptr<Receiving> receiving_;
};

}  // namespace inccl::ports
