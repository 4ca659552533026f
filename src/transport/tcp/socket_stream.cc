#include "transport/tcp/socket_stream.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

namespace inccl::transport::tcp {
namespace {

msghdr message(const iovec* parts, int count) {
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(parts);
  header.msg_iovlen = static_cast<size_t>(count);
  return header;
}

}  // namespace

ssize_t SocketStream::write(const iovec* parts, int count) {
  const msghdr header = message(parts, count);
  const ssize_t moved = os::sys::sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  return moved >= 0 ? moved : judgeError("sending");
}

ssize_t SocketStream::read(const iovec* parts, int count) {
  ssize_t moved = 0;
  if (count == 1) {
    moved = os::sys::recv(socket_.get(), parts[0].iov_base, parts[0].iov_len, MSG_DONTWAIT);
  } else {
    msghdr header = message(parts, count);
    moved = os::sys::recvmsg(socket_.get(), &header, MSG_DONTWAIT);
  }
  if (moved > 0) return moved;
  if (moved < 0) return judgeError("receiving");
  failure_ = remoteError("the connection was closed by the peer");
  return -1;
}

ssize_t SocketStream::judgeError(const char* doing) {
  const int error = errno;
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:  // for a moment, as the manual of sendmsg has it
    case ENOMEM:
      return 0;
    case EPIPE:
    case ECONNRESET:
      failure_ = remoteError(fmt::format("the connection was closed by the peer: {}",
                                         systemError(doing, error).message()));
      return -1;
    default:
      failure_ = systemError(doing, error);
      return -1;
  }
}

}  // namespace inccl::transport::tcp
