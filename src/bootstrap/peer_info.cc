#include "bootstrap/peer_info.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::bootstrap {

std::string PeerInfo::describe() const {
  if (rank < 0) return fmt::format("the root process on host {} (pid {})", host, pid);
  return fmt::format("rank {} on host {} (pid {})", rank, host, pid);
}

PeerInfo fromWire(const wire::Peer& peer) {
  PeerInfo info;
  info.rank = peer.rank;
  info.host = peer.host;
  info.hostKey = peer.hostKey;
  info.pid = peer.pid;
  info.processKey = peer.processKey;
  info.configHash = peer.configHash;
  info.endpoints = peer.endpoints;
  return info;
}

std::string describe(const wire::Peer& peer) { return fromWire(peer).describe(); }

Nanos heartbeatInterval(const Config& config) {
  Nanos interval = 500 * kMillisecond;
  for (const Nanos limit : {config.heartbeatSuspect, config.heartbeatFail})
    if (limit > 0) interval = std::min(interval, limit / 4);
  return std::max(interval, 10 * kMillisecond);
}

}  // namespace inccl::bootstrap
