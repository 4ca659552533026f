// One listening port for a process, on any number of addresses, IPv4 and IPv6 alike.
//
// Each address has a socket of its own (IPv6 ones take IPv6 only) and all share one port number, so
// that a firewall needs one rule and a peer one number. A family that this machine lacks is left
// out; at least one address must be bound. Threading: a value, used by one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "os/socket_address.h"
#include "os/unique_fd.h"

namespace inccl::os {

class Listener {
 public:
  // portLow == portHigh == 0: any free port. Otherwise the first free one of the range, sought from
  // a place that differs by process, so that many processes do not race for the same one.
  static Result<Listener> open(std::span<const SocketAddress> addresses, uint16_t portLow,
                               uint16_t portHigh);

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] const std::vector<UniqueFd>& sockets() const { return sockets_; }

 private:
  std::vector<UniqueFd> sockets_;
  uint16_t port_ = 0;
};

// The next connection of a listening socket, non-blocking and close-on-exec. Not valid and ok: none
// waits.
Result<UniqueFd> acceptStream(int listeningFd);

}  // namespace inccl::os
