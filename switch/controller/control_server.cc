#include "switch/controller/control_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/log.h"
#include "os/stream_socket.h"
#include "os/syscalls.h"
#include "wire/sealed_frame.h"
#include "wire/switch_messages.h"

namespace inccl::controller {
namespace {

using wire::SwitchMessage;

// A peer that vanished is noticed within about 20 s.
void keepAlive(int fd) {
  const auto set = [&](int level, int option, int value) {
    os::sys::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 3);
  set(IPPROTO_TCP, TCP_KEEPCNT, 5);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 20000);
}

std::vector<std::byte> refusal(const Status& status) {
  return wire::encodeSwitchMessage(SwitchMessage::kRefusal,
                                   wire::SwitchRefusal{std::string(status.message())});
}

}  // namespace

// Hello, then requests, each answered before the next is read.
class ControlServer::Connection {
 public:
  Connection(ControlServer& server, uint64_t id, os::UniqueFd fd)
      : server_(server), id_(id), fd_(std::move(fd)) {}
  ~Connection() {
    server_.loop_.cancel(helloTimer_);
    if (watch_ != os::EventLoop::WatchId::kNone) server_.loop_.unwatch(watch_);
    if (job_) server_.controller_.leave(*job_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // It knows the token.
  [[nodiscard]] bool isProven() const { return proven_; }

  Status start() {
    keepAlive(fd_.get());
    INCCL_TRY(os::setNoDelay(fd_.get()));
    INCCL_TRY_ASSIGN(mine_, wire::SealHello::make());
    const auto hello = mine_.encode();
    out_.assign(hello.begin(), hello.end());
    INCCL_TRY_ASSIGN(
        watch_, server_.loop_.watch(fd_.get(), EPOLLIN | EPOLLOUT, [this](uint32_t) { handle(); }));
    helloTimer_ = server_.loop_.runAt(nowNs() + kHelloTime, [this] {
      if (!proven_) server_.close(id_, true);
    });
    return {};
  }

 private:
  void handle() {
    const Status status = serve();
    if (status.ok()) return;
    server_.close(id_, !proven_);  // ends this object
  }

  // Not ok: the connection is over. Answers that are not taken are not heaped up, and one
  // connection does not keep the loop from others: it is read from once in a turn, and not before
  // all answers have left.
  Status serve() {
    INCCL_TRY(flush());
    if (out_.empty()) INCCL_TRY(readSome());
    INCCL_TRY(flush());
    return server_.loop_.modify(watch_, out_.empty() ? EPOLLIN : EPOLLOUT);
  }

  Status readSome() {
    std::byte buffer[16384];
    ssize_t got = 0;
    do {
      got = os::sys::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (got <= 0) return remoteError("the job's connection ended");
    in_.insert(in_.end(), buffer, buffer + got);
    return readFrames();
  }

  Status readFrames() {
    if (!reading_) {
      if (in_.size() < wire::SealHello::kBytes) return {};
      INCCL_TRY_ASSIGN(const wire::SealHello client,
                       wire::SealHello::decode(std::span<const std::byte, wire::SealHello::kBytes>(
                           in_.data(), wire::SealHello::kBytes)));
      const auto keys = wire::SealKeys::derive(server_.token_, client, mine_);
      reading_.emplace(keys.fromClient);
      writing_.emplace(keys.fromSwitch);
      in_.erase(in_.begin(), in_.begin() + wire::SealHello::kBytes);
    }
    for (;;) {
      if (in_.size() < wire::Seal::kLengthBytes) return {};
      INCCL_TRY_ASSIGN(const size_t length,
                       wire::Seal::length(std::span<const std::byte, wire::Seal::kLengthBytes>(
                           in_.data(), wire::Seal::kLengthBytes)));
      const size_t whole = wire::Seal::kLengthBytes + length;
      if (in_.size() < whole) return {};
      INCCL_TRY_ASSIGN(const auto plain,
                       reading_->open(std::span(in_).subspan(wire::Seal::kLengthBytes, length)));
      proven_ = true;
      in_.erase(in_.begin(), in_.begin() + static_cast<ptrdiff_t>(whole));
      INCCL_TRY_ASSIGN(const auto answer, answerTo(plain));
      const auto frame = writing_->close(answer);
      out_.insert(out_.end(), frame.begin(), frame.end());
    }
  }

  Result<std::vector<std::byte>> answerTo(std::span<const std::byte> request) {
    INCCL_TRY_ASSIGN(const SwitchMessage kind, wire::kindOfSwitchMessage(request));
    switch (kind) {
      case SwitchMessage::kJoin:
        return join(request);
      case SwitchMessage::kNewEpoch: {
        auto grant = server_.controller_.newEpoch(job_.value_or(0));
        if (!grant.ok()) return refusal(grant.status());
        return wire::encodeSwitchMessage(SwitchMessage::kGrant, grant.value());
      }
      case SwitchMessage::kAttach:
        return attach(request);
      case SwitchMessage::kLeave:
        if (job_) server_.controller_.leave(*job_);
        job_.reset();
        return wire::encodeSwitchMessage(SwitchMessage::kDone);
      case SwitchMessage::kCounters:
        return wire::encodeSwitchMessage(SwitchMessage::kCounterList, counters());
      case SwitchMessage::kDrain: {
        INCCL_TRY_ASSIGN(const auto drain,
                         wire::decodeSwitchMessage<wire::DrainSwitch>(request, "drain"));
        server_.controller_.drain(drain.drains);
        return wire::encodeSwitchMessage(SwitchMessage::kDone);
      }
      default:
        return remoteError("a controller is not asked this");
    }
  }

  Result<std::vector<std::byte>> join(std::span<const std::byte> request) {
    INCCL_TRY_ASSIGN(const auto wanted,
                     wire::decodeSwitchMessage<wire::JoinSwitch>(request, "join"));
    if (job_) return refusal(invalidUsage("this connection speaks for a job already"));
    auto granted = server_.controller_.join(wanted);
    if (!granted.ok()) {
      logWarn("job {}: {}", Controller::printable(wanted.job), granted.status().message());
      return refusal(granted.status());
    }
    job_ = granted.value().id;
    logInfo("job {} of {} workers has {} slots", Controller::printable(wanted.job),
            wanted.workers.size(), granted.value().grant.slots);
    return wire::encodeSwitchMessage(SwitchMessage::kGrant, granted.value().grant);
  }

  Result<std::vector<std::byte>> attach(std::span<const std::byte> request) {
    INCCL_TRY_ASSIGN(const auto wanted,
                     wire::decodeSwitchMessage<wire::AttachSwitch>(request, "attach"));
    if (job_) return refusal(invalidUsage("this connection speaks for a job already"));
    const auto attached = server_.controller_.attach(wanted.session);
    if (!attached.ok()) return refusal(attached.status());
    job_ = attached.value();
    return wire::encodeSwitchMessage(SwitchMessage::kDone);
  }

  wire::CounterList counters() const {
    wire::CounterList list;
    for (const auto& [name, value] : server_.controller_.program().counters().all())
      list.counters.push_back({std::string(name), value});
    return list;
  }

  Status flush() {
    size_t sent = 0;
    while (sent < out_.size()) {
      const ssize_t went = os::sys::send(fd_.get(), out_.data() + sent, out_.size() - sent,
                                         MSG_DONTWAIT | MSG_NOSIGNAL);
      if (went < 0 && errno == EINTR) continue;
      if (went < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (went < 0) return systemError("send", errno);
      sent += static_cast<size_t>(went);
    }
    out_.erase(out_.begin(), out_.begin() + static_cast<ptrdiff_t>(sent));
    return {};
  }

  ControlServer& server_;
  const uint64_t id_;
  os::UniqueFd fd_;
  os::EventLoop::WatchId watch_ = os::EventLoop::WatchId::kNone;
  os::EventLoop::TimerId helloTimer_ = os::EventLoop::TimerId::kNone;
  wire::SealHello mine_;
  std::optional<wire::Seal> reading_, writing_;
  bool proven_ = false;
  std::vector<std::byte> in_, out_;
  std::optional<Controller::JobId> job_;
};

Result<std::unique_ptr<ControlServer>> ControlServer::open(os::EventLoop& loop,
                                                           Controller& controller,
                                                           const os::SocketAddress& address,
                                                           std::string token) {
  std::unique_ptr<ControlServer> server(new ControlServer(loop, controller, std::move(token)));
  INCCL_TRY_ASSIGN(server->door_,
                   emulator::Door::open(loop, address, "controller",
                                        [raw = server.get()](os::UniqueFd connection) {
                                          raw->welcome(std::move(connection));
                                        }));
  return server;
}

ControlServer::ControlServer(os::EventLoop& loop, Controller& controller, std::string token)
    : loop_(loop), controller_(controller), token_(std::move(token)) {}

ControlServer::~ControlServer() = default;

void ControlServer::welcome(os::UniqueFd fd) {
  if (connections_.size() >= kMostConnections && !makeRoom()) {
    ++refused_;
    return;
  }
  const uint64_t id = ++lastConnection_;
  auto& connection = connections_[id];
  connection = std::make_unique<Connection>(*this, id, std::move(fd));
  if (!connection->start().ok()) connections_.erase(id);
}

// The oldest of those who have not shown that they know the token goes, so that strangers keep
// nobody out. False: all have.
bool ControlServer::makeRoom() {
  const auto stranger = std::ranges::find_if(
      connections_, [](const auto& entry) { return !entry.second->isProven(); });
  if (stranger == connections_.end()) return false;
  close(stranger->first, true);
  return true;
}

void ControlServer::close(uint64_t id, bool refused) {
  if (refused) ++refused_;
  connections_.erase(id);
}

}  // namespace inccl::controller
