#include "os/stream_socket.h"

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>

namespace inccl::os {

Status WaitLimit::check(std::string_view what) const {
  if (stop && stop->raised()) return stop->status();
  if (deadline.passed()) return timeoutError(fmt::format("{}: deadline passed", what));
  return {};
}

int WaitLimit::sliceMs() const {
  const int slice = stop ? static_cast<int>(kWaitSlice / kMillisecond) : 1000;
  return std::min(deadline.remainingMs(), slice);
}

Result<UniqueFd> openStream(int family) {
  const int fd = sys::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return systemError("cannot make a socket", errno);
  return UniqueFd(fd);
}

Status setNoDelay(int fd) {
  const int on = 1;
  if (sys::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    return systemError("cannot set TCP_NODELAY", errno);
  return {};
}

Status waitReady(int fd, short events, const WaitLimit& limit, std::string_view what) {
  while (true) {
    INCCL_TRY(limit.check(what));
    pollfd entry{fd, events, 0};
    const int ready = sys::poll(&entry, 1, limit.sliceMs());
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return systemError(fmt::format("{}: poll", what), errno);
  }
}

Status sendAll(int fd, std::span<const std::byte> data, const WaitLimit& limit,
               std::string_view what) {
  while (!data.empty()) {
    const ssize_t sent = sys::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      data = data.subspan(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      INCCL_TRY(waitReady(fd, POLLOUT, limit, what));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return remoteError(fmt::format("{}: connection closed by the peer", what));
    } else if (errno != EINTR) {
      return systemError(fmt::format("{}: send", what), errno);
    }
  }
  return {};
}

Status recvAll(int fd, std::span<std::byte> data, const WaitLimit& limit, std::string_view what) {
  while (!data.empty()) {
    const ssize_t got = sys::recv(fd, data.data(), data.size(), 0);
    if (got > 0) {
      data = data.subspan(static_cast<size_t>(got));
    } else if (got == 0 || errno == ECONNRESET) {
      return remoteError(fmt::format("{}: connection closed by the peer", what));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      INCCL_TRY(waitReady(fd, POLLIN, limit, what));
    } else if (errno != EINTR) {
      return systemError(fmt::format("{}: recv", what), errno);
    }
  }
  return {};
}

Status sleepFor(Nanos duration, const WaitLimit& limit, std::string_view what) {
  const Deadline end = Deadline::after(duration);
  while (!end.passed()) {
    INCCL_TRY(limit.check(what));
    (void)sys::poll(nullptr, 0, std::min(limit.sliceMs(), end.remainingMs()));
  }
  return limit.check(what);
}

}  // namespace inccl::os
