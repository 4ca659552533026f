// A door of this process: listening sockets, and the strangers in front of them.
//
// An accepted connection has to say whom it looks for and to prove that communicator's nonce
// within kHandshakeTimeout (incoming_connection.h); then it is handed over. At most kPendingLimit
// strangers are heard at a time. Threading: the service thread's alone; so is its destruction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/status.h"
#include "os/event_loop.h"
#include "os/listener.h"
#include "os/socket_address.h"
#include "os/unique_fd.h"

namespace inccl::bootstrap {

class IncomingConnection;
class ServiceThread;

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  static Result<std::shared_ptr<Acceptor>> openTcp(ServiceThread& service,
                                                   std::vector<os::SocketAddress> addresses,
                                                   os::Listener listener);
  static Result<std::shared_ptr<Acceptor>> openLocal(ServiceThread& service,
                                                     os::UniqueFd listening);
  ~Acceptor();

  [[nodiscard]] const std::vector<os::SocketAddress>& addresses() const { return addresses_; }
  [[nodiscard]] uint16_t port() const { return listener_.port(); }

  // The connection has been handed over or dropped.
  void forget(const IncomingConnection* connection);

 private:
  explicit Acceptor(ServiceThread& service) : service_(service) {}
  Status watchAll();
  Status watchOne(int fd);
  void unwatchAll();
  void acceptFrom(int listeningFd);
  void take(os::UniqueFd fd);
  void pause();

  ServiceThread& service_;
  std::vector<os::SocketAddress> addresses_;
  os::Listener listener_;
  os::UniqueFd local_;
  std::vector<os::EventLoop::WatchId> watches_;
  os::EventLoop::TimerId resume_ = os::EventLoop::TimerId::kNone;
  std::map<const IncomingConnection*, std::shared_ptr<IncomingConnection>> pending_;
};

}  // namespace inccl::bootstrap
