// Channels over TCP: one connection per (source, destination, channel), opened
// when first used.
//
// Connections come authenticated from the PeerConnector; this adds the socket
// calls under the stream channels. Frames flow one way, so a full socket in one
// direction never holds up the other, and no frame waits behind one of another
// channel.
#pragma once

#include <limits>

#include "transport/peer_connector.h"
#include "transport/tcp/socket_stream.h"

namespace inccl::transport::tcp {

class TcpTransport final : public Transport {
 public:
  static constexpr size_t kSlotBytes = 128 * 1024;

  // `connector` outlives the transport. `slotBytes` is the same on all ranks,
  // usually streamSlotBytesWithin(…, kSlotBytes). The buffers of all channels
  // together keep within `bufferBytes`; opening one more is refused with the
  // figure.
  explicit TcpTransport(PeerConnector& connector, size_t slotBytes = kSlotBytes,
                        uint64_t bufferBytes = std::numeric_limits<uint64_t>::max())
      : connector_(connector), slotBytes_(slotBytes), bufferBytes_(bufferBytes) {}

  [[nodiscard]] std::string_view name() const override { return "tcp"; }
  [[nodiscard]] size_t messageBytes() const override { return slotBytes_; }
  [[nodiscard]] Caps caps() const override { return {}; }
  Result<std::unique_ptr<SendChannel>> openSend(int peer, uint32_t channel,
                                                Deadline deadline) override;
  Result<std::unique_ptr<RecvChannel>> openRecv(int peer, uint32_t channel,
                                                Deadline deadline) override;

 private:
  Status claimBuffers(uint64_t bytes);

  PeerConnector& connector_;
  size_t slotBytes_;
  uint64_t bufferBytes_;
  uint64_t claimedBytes_ = 0;  // by channels opened; each is opened once, so it only grows
};

}  // namespace inccl::transport::tcp
