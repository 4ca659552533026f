// A connected non-blocking socket as a byte stream.
//
// One system call per write or read and no loop: the channel above calls again.
// An interrupted call moved nothing, which needs no other treatment. Frames
// flow one way over a socket, so the sender's close never meets unread bytes,
// which would reset the connection and take bytes in flight along.
#pragma once

#include "os/unique_fd.h"
#include "transport/stream_channel.h"

namespace inccl::transport::tcp {

class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(os::UniqueFd socket) : socket_(std::move(socket)) {}
  ssize_t write(const iovec* parts, int count) override;
  ssize_t read(const iovec* parts, int count) override;
  [[nodiscard]] Status failure() const override { return failure_; }
  [[nodiscard]] WaitHandle writable() const override { return {socket_.get(), POLLOUT}; }
  [[nodiscard]] WaitHandle readable() const override { return {socket_.get(), POLLIN}; }

 private:
  // 0 when errno only says "not now".
  ssize_t judgeError(const char* doing);

  os::UniqueFd socket_;
  Status failure_;
};

}  // namespace inccl::transport::tcp
