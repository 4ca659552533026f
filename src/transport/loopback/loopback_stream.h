// A byte stream between two ends of one process, with faults from a seed: for tests of framing and
// of executors, without sockets.
//
// Bytes pass through a bounded buffer. Faults: moves of random length (short writes and reads),
// moves that do not happen (a delay, in polls), and a cut after a given number of bytes. The same
// seed gives the same faults for the same sequence of calls. Both ends may be different threads.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

#include "transport/stream_channel.h"

namespace inccl::transport::loopback {

struct LoopbackFaults {
  uint64_t seed = 0;
  double shortMoves = 0;                  // share of moves that are cut to a random length
  double skippedMoves = 0;                // share of moves that do nothing this time
  uint64_t cutAfterBytes = ~uint64_t{0};  // then both ends see the connection closed
  size_t bufferBytes = 65536;
};

class LoopbackPipe {
 public:
  explicit LoopbackPipe(const LoopbackFaults& faults);
  ssize_t write(const iovec* parts, int count);
  ssize_t read(const iovec* parts, int count);

 private:
  // How many of `possible` bytes this move may take.
  size_t limit(size_t possible);

  std::mutex mutex_;
  LoopbackFaults faults_;
  std::mt19937_64 random_;
  std::vector<std::byte> ring_;
  uint64_t written_ = 0, read_ = 0;
};

struct LoopbackPair {
  std::unique_ptr<SendChannel> send;
  std::unique_ptr<RecvChannel> recv;
};

// A channel whose frames pass through a faulty pipe.
LoopbackPair makePair(const LoopbackFaults& faults, size_t slotBytes);

}  // namespace inccl::transport::loopback
