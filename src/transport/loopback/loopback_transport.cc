#include "transport/loopback/loopback_transport.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace inccl::transport::loopback {

LoopbackNetwork::LoopbackNetwork(int rankCount, LoopbackFaults faults, size_t slotBytes)
    : rankCount_(rankCount),
      faults_(faults),
      slotBytes_(slotBytes),
      disconnected_(static_cast<size_t>(rankCount)) {}

void LoopbackNetwork::setFaults(int from, int to, const LoopbackFaults& faults) {
  const std::lock_guard lock(mutex_);
  faultsOfPair_[{from, to}] = faults;
}

void LoopbackNetwork::disconnect(int rank) {
  const std::lock_guard lock(mutex_);
  disconnected_.at(static_cast<size_t>(rank)) = true;
  for (auto& [place, fifo] : fifos_) {
    if (std::get<0>(place) == rank || std::get<1>(place) == rank) fifo.pipe->cutNow();
  }
}

LoopbackNetwork::Fifo& LoopbackNetwork::fifoAt(const Place& place) {
  Fifo& fifo = fifos_[place];
  if (fifo.pipe) return fifo;
  const auto& [from, to, channel] = place;
  const auto own = faultsOfPair_.find({from, to});
  LoopbackFaults faults = own == faultsOfPair_.end() ? faults_ : own->second;
  const auto position =
      static_cast<uint64_t>(from) << 48 | static_cast<uint64_t>(to) << 32 | channel;
  const uint64_t givenSeed = faults.seed;
  faults.seed = mixHash(faults.seed, position);
  fifo.pipe = std::make_shared<LoopbackPipe>(
      faults, fmt::format("loopback stream of channel {} from rank {} to rank "
                          "{}, network seed {},",
                          channel, from, to, givenSeed));
  if (disconnected_[static_cast<size_t>(from)] || disconnected_[static_cast<size_t>(to)])
    fifo.pipe->cutNow();
  return fifo;
}

Result<std::shared_ptr<LoopbackPipe>> LoopbackNetwork::take(const Place& place, bool Fifo::*end) {
  const auto& [from, to, channel] = place;
  if (!isRank(from) || !isRank(to))
    return internalError(
        fmt::format("channel from rank {} to rank {} in a network of {}", from, to, rankCount_));
  const std::lock_guard lock(mutex_);
  Fifo& fifo = fifoAt(place);
  if (fifo.*end)
    return internalError(
        fmt::format("channel {} from rank {} to rank {} was opened twice", channel, from, to));
  fifo.*end = true;
  return fifo.pipe;
}

Result<std::unique_ptr<ByteStream>> LoopbackNetwork::takeWritingEnd(int from, int to,
                                                                    uint32_t channel) {
  INCCL_TRY_ASSIGN(auto pipe, take({from, to, channel}, &Fifo::writerTaken));
  return writingEnd(std::move(pipe));
}

Result<std::unique_ptr<ByteStream>> LoopbackNetwork::takeReadingEnd(int from, int to,
                                                                    uint32_t channel) {
  INCCL_TRY_ASSIGN(auto pipe, take({from, to, channel}, &Fifo::readerTaken));
  return readingEnd(std::move(pipe));
}

Result<std::unique_ptr<SendChannel>> LoopbackTransport::openSend(int peer, uint32_t channel,
                                                                 Deadline) {
  INCCL_TRY_ASSIGN(auto stream, network_->takeWritingEnd(rank_, peer, channel));
  return std::unique_ptr<SendChannel>(
      std::make_unique<StreamSendChannel>(std::move(stream), network_->slotBytes()));
}

Result<std::unique_ptr<RecvChannel>> LoopbackTransport::openRecv(int peer, uint32_t channel,
                                                                 Deadline) {
  INCCL_TRY_ASSIGN(auto stream, network_->takeReadingEnd(peer, rank_, channel));
  return std::unique_ptr<RecvChannel>(
      std::make_unique<StreamRecvChannel>(std::move(stream), network_->slotBytes()));
}

}  // namespace inccl::transport::loopback
