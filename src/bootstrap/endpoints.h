// On which addresses this process listens and which of them it tells its peers.
//
// A communicator that proves a secret may listen everywhere. One without a secret listens on
// loopback only, unless an interface is named: then the user has chosen who can reach it. Named
// interfaces are also the only ones that are listened on.
#pragma once

#include <vector>

#include "base/config.h"
#include "base/status.h"
#include "os/socket_address.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {

struct ListenScope {
  std::vector<os::SocketAddress> bindTo;
  std::vector<os::SocketAddress> advertised;  // best first; ports are not set
};

Result<ListenScope> listenScope(const Config& config, bool authenticated);

wire::Address toWire(const os::SocketAddress& address, uint16_t port);
os::SocketAddress fromWire(const wire::Address& address);

}  // namespace inccl::bootstrap
