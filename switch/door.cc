#include "switch/door.h"

#include <sys/epoll.h>

#include <utility>

#include "base/log.h"

namespace inccl::emulator {

Result<std::unique_ptr<Door>> Door::open(os::EventLoop& loop, const os::SocketAddress& address,
                                         std::string name, OnVisitor onVisitor) {
  INCCL_TRY_ASSIGN(os::Listener listener,
                   os::Listener::open({&address, 1}, address.port(), address.port()));
  std::unique_ptr<Door> door(
      new Door(loop, std::move(listener), std::move(name), std::move(onVisitor)));
  INCCL_TRY(door->watch());
  return door;
}

Status Door::watch() {
  for (const os::UniqueFd& socket : listener_.sockets()) {
    INCCL_TRY_ASSIGN(
        const auto watch,
        loop_.watch(socket.get(), EPOLLIN, [this, fd = socket.get()](uint32_t) { accept(fd); }));
    watches_.push_back(watch);
  }
  return {};
}

Door::~Door() {
  loop_.cancel(resume_);
  for (const auto watch : watches_) loop_.unwatch(watch);
}

void Door::accept(int listeningFd) {
  for (;;) {
    auto accepted = os::acceptStream(listeningFd);
    if (!accepted.ok()) return pause(accepted.status());
    if (!accepted.value().valid()) return;
    onVisitor_(std::move(accepted).value());
  }
}

void Door::pause(const Status& failure) {
  logWarn("{}: {}", name_, failure.message());
  listenFor(0);
  loop_.cancel(resume_);
  resume_ = loop_.runAt(nowNs() + kPauseAfterFailure, [this] { listenFor(EPOLLIN); });
}

void Door::listenFor(uint32_t events) {
  for (const auto watch : watches_) static_cast<void>(loop_.modify(watch, events));
}

}  // namespace inccl::emulator
