#include "bootstrap/root_handover.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/hash.h"
#include "base/log.h"
#include "bootstrap/hub.h"
#include "bootstrap/service_thread.h"
#include "os/listener.h"
#include "os/unix_socket.h"

namespace inccl::bootstrap {
namespace {

constexpr Nanos kFirstLook = 2 * kMillisecond, kLastLook = 50 * kMillisecond;

// Of the next call in this process.
std::string nextSocketName(const std::string& job) {
  static std::atomic<uint32_t> calls{0};
  return fmt::format("inccl-launch-{}-{:016x}-{}", ::geteuid(), hashBytes(job), calls.fetch_add(1));
}

// Gives the id to whoever of this user connects. Owned by its timer; the service thread's.
class Giver : public std::enable_shared_from_this<Giver> {
 public:
  Giver(ServiceThread& service, os::UniqueFd listening, const UniqueIdBytes& id, int receivers)
      : service_(service), listening_(std::move(listening)), id_(id), left_(receivers) {}
  ~Giver() { service_.loop().unwatch(watch_); }
  Giver(const Giver&) = delete;
  Giver& operator=(const Giver&) = delete;

  Status start(Nanos duration) {
    os::EventLoop& loop = service_.loop();
    INCCL_TRY_ASSIGN(
        watch_, loop.watch(listening_.get(), EPOLLIN, [raw = this](uint32_t) { raw->giveNext(); }));
    timer_ = loop.runAt(nowNs() + duration, [self = shared_from_this()] { self->stop(); });
    return {};
  }

 private:
  void giveNext() {
    const auto keep = shared_from_this();
    auto accepted = os::acceptStream(listening_.get());
    if (!accepted.ok()) {
      logWarn("{}", accepted.status().message());
      return stop();
    }
    if (!accepted->valid()) return;
    const Status sameUser = os::requireSameUser(accepted->get());
    if (!sameUser.ok()) return service_.countStranger(std::string(sameUser.message()));
    // 128 bytes fit the empty buffer of a new socket.
    const ssize_t sent = os::sys::send(accepted->get(), id_.data(), id_.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(id_.size()) && --left_ == 0) stop();
  }
  void stop() {
    const auto keep = shared_from_this();
    service_.loop().unwatch(watch_);
    service_.loop().cancel(timer_);
    listening_.reset();
  }

  ServiceThread& service_;
  os::UniqueFd listening_;
  const UniqueIdBytes id_;
  int left_;
  os::EventLoop::WatchId watch_ = os::EventLoop::WatchId::kNone;
  os::EventLoop::TimerId timer_ = os::EventLoop::TimerId::kNone;
};

Result<UniqueId> receiveId(int fd, const os::WaitLimit& limit) {
  INCCL_TRY(os::requireSameUser(fd));
  UniqueIdBytes bytes;
  INCCL_TRY(os::recvAll(fd, bytes, limit, "take the root's address from rank 0"));
  return UniqueId::decode(bytes);
}

}  // namespace

Result<UniqueId> handOverRoot(const std::string& job, int receivers, const Config& config) {
  const std::string name = nextSocketName(job);
  INCCL_TRY_ASSIGN(ServiceThread * service, ServiceThread::get());
  INCCL_TRY_ASSIGN(os::UniqueFd listening, os::listenAbstract(name));
  INCCL_TRY_ASSIGN(UniqueId id, UniqueId::create(config));
  // Made, used and destroyed on the service thread.
  const auto held = std::make_shared<os::UniqueFd>(std::move(listening));
  const Status started = service->call([service, held, bytes = id.encode(), receivers,
                                        duration = config.creationTimeout] {
    return std::make_shared<Giver>(*service, std::move(*held), bytes, receivers)->start(duration);
  });
  if (started.ok()) return id;
  Hub::withdraw(*service, id, started);
  return started;
}

Result<UniqueId> takeOverRoot(const std::string& job, const Config& config) {
  const std::string name = nextSocketName(job);
  const os::WaitLimit limit{Deadline::after(config.creationTimeout)};
  for (Nanos pause = kFirstLook;; pause = std::min(2 * pause, kLastLook)) {
    INCCL_TRY_ASSIGN(const os::UniqueFd fd, os::connectAbstract(name));
    if (fd.valid()) {
      auto id = receiveId(fd.get(), limit);
      if (id.ok() || id.status().code() != Code::kRemoteError) return id;
    }
    const Status slept = os::sleepFor(pause, limit, "wait for rank 0 of this mpirun job");
    if (!slept.ok()) return slept;
  }
}

}  // namespace inccl::bootstrap
