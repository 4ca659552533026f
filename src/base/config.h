// Every setting of the library in one place, read once per communicator and checked there.
//
// A communicator keeps the Config it was made with, so a later change of the environment does not
// split its ranks. `hash` is exchanged at creation: ranks with different settings that matter for
// agreement (buffer sizes, algorithm choice) are told so instead of hanging.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace inccl {

struct Config {
  // Deadlines.
  Nanos creationTimeout = 60 * kSecond;    // INCCL_CREATION_TIMEOUT
  Nanos connectTimeout = 20 * kSecond;     // INCCL_CONNECT_TIMEOUT
  Nanos operationTimeout = 600 * kSecond;  // INCCL_TIMEOUT
  Nanos heartbeatSuspect =
      2 * kSecond;  // INCCL_HEARTBEAT_SUSPECT: silent this long: a warning; 0 = none
  Nanos heartbeatFail = 10 * kSecond;  // INCCL_HEARTBEAT_TIMEOUT: silent this long: dead; 0 = off

  // Buffers: all that one rank of one communicator may hold, in bytes.
  uint64_t bufferBytes = 64ull << 20;  // INCCL_BUFFSIZE

  // Choice. Empty = automatic.
  std::string transport;     // INCCL_TRANSPORT: auto | inproc | shm | tcp
  std::string algorithm;     // INCCL_ALGO: NCCL's grammar
  std::string protocol;      // INCCL_PROTO: tiny, flat, half, lanes
  std::string planFiles;     // INCCL_PLAN_FILE: paths separated by commas; those of rank 0 count
  std::string topologyFile;  // INCCL_TOPO_FILE: a path; that of rank 0 counts

  // Network. NCCL_SOCKET_IFNAME and NCCL_SOCKET_FAMILY count as fallback.
  std::string interfaceNames;          // INCCL_SOCKET_IFNAME: prefix list; ^ excludes, = exact
  std::string addressFamily;           // INCCL_SOCKET_FAMILY: AF_INET, AF_INET6 or empty
  uint16_t portLow = 0, portHigh = 0;  // INCCL_PORT_RANGE: "5000-5100"; 0 = any free port
  std::string hostId;                  // INCCL_HOSTID: overrides what makes hosts equal
  std::string secret;                  // INCCL_SECRET

  // In-network aggregation: a switch's controller, and what it and we know.
  std::string aggregationSwitch;  // INCCL_INA: host:port; empty = none
  std::string aggregationToken;   // INCCL_INA_TOKEN
  bool aggregateFloats = false;   // INCCL_INA_FLOATS=1: f32 too, in fixed point; alike on all ranks

  // INCCL_DETERMINISM: what equal bits are promised for. Ranks: all get the same. Plan: so do runs
  // of one plan, which always holds. Strict: sums of f32 depend on the inputs and the number of
  // ranks alone; what cannot be summed so is an error. Alike on all ranks.
  enum class Determinism { kRanks, kPlan, kStrict };
  Determinism determinism = Determinism::kRanks;

  static Result<Config> fromEnvironment();
  // Of the settings that all ranks must share.
  [[nodiscard]] uint64_t hash() const;
};

}  // namespace inccl
