#include "lab/ipv4.h"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace inccl::lab {

Result<Ipv4> Ipv4::parse(const std::string& text) {
  in_addr raw{};
  if (inet_pton(AF_INET, text.c_str(), &raw) != 1)
    return invalidArgument(fmt::format("'{}' is no IPv4 address", text));
  const Ipv4 address{ntohl(raw.s_addr)};
  const uint32_t network = address.value >> 24;
  if (network == 0 || network == 127 || network >= 224)
    return invalidArgument(fmt::format("'{}' is no address that a host can have", text));
  return address;
}

std::string Ipv4::text() const {
  return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 255, value >> 8 & 255, value & 255);
}

}  // namespace inccl::lab
