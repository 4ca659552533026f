// A channel between two ends of one process, through a faulty pipe: for tests
// of framing and of executors, without sockets.
#pragma once

#include <memory>
#include <string>

#include "transport/loopback/loopback_pipe.h"

namespace inccl::transport::loopback {

// The ends of a pipe as byte streams; an end that goes closes its side.
std::unique_ptr<ByteStream> writingEnd(std::shared_ptr<LoopbackPipe> pipe);
std::unique_ptr<ByteStream> readingEnd(std::shared_ptr<LoopbackPipe> pipe);

struct LoopbackPair {
  std::unique_ptr<SendChannel> send;
  std::unique_ptr<RecvChannel> recv;
};

// A channel whose frames pass through a faulty pipe.
LoopbackPair makePair(const LoopbackFaults& faults, size_t slotBytes);

}  // namespace inccl::transport::loopback
