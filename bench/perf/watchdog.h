// -T: no row takes longer than the user allows.
//
// A thread of its own, because the rank's thread is inside a call. When the time is up it says so
// and aborts the communicator, which makes the call return; if even that does not end the process
// it ends it. Without -T there is no thread.
//
// Threading: arm and disarm by the rank's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "perf/team.h"

namespace inccl::perf {

class Watchdog {
 public:
  // `seconds` 0: never barks. `team` must outlive the watchdog.
  Watchdog(Team& team, int seconds);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm(std::string what);
  void disarm();

 private:
  using Clock = std::chrono::steady_clock;
  void watch();

  Team& team_;
  const std::chrono::seconds limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Clock::time_point> deadline_;  // guarded by mutex_, as are the two below
  std::string what_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace inccl::perf
