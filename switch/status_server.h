// What a switch counts, for people and for monitoring: a plain HTTP door.
//
//   /          lines "name value", and the jobs
//   /json      the numbers as one object
//   /metrics   the numbers as Prometheus reads them
//
// Read only, without the token: bind it where only those who may see it come from. Lives on an
// event loop; a connection gets one answer, and kRequestTime to ask.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "os/event_loop.h"
#include "switch/door.h"

namespace inccl::emulator {

class StatusServer {
 public:
  static constexpr Nanos kRequestTime = 2 * kSecond;
  static constexpr size_t kMostConnections = 64;
  struct Page {
    std::string type;  // of the content
    std::string text;
  };
  // The page of a path; an empty type: there is none.
  using Pages = std::function<Page(std::string_view path)>;

  static Result<std::unique_ptr<StatusServer>> open(os::EventLoop& loop,
                                                    const os::SocketAddress& address, Pages pages);
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;
  [[nodiscard]] uint16_t port() const { return door_->port(); }

 private:
  struct Connection {
    os::UniqueFd fd;
    os::EventLoop::WatchId watch = os::EventLoop::WatchId::kNone;
    os::EventLoop::TimerId timer = os::EventLoop::TimerId::kNone;
    std::string in, out;
  };
  StatusServer(os::EventLoop& loop, Pages pages) : loop_(loop), pages_(std::move(pages)) {}
  void welcome(os::UniqueFd fd);
  void serve(uint64_t id);
  // False: nothing more is to be done with it.
  bool advance(Connection& connection);
  void end(uint64_t id);
  [[nodiscard]] std::string answer(std::string_view request) const;

  os::EventLoop& loop_;
  const Pages pages_;
  std::unique_ptr<Door> door_;
  std::map<uint64_t, Connection> connections_;
  uint64_t lastConnection_ = 0;
};

}  // namespace inccl::emulator
