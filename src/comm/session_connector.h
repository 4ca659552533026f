// The session as a transport sees it: connections and descriptors, nothing else.
#pragma once

#include "bootstrap/session.h"
#include "transport/peer_connector.h"

namespace inccl::comm {

class SessionConnector final : public transport::PeerConnector {
 public:
  SessionConnector(bootstrap::Session& session, const ErrorState& errors)
      : session_(session), errors_(errors) {}

  Result<os::UniqueFd> connectTo(int peer, uint32_t channel, Deadline deadline) override {
    return session_.connectTo(peer, channel, deadline);
  }
  Result<os::UniqueFd> acceptFrom(int peer, uint32_t channel, Deadline deadline) override {
    return session_.acceptFrom(peer, channel, deadline);
  }
  Status offerDescriptor(const std::string& name, int fd) override {
    return session_.offerDescriptor(name, fd);
  }
  void withdrawDescriptor(const std::string& name) override { session_.withdrawDescriptor(name); }
  Result<os::UniqueFd> requestDescriptor(int peer, const std::string& name,
                                         Deadline deadline) override {
    return session_.requestDescriptor(peer, name, deadline);
  }
  Result<os::UniqueFd> receiveDescriptor(int peer, const std::string& name, int connection,
                                         Deadline deadline) override {
    return session_.receiveDescriptor(peer, name, connection, deadline);
  }
  [[nodiscard]] const ErrorState& errors() const override { return errors_; }

 private:
  bootstrap::Session& session_;
  const ErrorState& errors_;
};

}  // namespace inccl::comm
