// Ranks of one process, connected by faulty pipes: executors run over it as
// over a network, with faults that a test chooses per pair and repeats from a
// seed.
//
// One network is shared by the transports of all its ranks. A pipe is made by
// whichever side opens it first, so opening never waits. Threading: the network
// may be used by all ranks at once.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "transport/loopback/loopback_stream.h"

namespace inccl::transport::loopback {

class LoopbackNetwork {
 public:
  static constexpr size_t kSlotBytes = 65536;

  // `faults` hold for every pair that has none of its own; each pipe draws from
  // a seed of its own, made from theirs and its place.
  explicit LoopbackNetwork(int rankCount, LoopbackFaults faults = {},
                           size_t slotBytes = kSlotBytes);

  [[nodiscard]] int rankCount() const { return rankCount_; }
  [[nodiscard]] size_t slotBytes() const { return slotBytes_; }

  // For channels from → to that are not open yet.
  void setFaults(int from, int to, const LoopbackFaults& faults);
  // As if the rank's process had died: all its streams are cut, also those
  // opened later.
  void disconnect(int rank);

  // One end of the FIFO (from, to, channel); an error when it was taken before
  // or a rank is none.
  Result<std::unique_ptr<ByteStream>> takeWritingEnd(int from, int to, uint32_t channel);
  Result<std::unique_ptr<ByteStream>> takeReadingEnd(int from, int to, uint32_t channel);

 private:
  using Place = std::tuple<int, int, uint32_t>;
  struct Fifo {
    std::shared_ptr<LoopbackPipe> pipe;
    bool writerTaken = false, readerTaken = false;
  };
  Result<std::shared_ptr<LoopbackPipe>> take(const Place& place, bool Fifo::*end);
  Fifo& fifoAt(const Place& place);
  [[nodiscard]] bool isRank(int rank) const { return rank >= 0 && rank < rankCount_; }

  const int rankCount_;
  const LoopbackFaults faults_;
  const size_t slotBytes_;
  std::mutex mutex_;
  std::map<std::pair<int, int>, LoopbackFaults> faultsOfPair_;
  std::map<Place, Fifo> fifos_;
  std::vector<bool> disconnected_;
};

class LoopbackTransport final : public Transport {
 public:
  LoopbackTransport(std::shared_ptr<LoopbackNetwork> network, int rank)
      : network_(std::move(network)), rank_(rank) {}

  [[nodiscard]] std::string_view name() const override { return "loopback"; }
  [[nodiscard]] size_t messageBytes() const override { return network_->slotBytes(); }
  [[nodiscard]] Caps caps() const override { return {}; }
  Result<std::unique_ptr<SendChannel>> openSend(int peer, uint32_t channel,
                                                Deadline deadline) override;
  Result<std::unique_ptr<RecvChannel>> openRecv(int peer, uint32_t channel,
                                                Deadline deadline) override;

 private:
  std::shared_ptr<LoopbackNetwork> network_;
  int rank_;
};

}  // namespace inccl::transport::loopback
