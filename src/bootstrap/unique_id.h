// The 128 bytes by which ranks find each other: where the root listens and a secret nonce.
//
// The token is opaque to users, who copy it by any means. It carries several addresses of the root
// (a machine has many; the peer picks one that it can reach), one port, a 128-bit nonce that is
// proved by challenge and never sent, and a checksum, so that a damaged or foreign token is told
// from a good one before anything connects.
//
// Layout, little endian: magic 4, version 1, flags 1, port 2, nonce 16, address count 1, addresses
// (kind 1, then 4 bytes IPv4, 16 bytes IPv6, or 16 + 4 bytes IPv6 and scope), zeros up to byte 120,
// checksum 8. All of it is covered by the checksum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/status.h"
#include "os/socket_address.h"

namespace inccl::bootstrap {

constexpr size_t kUniqueIdBytes = 128;
using UniqueIdBytes = std::array<std::byte, kUniqueIdBytes>;
using Nonce = std::array<std::byte, 16>;

struct UniqueId {
  Nonce nonce{};
  uint16_t port = 0;                         // of the root
  bool rootAtRankZero = false;               // made from the environment: rank 0 opens the root
  bool authenticated = true;                 // false: launched without a secret
  std::vector<os::SocketAddress> addresses;  // of the root, best first; ports in them are ignored

  // Of a launch of one rank, which needs no root: an id by which nobody can meet.
  static UniqueId ofOneRank();
  [[nodiscard]] bool isOfOneRank() const { return rootAtRankZero && port == kNoPort; }

  [[nodiscard]] UniqueIdBytes encode() const;  // keeps the first addresses that fit
  static Result<UniqueId> decode(const UniqueIdBytes& bytes);

  // A new id whose root hub listens in this process until its ranks have met and left again.
  static Result<UniqueId> create(const Config& config);
  // The maker's, for an id whose ranks will not all come: its root, if it still gathers them in
  // this process, tells `reason` to those that have come and closes.
  static void withdraw(const UniqueId& id, const Status& reason);

 private:
  static constexpr uint16_t kNoPort = 1;  // nobody's root can listen there
};

}  // namespace inccl::bootstrap
