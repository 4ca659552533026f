// Whose turn it is on a communicator: operations run one at a time, in the order of arrival.
//
// A ticket lock: one atomic addition to enter when nobody is there, one store to leave. A waiter
// yields; it does not sleep, since calls of two threads on one communicator are rare and the wait
// is that of the other's operation, which has its own deadline.
#pragma once

#include <atomic>
#include <cstdint>

#include "os/pause.h"

namespace inccl::comm {

class Turn {
 public:
  void take() {
    const uint32_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
    while (serving_.load(std::memory_order_acquire) != ticket) os::yieldCpu();
  }
  void giveBack() {
    serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  std::atomic<uint32_t> next_{0}, serving_{0};
};

class TurnGuard {
 public:
  explicit TurnGuard(Turn& turn) : turn_(turn) { turn_.take(); }
  ~TurnGuard() { turn_.giveBack(); }
  TurnGuard(const TurnGuard&) = delete;
  TurnGuard& operator=(const TurnGuard&) = delete;

 private:
  Turn& turn_;
};

}  // namespace inccl::comm
