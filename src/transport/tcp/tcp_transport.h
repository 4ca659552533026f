// Channels over TCP: one connection per (source, destination, channel), opened when first used.
//
// Connections come authenticated from the PeerConnector; this adds the socket calls under the
// stream channels. Frames flow one way, so a full socket in one direction never holds up the other.
#pragma once

#include "transport/peer_connector.h"
#include "transport/stream_channel.h"

namespace inccl::transport::tcp {

// A connected non-blocking socket as a byte stream.
class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(os::UniqueFd socket) : socket_(std::move(socket)) {}
  ssize_t write(const iovec* parts, int count) override;
  ssize_t read(const iovec* parts, int count) override;
  [[nodiscard]] Status failure() const override { return failure_; }
  [[nodiscard]] int fd() const override { return socket_.get(); }

 private:
  ssize_t judge(const char* call, ssize_t moved);

  os::UniqueFd socket_;
  Status failure_;
};

class TcpTransport final : public Transport {
 public:
  static constexpr size_t kSlotBytes = 128 * 1024;

  // `connector` outlives the transport.
  explicit TcpTransport(PeerConnector& connector, size_t slotBytes = kSlotBytes)
      : connector_(connector), slotBytes_(slotBytes) {}

  [[nodiscard]] std::string_view name() const override { return "tcp"; }
  [[nodiscard]] size_t messageBytes() const override { return slotBytes_; }
  [[nodiscard]] Caps caps() const override { return {}; }
  Result<std::unique_ptr<SendChannel>> openSend(int peer, uint32_t channel,
                                                Deadline deadline) override;
  Result<std::unique_ptr<RecvChannel>> openRecv(int peer, uint32_t channel,
                                                Deadline deadline) override;

 private:
  PeerConnector& connector_;
  size_t slotBytes_;
};

}  // namespace inccl::transport::tcp
