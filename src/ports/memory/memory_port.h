// Datagrams within one process: what tests of protocols stand on, and what a lost packet is not.
//
// A network is a set of ports that know each other by number; a datagram is copied into the queue
// of its receiver and arrives at once, in order, whole. Everything else that networks do to
// datagrams is faulty_port.h's, which goes around any port. Ports may be used by different threads.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "ports/datagram_port.h"

namespace inccl::ports {

class MemoryNetwork : public std::enable_shared_from_this<MemoryNetwork> {
 public:
  static std::shared_ptr<MemoryNetwork> create(size_t mostBytes = 9000) {
    return std::shared_ptr<MemoryNetwork>(new MemoryNetwork(mostBytes));
  }

  // Number 1, 2, 3 …; the port's address is 127.0.0.1 with that number.
  std::unique_ptr<DatagramPort> open();

 private:
  friend class MemoryPort;
  struct Arrived {
    os::SocketAddress from;
    std::vector<std::byte> bytes;
  };
  // What a queue holds at most: like a socket's buffer, it loses the newest.
  static constexpr size_t kMostQueued = 65536;

  explicit MemoryNetwork(size_t mostBytes) : mostBytes_(mostBytes) {}

  const size_t mostBytes_;
  std::mutex mutex_;
  std::map<uint16_t, std::deque<Arrived>> queues_;
  uint16_t lastNumber_ = 0;
};

}  // namespace inccl::ports
