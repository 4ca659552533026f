#include "bootstrap/endpoints.h"

#include <algorithm>
#include <cstring>

namespace inccl::bootstrap {
namespace {

int familyOf(const Config& config) {
  if (config.addressFamily == "AF_INET") return AF_INET;
  if (config.addressFamily == "AF_INET6") return AF_INET6;
  return AF_UNSPEC;
}

template <typename Make>
std::vector<os::SocketAddress> inBothFamilies(int family, Make make) {
  std::vector<os::SocketAddress> result;
  for (const int each : {AF_INET, AF_INET6})
    if (family == AF_UNSPEC || family == each) result.push_back(make(each, uint16_t{0}));
  return result;
}

}  // namespace

Result<ListenScope> listenScope(const Config& config, bool authenticated) {
  const int family = familyOf(config);
  const bool named = !config.interfaceNames.empty() && config.interfaceNames[0] != '^';
  ListenScope scope;
  if (!authenticated && !named) {
    scope.bindTo = inBothFamilies(family, os::SocketAddress::loopback);
    scope.advertised = scope.bindTo;
    return scope;
  }
  INCCL_TRY_ASSIGN(scope.advertised, os::localAddresses(config.interfaceNames, family));
  scope.bindTo = named ? scope.advertised : inBothFamilies(family, os::SocketAddress::any);
  return scope;
}

DialOrder dialOrder(const std::vector<wire::Address>& told,
                    const std::vector<os::SocketAddress>& preferred) {
  std::vector<os::SocketAddress> known;
  for (const wire::Address& address : told) known.push_back(fromWire(address));
  DialOrder order;
  const auto add = [&](const os::SocketAddress& address) {
    if (std::ranges::find(order.addresses, address) == order.addresses.end())
      order.addresses.push_back(address);
  };
  for (const os::SocketAddress& wanted : preferred) {
    const auto like = std::ranges::find(known, wanted.family(), &os::SocketAddress::family);
    if (like != known.end()) add(wanted.withPort(like->port()));
  }
  order.preferred = order.addresses.size();
  for (const os::SocketAddress& address : known) add(address);
  return order;
}

wire::Address toWire(const os::SocketAddress& address, uint16_t port) {
  wire::Address result;
  result.family = address.family() == AF_INET6 ? 6 : 4;
  result.port = port;
  result.scopeId = address.scopeId();
  if (result.family == 6)
    std::memcpy(result.bytes.data(), &address.ipv6Address(), sizeof(in6_addr));
  else
    std::memcpy(result.bytes.data(), &address.ipv4Address(), sizeof(in_addr));
  return result;
}

os::SocketAddress fromWire(const wire::Address& address) {
  if (address.family == 6) {
    in6_addr raw;
    std::memcpy(&raw, address.bytes.data(), sizeof raw);
    return os::SocketAddress::ipv6(raw, address.scopeId, address.port);
  }
  in_addr raw;
  std::memcpy(&raw, address.bytes.data(), sizeof raw);
  return os::SocketAddress::ipv4(raw, address.port);
}

}  // namespace inccl::bootstrap
