#include "transport/tcp/tcp_transport.h"

#include <fmt/format.h>

#include <optional>

namespace inccl::transport::tcp {

namespace {

// The stream that the peer connects when it opens its sending end; empty until then.
class AcceptedStream final : public ByteStream {
 public:
  AcceptedStream(PeerConnector& connector, int peer, uint32_t channel)
      : connector_(connector), peer_(peer), channel_(channel) {}

  ssize_t write(const iovec*, int) override { return -1; }  // nobody writes to a receiving end
  ssize_t read(const iovec* parts, int count) override {
    if (!socket_ && !accept()) return failure_.ok() ? 0 : -1;
    return socket_->read(parts, count);
  }
  [[nodiscard]] Status failure() const override { return socket_ ? socket_->failure() : failure_; }
  [[nodiscard]] WaitHandle writable() const override { return {}; }
  [[nodiscard]] WaitHandle readable() const override {
    return socket_ ? socket_->readable() : WaitHandle{};
  }

 private:
  bool accept() {
    if (!failure_.ok()) return false;
    auto accepted = connector_.acceptFrom(peer_, channel_, Deadline::at(0));
    if (accepted.ok()) {
      socket_.emplace(std::move(accepted).value());
    } else if (accepted.status().code() != Code::kTimeout || connector_.errors().raised()) {
      failure_ = std::move(accepted).status();
    }
    return socket_.has_value();
  }

  PeerConnector& connector_;
  int peer_;
  uint32_t channel_;
  std::optional<SocketStream> socket_;
  Status failure_;
};

}  // namespace

Status TcpTransport::claimBuffers(uint64_t bytes) {
  if (bytes > bufferBytes_ - claimedBytes_) {
    return invalidArgument(
        fmt::format("the buffers of all tcp channels would take {} bytes, more than "
                    "INCCL_BUFFSIZE ({})",
                    claimedBytes_ + bytes, bufferBytes_));
  }
  claimedBytes_ += bytes;
  return {};
}

Result<std::unique_ptr<SendChannel>> TcpTransport::openSend(int peer, uint32_t channel,
                                                            Deadline deadline) {
  INCCL_TRY(claimBuffers(StreamSendChannel::bufferBytes(slotBytes_)));
  INCCL_TRY_ASSIGN(auto socket, connector_.connectTo(peer, channel, deadline));
  return std::unique_ptr<SendChannel>(std::make_unique<StreamSendChannel>(
      std::make_unique<SocketStream>(std::move(socket)), slotBytes_));
}

Result<std::unique_ptr<RecvChannel>> TcpTransport::openRecv(int peer, uint32_t channel, Deadline) {
  INCCL_TRY(claimBuffers(StreamRecvChannel::bufferBytes(slotBytes_)));
  return std::unique_ptr<RecvChannel>(std::make_unique<StreamRecvChannel>(
      std::make_unique<AcceptedStream>(connector_, peer, channel), slotBytes_));
}

}  // namespace inccl::transport::tcp
