#include "os/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>

#include <cstring>

namespace inccl::os {

SocketAddress SocketAddress::ipv4(in_addr address, uint16_t port) {
  SocketAddress result;
  result.storage_.v4.sin_family = AF_INET;
  result.storage_.v4.sin_port = htons(port);
  result.storage_.v4.sin_addr = address;
  return result;
}

SocketAddress SocketAddress::ipv6(const in6_addr& address, uint32_t scopeId, uint16_t port) {
  SocketAddress result;
  result.storage_.v6.sin6_family = AF_INET6;
  result.storage_.v6.sin6_port = htons(port);
  result.storage_.v6.sin6_addr = address;
  result.storage_.v6.sin6_scope_id = scopeId;
  return result;
}

SocketAddress SocketAddress::loopback(int family, uint16_t port) {
  if (family == AF_INET6) return ipv6(in6addr_loopback, 0, port);
  return ipv4(in_addr{htonl(INADDR_LOOPBACK)}, port);
}

SocketAddress SocketAddress::any(int family, uint16_t port) {
  if (family == AF_INET6) return ipv6(in6addr_any, 0, port);
  return ipv4(in_addr{htonl(INADDR_ANY)}, port);
}

Result<SocketAddress> SocketAddress::parse(const std::string& text) {
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return ipv4(v4, 0);
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return ipv6(v6, 0, 0);
  return invalidArgument(fmt::format("'{}' is no IPv4 or IPv6 address", text));
}

Result<SocketAddress> SocketAddress::fromSockaddr(const sockaddr* address, socklen_t length) {
  SocketAddress result;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    std::memcpy(&result.storage_.v4, address, sizeof(sockaddr_in));
    return result;
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    std::memcpy(&result.storage_.v6, address, sizeof(sockaddr_in6));
    result.storage_.v6.sin6_flowinfo = 0;
    return result;
  }
  return invalidArgument(fmt::format("address family {} is neither IPv4 nor IPv6",
                                     static_cast<int>(address->sa_family)));
}

uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

SocketAddress SocketAddress::withPort(uint16_t port) const {
  SocketAddress result = *this;
  (family() == AF_INET6 ? result.storage_.v6.sin6_port : result.storage_.v4.sin_port) = htons(port);
  return result;
}

bool SocketAddress::isLoopback() const {
  if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&storage_.v6.sin6_addr);
  return ntohl(storage_.v4.sin_addr.s_addr) >> 24 == 127;
}

bool SocketAddress::isLinkLocal() const {
  if (family() == AF_INET6) return IN6_IS_ADDR_LINKLOCAL(&storage_.v6.sin6_addr);
  return ntohl(storage_.v4.sin_addr.s_addr) >> 16 == 0xa9fe;  // 169.254/16, RFC 3927
}

bool SocketAddress::sameHost(const SocketAddress& other) const {
  return withPort(0) == other.withPort(0);
}

socklen_t SocketAddress::rawLength() const {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string SocketAddress::describe() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &storage_.v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, port());
  }
  if (family() != AF_INET6) return "no address";
  inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof text);
  if (scopeId() == 0) return fmt::format("[{}]:{}", text, port());
  char interfaceName[IF_NAMESIZE];
  if (if_indextoname(scopeId(), interfaceName))
    return fmt::format("[{}%{}]:{}", text, interfaceName, port());
  return fmt::format("[{}%{}]:{}", text, scopeId(), port());
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family() || port() != other.port()) return false;
  if (family() == AF_INET) return storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
  return scopeId() == other.scopeId() &&
         std::memcmp(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

}  // namespace inccl::os
