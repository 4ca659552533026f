// The race of connectFirst(): one attempt per address, started kConnectStagger apart (after a
// preferred one kPreferredHeadStart; at once when all earlier ones have failed), the first to
// complete wins and the others are closed.
#include <fmt/format.h>

#include <cerrno>

#include "os/stream_socket.h"

namespace inccl::os {
namespace {

class ConnectRace {
 public:
  ConnectRace(std::span<const SocketAddress> candidates, size_t preferred)
      : candidates_(candidates), preferred_(preferred) {}

  Result<Connected> run(const WaitLimit& limit) {
    Nanos nextStart = 0;
    while (true) {
      if (winner_ < 0 && next_ < candidates_.size() && (running() == 0 || nowNs() >= nextStart)) {
        nextStart = nowNs() + (next_ < preferred_ ? kPreferredHeadStart : kConnectStagger);
        start(next_++);
      }
      if (winner_ >= 0) return finish();
      if (running() == 0 && next_ == candidates_.size())
        return Status(Code::kSystemError, "cannot connect: " + failures_);
      if (running() == 0) continue;
      Status waited = waitOnce(limit, nextStart);
      if (!waited.ok()) return waited;
    }
  }

 private:
  struct Attempt {
    UniqueFd fd;
    size_t candidate;
  };

  [[nodiscard]] size_t running() const { return attempts_.size(); }

  void note(size_t candidate, int error) {
    if (!failures_.empty()) failures_ += "; ";
    failures_ += candidates_[candidate].describe() + ": ";
    failures_ += systemError("connect", error).message();
  }

  void start(size_t candidate) {
    const SocketAddress& address = candidates_[candidate];
    auto fd = openStream(address.family());
    if (!fd.ok()) return note(candidate, errno);
    if (sys::connect(fd->get(), address.raw(), address.rawLength()) != 0 && errno != EINPROGRESS &&
        errno != EINTR)
      return note(candidate, errno);
    attempts_.push_back({std::move(*fd), candidate});
  }

  // One slice of waiting for any attempt to complete or fail.
  Status waitOnce(const WaitLimit& limit, Nanos nextStart) {
    INCCL_TRY(limit.check("connect to " + candidates_.front().describe()));
    std::vector<pollfd> fds;
    for (const Attempt& attempt : attempts_) fds.push_back({attempt.fd.get(), POLLOUT, 0});
    int timeoutMs = limit.sliceMs();
    if (next_ < candidates_.size())
      timeoutMs = std::min(timeoutMs, Deadline::at(nextStart).remainingMs());
    const int ready = sys::poll(fds.data(), fds.size(), timeoutMs);
    if (ready < 0 && errno != EINTR) return systemError("connect: poll", errno);
    if (ready <= 0) return {};
    for (size_t i = fds.size(); i-- > 0;)
      if (fds[i].revents != 0) settle(i);
    return {};
  }

  void settle(size_t index) {
    int error = 0;
    socklen_t length = sizeof error;
    if (sys::getsockopt(attempts_[index].fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0)
      error = errno;
    if (error == 0 && isSelfConnected(index)) error = ECONNREFUSED;
    if (error == 0) {
      winner_ = static_cast<int>(index);
      return;
    }
    note(attempts_[index].candidate, error);
    // `winner_` may point behind the erased one: it was set in this same pass, from the end.
    if (winner_ > static_cast<int>(index)) --winner_;
    attempts_.erase(attempts_.begin() + static_cast<ptrdiff_t>(index));
  }

  // Nobody listens, but the kernel has chosen this very port as our own and TCP's simultaneous open
  // has connected the socket to itself. Kept open, it would occupy the port that the peer is about
  // to bind.
  bool isSelfConnected(size_t index) {
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    auto* raw = reinterpret_cast<sockaddr*>(&own);
    if (sys::getsockname(attempts_[index].fd.get(), raw, &length) != 0) return false;
    const auto address = SocketAddress::fromSockaddr(raw, length);
    return address.ok() && address.value() == candidates_[attempts_[index].candidate];
  }

  Result<Connected> finish() {
    Attempt& won = attempts_[static_cast<size_t>(winner_)];
    INCCL_TRY(setNoDelay(won.fd.get()));
    return Connected{std::move(won.fd), won.candidate};
  }

  std::span<const SocketAddress> candidates_;
  size_t preferred_;
  std::vector<Attempt> attempts_;
  size_t next_ = 0;
  int winner_ = -1;
  std::string failures_;
};

}  // namespace

Result<Connected> connectFirst(std::span<const SocketAddress> candidates, const WaitLimit& limit,
                               size_t preferred) {
  if (candidates.empty()) return invalidArgument("no address to connect to");
  return ConnectRace(candidates, preferred).run(limit);
}

}  // namespace inccl::os
