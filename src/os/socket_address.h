// An IPv4 or IPv6 address with port and scope, as a value: parsed, printed, compared.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace inccl::os {

class SocketAddress {
 public:
  SocketAddress() = default;
  static SocketAddress ipv4(in_addr address, uint16_t port);
  static SocketAddress ipv6(const in6_addr& address, uint32_t scopeId, uint16_t port);
  static SocketAddress loopback(int family, uint16_t port);
  static SocketAddress any(int family, uint16_t port);
  // "10.0.0.1" or "fd00::1", no name, port or scope.
  static Result<SocketAddress> parse(const std::string& text);
  static Result<SocketAddress> fromSockaddr(const sockaddr* address, socklen_t length);

  [[nodiscard]] int family() const { return storage_.base.sa_family; }
  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] SocketAddress withPort(uint16_t port) const;
  [[nodiscard]] bool isLoopback() const;
  [[nodiscard]] bool isLinkLocal() const;
  // Equal but for the port.
  [[nodiscard]] bool sameHost(const SocketAddress& other) const;
  [[nodiscard]] const in_addr& ipv4Address() const { return storage_.v4.sin_addr; }
  [[nodiscard]] const in6_addr& ipv6Address() const { return storage_.v6.sin6_addr; }
  [[nodiscard]] uint32_t scopeId() const {
    return family() == AF_INET6 ? storage_.v6.sin6_scope_id : 0;
  }

  [[nodiscard]] const sockaddr* raw() const { return &storage_.base; }
  [[nodiscard]] socklen_t rawLength() const;
  // "127.0.0.1:5000", "[fe80::1%eth0]:5000"
  [[nodiscard]] std::string describe() const;
  bool operator==(const SocketAddress& other) const;

 private:
  union Storage {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_{.v6 = {}};
};

// "host", "10.0.0.1", "::1", "[::1]:5000", "host:5000" → every address that the name has.
Result<std::vector<SocketAddress>> resolve(const std::string& hostAndPort, uint16_t defaultPort);
// "10.0.0.1:5000", "[::1]:5000", and no name: nothing is looked up, so it does not wait.
Result<SocketAddress> numericAddress(const std::string& addressAndPort);

// The addresses of this machine's interfaces that are up, best first: by `interfaceNames` (NCCL's
// grammar: prefix list; "^a,b" excludes; "=a" exact), else all but loopback and container bridges,
// falling back to those and at last to loopback. `family`: AF_INET, AF_INET6 or AF_UNSPEC.
Result<std::vector<SocketAddress>> localAddresses(const std::string& interfaceNames, int family);

}  // namespace inccl::os
