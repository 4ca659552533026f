#include "bootstrap/acceptor.h"

#include <sys/epoll.h>

#include "base/log.h"
#include "bootstrap/incoming_connection.h"
#include "bootstrap/service_thread.h"
#include "os/stream_socket.h"
#include "os/unix_socket.h"

namespace inccl::bootstrap {
namespace {

constexpr size_t kPendingLimit = 1024;
constexpr int kAcceptsPerEvent = 64;
constexpr Nanos kPauseAfterFailure = 100 * kMillisecond;

}  // namespace

Result<std::shared_ptr<Acceptor>> Acceptor::openTcp(ServiceThread& service,
                                                    std::vector<os::SocketAddress> addresses,
                                                    os::Listener listener) {
  std::shared_ptr<Acceptor> door(new Acceptor(service));
  door->addresses_ = std::move(addresses);
  door->listener_ = std::move(listener);
  INCCL_TRY(door->watchAll());
  return door;
}

Result<std::shared_ptr<Acceptor>> Acceptor::openLocal(ServiceThread& service,
                                                      os::UniqueFd listening) {
  std::shared_ptr<Acceptor> door(new Acceptor(service));
  door->local_ = std::move(listening);
  INCCL_TRY(door->watchAll());
  return door;
}

Acceptor::~Acceptor() {
  unwatchAll();
  service_.loop().cancel(resume_);
}

Status Acceptor::watchAll() {
  for (const os::UniqueFd& fd : listener_.sockets()) INCCL_TRY(watchOne(fd.get()));
  if (local_.valid()) INCCL_TRY(watchOne(local_.get()));
  return {};
}

Status Acceptor::watchOne(int fd) {
  watches_.reserve(watches_.size() + 1);  // so that no watch is made that cannot be kept
  INCCL_TRY_ASSIGN(const auto watch,
                   service_.loop().watch(fd, EPOLLIN, [this, fd](uint32_t) { acceptFrom(fd); }));
  watches_.push_back(watch);
  return {};
}

void Acceptor::unwatchAll() {
  for (const auto watch : watches_) service_.loop().unwatch(watch);
  watches_.clear();
}

void Acceptor::acceptFrom(int listeningFd) {
  const auto keep = shared_from_this();
  for (int i = 0; i < kAcceptsPerEvent && pending_.size() < kPendingLimit; ++i) {
    auto accepted = os::acceptStream(listeningFd);
    if (!accepted.ok()) {
      logWarn("{}", accepted.status().message());
      return pause();
    }
    if (!accepted->valid()) return;
    take(std::move(*accepted));
  }
  if (pending_.size() >= kPendingLimit) pause();
}

void Acceptor::take(os::UniqueFd fd) {
  const Status allowed = local_.valid() ? os::requireSameUser(fd.get()) : os::setNoDelay(fd.get());
  if (!allowed.ok()) return service_.countStranger(std::string(allowed.message()));
  auto connection = IncomingConnection::open(service_, weak_from_this(), std::move(fd));
  if (!connection.ok()) return logWarn("{}", connection.status().message());
  pending_[connection->get()] = *connection;
}

// Level-triggered readiness would call again at once, for ever, when descriptors have run out.
void Acceptor::pause() {
  unwatchAll();
  resume_ = service_.loop().runAt(nowNs() + kPauseAfterFailure, [this] {
    if (watchAll().ok()) return;
    unwatchAll();
    pause();
  });
}

void Acceptor::forget(const IncomingConnection* connection) { pending_.erase(connection); }

}  // namespace inccl::bootstrap
