// What a transport needs from whoever knows the peers: connections and shared descriptors.
//
// Transports do not see the bootstrap (it lies on the same floor); the communicator hands them this
// interface over its session. Every call blocks up to its deadline and less when the communicator
// fails or is aborted meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/error_state.h"
#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::transport {

class PeerConnector {
 public:
  virtual ~PeerConnector() = default;

  // A connected, authenticated, non-blocking stream socket to `peer`, or the one that `peer`
  // connected to this rank, for the FIFO `channel`. connectTo never depends on the peer's caller.
  virtual Result<os::UniqueFd> connectTo(int peer, uint32_t channel, Deadline deadline) = 0;
  virtual Result<os::UniqueFd> acceptFrom(int peer, uint32_t channel, Deadline deadline) = 0;

  // Descriptors between ranks of one host. An offer stands until withdrawn; the descriptor stays
  // the caller's. A request, which never depends on the peer's caller, gives a connection on which
  // the descriptor comes once it is offered.
  virtual Status offerDescriptor(const std::string& name, int fd) = 0;
  virtual void withdrawDescriptor(const std::string& name) = 0;
  virtual Result<os::UniqueFd> requestDescriptor(int peer, const std::string& name,
                                                 Deadline deadline) = 0;
  virtual Result<os::UniqueFd> receiveDescriptor(int peer, const std::string& name, int connection,
                                                 Deadline deadline) = 0;

  // The communicator's error: waits outside these calls look at it.
  [[nodiscard]] virtual const ErrorState& errors() const = 0;
};

}  // namespace inccl::transport
