// The accepting side of the handshake (wire/handshake_messages.h), as a state machine.
//
// Reads exactly one frame at a time, never a byte beyond, because what follows a data request are
// the first bytes of a transport. Whatever is wrong ends the connection and counts a stranger.
// Threading: the service thread's alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "bootstrap/authentication.h"
#include "bootstrap/unique_id.h"
#include "os/event_loop.h"
#include "os/unique_fd.h"
#include "wire/control_messages.h"
#include "wire/handshake_messages.h"

namespace inccl::bootstrap {

class Acceptor;
class ServiceThread;

class IncomingConnection : public std::enable_shared_from_this<IncomingConnection> {
 public:
  static Result<std::shared_ptr<IncomingConnection>> open(ServiceThread& service,
                                                          std::weak_ptr<Acceptor> door,
                                                          os::UniqueFd fd);
  ~IncomingConnection();

 private:
  enum class Expected { kHello, kProof, kRequest };

  IncomingConnection(ServiceThread& service, std::weak_ptr<Acceptor> door, os::UniqueFd fd);
  void onReadable();
  // Reads towards `bytes` of the frame; true when they are there.
  bool fill(size_t bytes);
  void onFrame(wire::Kind kind, std::span<const std::byte> body);
  Status onHello(wire::Kind kind, std::span<const std::byte> body);
  Status onProof(wire::Kind kind, std::span<const std::byte> body);
  Status onRequest(wire::Kind kind, std::span<const std::byte> body);
  Status onJoin(std::span<const std::byte> body);
  Status onDataRequest(std::span<const std::byte> body);
  Status onDescriptorRequest(std::span<const std::byte> body);
  // Proves this side too. The connection is the asker's from then on.
  Status welcome();
  Status reply(const std::vector<std::byte>& frame);
  Status reject(wire::RejectReason reason, std::string sentence);
  void drop(const Status& why);
  void stopListening();
  // Lets go of everything but the descriptor, if it was taken over.
  void finish();

  ServiceThread& service_;
  std::weak_ptr<Acceptor> door_;
  os::UniqueFd fd_;
  os::EventLoop::WatchId watch_ = os::EventLoop::WatchId::kNone;
  os::EventLoop::TimerId timeout_ = os::EventLoop::TimerId::kNone;
  bool early_ = false;  // dropped for coming too early, not for being a stranger
  Expected expected_ = Expected::kHello;
  std::vector<std::byte> frame_;  // the part of the current frame that has come
  Transcript transcript_;
  Nonce nonce_{};
};

}  // namespace inccl::bootstrap
