// Whose turn it is on a communicator: operations run one at a time, in the order of arrival.
//
// A ticket lock: one atomic addition to enter when nobody is there, one store to leave. Drawing a
// ticket and waiting for it are two steps, so that work for a stream keeps the place in which it
// was issued. A waiter yields; it does not sleep at first, since calls of two threads on one
// communicator are rare and the wait is that of the other's operation, which has its own deadline.
#pragma once

#include <atomic>
#include <cstdint>

#include "os/pause.h"
#include "os/syscalls.h"

namespace inccl::comm {

class Turn {
 public:
  using Ticket = uint32_t;

  // Whoever draws one must wait for it and give it back.
  [[nodiscard]] Ticket draw() { return next_.fetch_add(1, std::memory_order_relaxed); }
  void await(Ticket ticket) {
    for (int polls = 0; serving_.load(std::memory_order_acquire) != ticket; ++polls) {
      if (polls < kYields)
        os::yieldCpu();
      else
        os::sys::poll(nullptr, 0, 1);
    }
  }
  void take() { await(draw()); }
  void giveBack() {
    serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  static constexpr int kYields = 20000;
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
