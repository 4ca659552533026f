// A thread whose start may fail with a Status instead of an exception.
//
// It starts through the system-call seam (so that tests can make it fail), blocks all signals (the
// user's handlers run on the user's threads) and lets no exception out.
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"

namespace inccl::os {

class Thread {
 public:
  // `name`: at most 15 bytes, shown by debuggers and top.
  static Result<Thread> start(const std::string& name, std::function<void()> body);

  Thread() = default;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread() { join(); }

  // Waits for the end of the body; nothing when there is no thread.
  void join();
  // Lets it run by itself until the process ends.
  void detach();

 private:
  pthread_t handle_{};
  bool joinable_ = false;
};

}  // namespace inccl::os
