#include "transport/tcp/tcp_transport.h"

#include <fmt/format.h>

namespace inccl::transport::tcp {

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

Result<std::unique_ptr<RecvChannel>> TcpTransport::openRecv(int peer, uint32_t channel,
                                                            Deadline deadline) {
  INCCL_TRY(claimBuffers(StreamRecvChannel::bufferBytes(slotBytes_)));
  INCCL_TRY_ASSIGN(auto socket, connector_.acceptFrom(peer, channel, deadline));
  return std::unique_ptr<RecvChannel>(std::make_unique<StreamRecvChannel>(
      std::make_unique<SocketStream>(std::move(socket)), slotBytes_));
}

}  // namespace inccl::transport::tcp
