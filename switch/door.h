// Who comes in: the listening sockets of a server on an event loop.
//
// When descriptors run out a listening socket is ready at once again, for ever; then the door stays
// shut for kPauseAfterFailure. Used by the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "os/event_loop.h"
#include "os/listener.h"

namespace inccl::emulator {

class Door {
 public:
  static constexpr Nanos kPauseAfterFailure = 100 * kMillisecond;
  using OnVisitor = std::function<void(os::UniqueFd connection)>;

  // `name`: for the warning about a failure. The loop is not owned, and must outlive the door.
  static Result<std::unique_ptr<Door>> open(os::EventLoop& loop, const os::SocketAddress& address,
                                            std::string name, OnVisitor onVisitor);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  [[nodiscard]] uint16_t port() const { return listener_.port(); }

 private:
  Door(os::EventLoop& loop, os::Listener listener, std::string name, OnVisitor onVisitor)
      : loop_(loop),
        listener_(std::move(listener)),
        name_(std::move(name)),
        onVisitor_(std::move(onVisitor)) {}
  Status watch();
  void accept(int listeningFd);
  void pause(const Status& failure);
  void listenFor(uint32_t events);

  os::EventLoop& loop_;
  const os::Listener listener_;
  const std::string name_;
  const OnVisitor onVisitor_;
  std::vector<os::EventLoop::WatchId> watches_;
  os::EventLoop::TimerId resume_ = os::EventLoop::TimerId::kNone;
};

}  // namespace inccl::emulator
