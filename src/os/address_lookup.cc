// Where addresses come from: names that the resolver knows, and the interfaces of this machine.
//
// A machine has many addresses and most of them are useless to a peer: bridges of containers,
// virtual pairs, link-local ones. Choosing one silently is the most frequent cause of start-up
// failures of collective libraries, so all usable ones are listed, the likeliest first, and the
// peer picks one that it can reach.
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>

#include "os/socket_address.h"
#include "os/syscalls.h"

namespace inccl::os {
namespace {

struct HostAndPort {
  std::string host;
  uint16_t port = 0;
};

Result<HostAndPort> splitPort(const std::string& text, uint16_t defaultPort) {
  HostAndPort result{text, defaultPort};
  std::string portText;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string::npos) return invalidArgument(fmt::format("'{}' lacks a ']'", text));
    result.host = text.substr(1, close - 1);
    if (close + 1 == text.size()) return result;
    if (text[close + 1] != ':')
      return invalidArgument(fmt::format("'{}': expected ':' after ']'", text));
    portText = text.substr(close + 2);
  } else {
    const size_t colon = text.find(':');
    // More than one colon and no brackets: a bare IPv6 address.
    if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) return result;
    result.host = text.substr(0, colon);
    portText = text.substr(colon + 1);
  }
  unsigned port = 0;
  const auto [end, error] =
      std::from_chars(portText.data(), portText.data() + portText.size(), port);
  if (error != std::errc() || end != portText.data() + portText.size() || port == 0 ||
      port > 65535) {
    return invalidArgument(fmt::format("'{}': '{}' is no port from 1 to 65535", text, portText));
  }
  result.port = static_cast<uint16_t>(port);
  return result;
}

// Container and virtual machine plumbing: up, with addresses, and reachable by nobody else.
bool isBridge(std::string_view interface) {
  constexpr std::array<std::string_view, 9> kPrefixes = {"docker",  "br-",  "veth", "virbr", "cni",
                                                         "flannel", "cali", "lxc",  "podman"};
  return std::ranges::any_of(kPrefixes,
                             [&](std::string_view p) { return interface.starts_with(p); });
}

// NCCL's grammar of *_SOCKET_IFNAME: an optional '^' (all but these) and '=' (whole names instead
// of prefixes), then names separated by commas.
class InterfaceFilter {
 public:
  explicit InterfaceFilter(std::string_view text) {
    exclude_ = text.starts_with('^');
    if (exclude_) text.remove_prefix(1);
    exact_ = text.starts_with('=');
    if (exact_) text.remove_prefix(1);
    while (!text.empty()) {
      const size_t comma = std::min(text.find(','), text.size());
      if (comma > 0) names_.emplace_back(text.substr(0, comma));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
  }
  [[nodiscard]] bool accepts(std::string_view interface) const {
    const bool listed = std::ranges::any_of(names_, [&](const std::string& name) {
      return exact_ ? interface == name : interface.starts_with(name);
    });
    return names_.empty() || listed != exclude_;
  }
  // Interfaces were asked for by name, so that even loopback is meant.
  [[nodiscard]] bool names() const { return !names_.empty() && !exclude_; }

 private:
  bool exclude_ = false, exact_ = false;
  std::vector<std::string> names_;
};

struct Candidate {
  int worth = 0;  // smaller is better
  SocketAddress address;
};

int worthOf(const SocketAddress& address, std::string_view interface, bool loopback) {
  if (loopback) return 3;
  if (isBridge(interface)) return 2;
  return address.isLinkLocal() ? 1 : 0;
}

// Every address of a host; `flags` are getaddrinfo's.
Result<std::vector<SocketAddress>> addressesOf(const HostAndPort& parts, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  if (const int error = sys::getaddrinfo(parts.host.c_str(), nullptr, &hints, &list)) {
    if (error == EAI_SYSTEM)
      return systemError(fmt::format("cannot resolve host '{}'", parts.host), errno);
    return Status(Code::kSystemError,
                  fmt::format("cannot resolve host '{}': {}", parts.host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  std::vector<SocketAddress> result;
  for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
    auto address = SocketAddress::fromSockaddr(entry->ai_addr, entry->ai_addrlen);
    if (!address.ok()) continue;
    const SocketAddress withPort = address->withPort(parts.port);
    if (std::ranges::find(result, withPort) == result.end()) result.push_back(withPort);
  }
  if (result.empty())
    return Status(Code::kSystemError,
                  fmt::format("host '{}' has no IPv4 or IPv6 address", parts.host));
  return result;
}

}  // namespace

Result<std::vector<SocketAddress>> resolve(const std::string& hostAndPort, uint16_t defaultPort) {
  INCCL_TRY_ASSIGN(const HostAndPort parts, splitPort(hostAndPort, defaultPort));
  if (parts.host.empty()) return invalidArgument(fmt::format("'{}' names no host", hostAndPort));
  return addressesOf(parts, 0);
}

Result<SocketAddress> numericAddress(const std::string& addressAndPort) {
  INCCL_TRY_ASSIGN(const HostAndPort parts, splitPort(addressAndPort, 0));
  if (parts.host.empty() || parts.port == 0)
    return invalidArgument(fmt::format("'{}': expected address:port", addressAndPort));
  INCCL_TRY_ASSIGN(const auto addresses, addressesOf(parts, AI_NUMERICHOST));
  return addresses.front();
}

Result<std::vector<SocketAddress>> localAddresses(const std::string& interfaceNames, int family) {
  ifaddrs* list = nullptr;
  if (sys::getifaddrs(&list) != 0) return systemError("cannot list network interfaces", errno);
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  const InterfaceFilter filter(interfaceNames);
  std::vector<Candidate> candidates;
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP)) continue;
    const int entryFamily = entry->ifa_addr->sa_family;
    if (entryFamily != AF_INET && entryFamily != AF_INET6) continue;
    if (family != AF_UNSPEC && entryFamily != family) continue;
    if (!filter.accepts(entry->ifa_name)) continue;
    auto address = SocketAddress::fromSockaddr(
        entry->ifa_addr, entryFamily == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (!address.ok()) continue;
    const bool loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
    candidates.push_back({worthOf(*address, entry->ifa_name, loopback), address->withPort(0)});
  }
  if (candidates.empty()) {
    return invalidArgument(fmt::format("no network interface that is up matches '{}'{}",
                                       interfaceNames,
                                       family == AF_INET    ? " with an IPv4 address"
                                       : family == AF_INET6 ? " with an IPv6 address"
                                                            : ""));
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::worth);
  // Unless named, bridges count only where nothing better is, and loopback only where nothing is.
  const int best = candidates.front().worth;
  const int worst = filter.names() ? 3 : std::max(best, 1);
  std::vector<SocketAddress> result;
  for (const Candidate& candidate : candidates)
    if (candidate.worth <= worst) result.push_back(candidate.address);
  return result;
}

}  // namespace inccl::os
