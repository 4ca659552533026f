#include "os/unix_socket.h"

#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace inccl::os {
namespace {

struct AbstractAddress {
  sockaddr_un address{};
  socklen_t length = 0;
};

Result<AbstractAddress> abstractAddress(const std::string& name) {
  if (name.empty() || name.size() > kAbstractNameLimit)
    return invalidArgument(
        fmt::format("'{}' is no abstract socket name of 1 to {} bytes", name, kAbstractNameLimit));
  AbstractAddress result;
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path + 1, name.data(), name.size());
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return result;
}

// Takes the first descriptor of a received message and closes any others.
void takeDescriptors(msghdr& message, UniqueFd& descriptor) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof fd);
      UniqueFd owner(fd);
      if (!descriptor.valid()) descriptor = std::move(owner);
    }
  }
}

}  // namespace

Result<UniqueFd> listenAbstract(const std::string& name) {
  INCCL_TRY_ASSIGN(const AbstractAddress address, abstractAddress(name));
  INCCL_TRY_ASSIGN(UniqueFd fd, openStream(AF_UNIX));
  if (sys::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.address), address.length) != 0)
    return systemError(fmt::format("cannot bind the local socket '@{}'", name), errno);
  if (sys::listen(fd.get(), SOMAXCONN) != 0)
    return systemError(fmt::format("cannot listen on the local socket '@{}'", name), errno);
  return fd;
}

Result<UniqueFd> connectAbstract(const std::string& name) {
  INCCL_TRY_ASSIGN(const AbstractAddress address, abstractAddress(name));
  INCCL_TRY_ASSIGN(UniqueFd fd, openStream(AF_UNIX));
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.address);
  if (sys::connect(fd.get(), raw, address.length) == 0) return fd;
  if (errno == ECONNREFUSED || errno == EAGAIN || errno == EINTR) return UniqueFd();
  return systemError(fmt::format("cannot connect to the local socket '@{}'", name), errno);
}

Status requireSameUser(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (sys::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return systemError("cannot learn the user of a local peer", errno);
  if (peer.uid != ::geteuid())
    return invalidUsage(fmt::format("local process {} runs as user {}, this one as user {}",
                                    peer.pid, peer.uid, ::geteuid()));
  return {};
}

Status sendWithDescriptor(int fd, std::span<const std::byte> data, int descriptor,
                          const WaitLimit& limit) {
  constexpr std::string_view kWhat = "pass a descriptor";
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* item = CMSG_FIRSTHDR(&message);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(item), &descriptor, sizeof descriptor);
  while (true) {
    const ssize_t sent = sys::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent >= 0) return sendAll(fd, data.subspan(static_cast<size_t>(sent)), limit, kWhat);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      INCCL_TRY(waitReady(fd, POLLOUT, limit, kWhat));
    } else if (errno != EINTR) {
      return systemError("cannot pass a descriptor", errno);
    }
  }
}

Status recvAllWithDescriptor(int fd, std::span<std::byte> data, UniqueFd& descriptor,
                             const WaitLimit& limit, std::string_view what) {
  while (!data.empty()) {
    iovec part{data.data(), data.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = sys::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got > 0) {
      takeDescriptors(message, descriptor);
      data = data.subspan(static_cast<size_t>(got));
    } else if (got == 0 || errno == ECONNRESET) {
      return remoteError(fmt::format("{}: connection closed by the peer", what));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      INCCL_TRY(waitReady(fd, POLLIN, limit, what));
    } else if (errno != EINTR) {
      return systemError(fmt::format("{}: recvmsg", what), errno);
    }
  }
  return {};
}

}  // namespace inccl::os
