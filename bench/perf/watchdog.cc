// The watching thread.
#include "perf/watchdog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "perf/options.h"

namespace inccl::perf {
namespace {

// An aborted call returns within 100 ms; what follows is only the way out.
constexpr auto kWayOut = std::chrono::seconds(5);

}  // namespace

Watchdog::Watchdog(Team& team, int seconds) : team_(team), limit_(seconds) {
  if (seconds > 0) thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::arm(std::string what) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
    deadline_ = Clock::now() + limit_;
  }
  changed_.notify_all();
}

void Watchdog::disarm() {
  if (!thread_.joinable()) return;
  const std::lock_guard lock(mutex_);
  deadline_.reset();
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!deadline_) {
      changed_.wait(lock, [this] { return stop_ || deadline_.has_value(); });
      continue;
    }
    const Clock::time_point deadline = *deadline_;
    if (Clock::now() < deadline) {
      changed_.wait_until(lock, deadline, [&] { return stop_ || deadline_ != deadline; });
      continue;
    }
    fmt::print(stderr, "inccl-perf: rank {}: timeout: {} took longer than {} s (-T)\n",
               team_.rank(), what_, limit_.count());
    team_.abort();
    if (!changed_.wait_for(lock, kWayOut, [this] { return stop_; })) _exit(kExitCannotRun);
  }
}

}  // namespace inccl::perf
