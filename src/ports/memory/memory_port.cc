#include "ports/memory/memory_port.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::ports {

class MemoryPort final : public DatagramPort {
 public:
  MemoryPort(std::shared_ptr<MemoryNetwork> network, uint16_t number)
      : network_(std::move(network)),
        number_(number),
        address_(os::SocketAddress::loopback(AF_INET, number)) {}
  ~MemoryPort() override {
    const std::lock_guard lock(network_->mutex_);
    network_->queues_.erase(number_);
  }

  [[nodiscard]] std::string_view name() const override { return "memory"; }
  [[nodiscard]] const os::SocketAddress& address() const override { return address_; }
  [[nodiscard]] size_t mostBytes() const override { return network_->mostBytes_; }
  [[nodiscard]] int waitDescriptor() const override { return -1; }

  Result<size_t> send(std::span<const OutgoingDatagram> batch) override {
    const std::lock_guard lock(network_->mutex_);
    for (const OutgoingDatagram& datagram : batch) {
      if (datagram.bytes() > mostBytes())
        return invalidArgument(fmt::format("memory port: a datagram of {} bytes, the most is {}",
                                           datagram.bytes(), mostBytes()));
      const auto queue = network_->queues_.find(datagram.to.port());
      if (queue == network_->queues_.end() || queue->second.size() >= MemoryNetwork::kMostQueued)
        continue;
      MemoryNetwork::Arrived& arrived = queue->second.emplace_back();
      arrived.from = address_;
      arrived.bytes.reserve(datagram.bytes());
      for (const auto& piece : datagram.pieces)
        arrived.bytes.insert(arrived.bytes.end(), piece.begin(), piece.end());
    }
    return batch.size();
  }

  Result<size_t> receive(std::span<IncomingDatagram> batch) override {
    const std::lock_guard lock(network_->mutex_);
    auto& queue = network_->queues_[number_];
    const size_t count = std::min(batch.size(), queue.size());
    held_.clear();
    for (size_t i = 0; i < count; ++i) {
      held_.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    for (size_t i = 0; i < count; ++i) batch[i] = {held_[i].from, held_[i].bytes};
    return count;
  }

 private:
  const std::shared_ptr<MemoryNetwork> network_;
  const uint16_t number_;
  const os::SocketAddress address_;
  std::vector<MemoryNetwork::Arrived> held_;  // what the last receive() handed out
};

std::unique_ptr<DatagramPort> MemoryNetwork::open() {
  uint16_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++lastNumber_;
    queues_[number];
  }
  return std::make_unique<MemoryPort>(shared_from_this(), number);
}

}  // namespace inccl::ports
