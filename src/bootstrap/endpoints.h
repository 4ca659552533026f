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

// Where to dial a peer: what is preferred, then the rest of what it told.
struct DialOrder {
  std::vector<os::SocketAddress> addresses;
  size_t preferred = 0;  // that many, at the front
};

// A preferred address takes the port that the peer told, and need not be one that it told (it may
// stand behind a translation); one of a family in which the peer does not listen is left out.
DialOrder dialOrder(const std::vector<wire::Address>& told,
                    const std::vector<os::SocketAddress>& preferred);

wire::Address toWire(const os::SocketAddress& address, uint16_t port);
os::SocketAddress fromWire(const wire::Address& address);

}  // namespace inccl::bootstrap
