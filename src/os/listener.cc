#include "os/listener.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "os/stream_socket.h"

namespace inccl::os {
namespace {

constexpr int kFreePortAttempts = 16;  // a free IPv4 port may be taken in IPv6

// Why an address could not be bound: the port is taken (try another), or the address is unusable
// here (leave it out).
struct BindFailure {
  int error = 0;
  std::string what;
};

Result<UniqueFd> bindOne(const SocketAddress& address, BindFailure& failure) {
  const auto fail = [&](const char* what) {
    failure = {errno, fmt::format("{} {}", what, address.describe())};
    return systemError(failure.what, failure.error);
  };
  const int fd = sys::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail("cannot make a socket for");
  UniqueFd owner(fd);
  const int on = 1;
  // Restarted jobs bind a fixed port again while old connections linger in TIME_WAIT.
  if (sys::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return fail("cannot set SO_REUSEADDR on");
  if (address.family() == AF_INET6 &&
      sys::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
    return fail("cannot set IPV6_V6ONLY on");
  if (sys::bind(fd, address.raw(), address.rawLength()) != 0) return fail("cannot bind");
  if (sys::listen(fd, SOMAXCONN) != 0) return fail("cannot listen on");
  return owner;
}

Result<uint16_t> boundPort(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (sys::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return systemError("cannot learn the port of a listening socket", errno);
  INCCL_TRY_ASSIGN(const SocketAddress address,
                   SocketAddress::fromSockaddr(reinterpret_cast<sockaddr*>(&storage), length));
  return address.port();
}

struct Attempt {
  std::vector<UniqueFd> sockets;
  uint16_t port = 0;
  bool portTaken = false;
};

// Binds all usable addresses to `port` (0: the first one chooses). Fails when none is usable.
Result<Attempt> bindAll(std::span<const SocketAddress> addresses, uint16_t port) {
  Attempt attempt;
  attempt.port = port;
  Status first;
  for (const SocketAddress& address : addresses) {
    BindFailure failure;
    auto fd = bindOne(address.withPort(attempt.port), failure);
    if (!fd.ok()) {
      if (failure.error == EADDRINUSE) {
        attempt.portTaken = true;
        return attempt;
      }
      if (first.ok()) first = fd.status();
      continue;
    }
    if (attempt.port == 0) {
      INCCL_TRY_ASSIGN(attempt.port, boundPort(fd->get()));
    }
    attempt.sockets.push_back(std::move(*fd));
  }
  if (attempt.sockets.empty()) return first;
  return attempt;
}

}  // namespace

Result<Listener> Listener::open(std::span<const SocketAddress> addresses, uint16_t portLow,
                                uint16_t portHigh) {
  if (addresses.empty()) return invalidArgument("no address to listen on");
  const bool anyPort = portLow == 0;
  const int ports = anyPort ? kFreePortAttempts : portHigh - portLow + 1;
  const int start = anyPort ? 0 : static_cast<int>(::getpid() % ports);
  for (int i = 0; i < ports; ++i) {
    const uint16_t port =
        anyPort ? uint16_t{0} : static_cast<uint16_t>(portLow + (start + i) % ports);
    INCCL_TRY_ASSIGN(Attempt attempt, bindAll(addresses, port));
    if (attempt.portTaken) continue;
    Listener listener;
    listener.sockets_ = std::move(attempt.sockets);
    listener.port_ = attempt.port;
    return listener;
  }
  if (anyPort) return Status(Code::kSystemError, "no port is free on all addresses to listen on");
  if (portLow == portHigh)
    return Status(Code::kSystemError, fmt::format("port {} is in use", portLow));
  return Status(Code::kSystemError,
                fmt::format("all ports of the range {}-{} are in use", portLow, portHigh));
}

Result<UniqueFd> acceptStream(int listeningFd) {
  while (true) {
    const int fd = sys::accept4(listeningFd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return UniqueFd(fd);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return UniqueFd();
    // The peer gave up before it was accepted, or a network error of its own: not ours.
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
    return systemError("cannot accept a connection", errno);
  }
}

}  // namespace inccl::os
