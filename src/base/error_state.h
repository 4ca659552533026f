// The error of a communicator: the first one wins, stays, and is seen by every wait.
//
// A failure may be decided by the caller's thread (a mismatch, a deadline), by the service thread
// (a peer died, another rank reported) or by Abort from anywhere. All of them call raise(); only
// the first is kept, so that one cause is reported on all threads. Waits look at raised(), one
// relaxed load, every few polls, and never longer apart than the slice of a blocking wait.
#pragma once

#include <atomic>
#include <mutex>

#include "base/status.h"

namespace inccl {

class ErrorState {
 public:
  // Keeps `failure` when it is the first; true when it was. `failure` must not be ok.
  bool raise(Status failure) {
    const std::lock_guard lock(mutex_);
    if (raised_.load(std::memory_order_relaxed)) return false;
    failure_ = std::move(failure);
    raised_.store(true, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool raised() const { return raised_.load(std::memory_order_acquire); }
  // OK when nothing was raised.
  [[nodiscard]] Status status() const {
    if (!raised()) return {};
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  std::atomic<bool> raised_{false};
  mutable std::mutex mutex_;
  Status failure_;
};

}  // namespace inccl
