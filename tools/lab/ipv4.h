// An IPv4 address as a number: read, written, counted up.
//
// The lab gives out addresses and compares those that a topology gives; both are arithmetic. IPv6
// stays out of the lab's namespaces: its neighbour discovery would add packets of its own to links
// whose bytes are counted.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace inccl::lab {

struct Ipv4 {
  uint32_t value = 0;  // host byte order; 0 = none

  // "10.0.0.1", of a host: neither loopback, multicast, nor network 0.
  static Result<Ipv4> parse(const std::string& text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool given() const { return value != 0; }
  auto operator<=>(const Ipv4&) const = default;
};

}  // namespace inccl::lab
