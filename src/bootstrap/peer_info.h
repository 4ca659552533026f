// What is told of a rank: between its message form and PeerInfo, and in sentences.
#pragma once

#include <string>

#include "base/config.h"
#include "bootstrap/session.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {

PeerInfo fromWire(const wire::Peer& peer);
// "rank 3 on host node7 (pid 4711)"; "the root process on host …" for rank -1.
std::string describe(const wire::Peer& peer);

// min(500 ms, a quarter of the limit after which silence is noticed), at least 10 ms.
Nanos heartbeatInterval(const Config& config);

}  // namespace inccl::bootstrap
