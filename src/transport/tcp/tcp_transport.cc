#include "transport/tcp/tcp_transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace inccl::transport::tcp {
namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

msghdr message(const iovec* parts, int count) {
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(parts);
  header.msg_iovlen = static_cast<size_t>(count);
  return header;
}

}  // namespace

ssize_t SocketStream::write(const iovec* parts, int count) {
  const msghdr header = message(parts, count);
  return judge("send", os::sys::sendmsg(socket_.get(), &header, kFlags));
}

ssize_t SocketStream::read(const iovec* parts, int count) {
  msghdr header = message(parts, count);
  const ssize_t moved = os::sys::recvmsg(socket_.get(), &header, kFlags);
  if (moved == 0) {
    failure_ = remoteError("the connection was closed by the peer");
    return -1;
  }
  return judge("receive", moved);
}

// Bytes moved, 0 for "not now", -1 for good.
ssize_t SocketStream::judge(const char* call, ssize_t moved) {
  if (moved > 0) return moved;
  if (moved == 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS)
    return 0;
  failure_ = systemError(call, errno);
  return -1;
}

Result<std::unique_ptr<SendChannel>> TcpTransport::openSend(int peer, uint32_t channel,
                                                            Deadline deadline) {
  INCCL_TRY_ASSIGN(auto socket, connector_.connectTo(peer, channel, deadline));
  return std::unique_ptr<SendChannel>(std::make_unique<StreamSendChannel>(
      std::make_unique<SocketStream>(std::move(socket)), slotBytes_));
}

Result<std::unique_ptr<RecvChannel>> TcpTransport::openRecv(int peer, uint32_t channel,
                                                            Deadline deadline) {
  INCCL_TRY_ASSIGN(auto socket, connector_.acceptFrom(peer, channel, deadline));
  return std::unique_ptr<RecvChannel>(std::make_unique<StreamRecvChannel>(
      std::make_unique<SocketStream>(std::move(socket)), slotBytes_));
}

}  // namespace inccl::transport::tcp
