// The controller's door: sealed connections, each of which speaks for one job.
//
// A connection has kHelloTime to say hello and to seal its first frame rightly; one that cannot is
// closed and counted. It lets go of its job by LEAVE, by closing, or when the kernel gives up a
// peer that does not answer any more (keepalive and TCP_USER_TIMEOUT).
//
// Lives on an event loop, used by its thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "os/event_loop.h"
#include "switch/controller/controller.h"
#include "switch/door.h"

namespace inccl::controller {

class ControlServer {
 public:
  static constexpr Nanos kHelloTime = 5 * kSecond;
  static constexpr size_t kMostConnections = 1024;

  // Loop and controller are not owned. The server must go before the loop.
  static Result<std::unique_ptr<ControlServer>> open(os::EventLoop& loop, Controller& controller,
                                                     const os::SocketAddress& address,
                                                     std::string token);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  [[nodiscard]] uint16_t port() const { return door_->port(); }
  [[nodiscard]] uint64_t refusedConnections() const { return refused_; }

 private:
  class Connection;
  ControlServer(os::EventLoop& loop, Controller& controller, std::string token);
  void welcome(os::UniqueFd connection);
  bool makeRoom();
  void close(uint64_t id, bool refused);

  os::EventLoop& loop_;
  Controller& controller_;
  const std::string token_;
  std::unique_ptr<emulator::Door> door_;
  std::map<uint64_t, std::unique_ptr<Connection>> connections_;
  uint64_t lastConnection_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace inccl::controller
