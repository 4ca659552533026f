// Time as the library counts it: nanoseconds of the monotonic clock, and points after which a wait
// has failed. Every wait in the library takes a Deadline; none waits without one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace inccl {

using Nanos = int64_t;

constexpr Nanos kMicrosecond = 1000;
constexpr Nanos kMillisecond = 1000 * kMicrosecond;
constexpr Nanos kSecond = 1000 * kMillisecond;

inline Nanos nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Deadline {
 public:
  static Deadline after(Nanos duration) { return Deadline(nowNs() + duration); }
  static Deadline at(Nanos instant) { return Deadline(instant); }

  [[nodiscard]] Nanos instant() const { return instant_; }
  [[nodiscard]] bool passed() const { return nowNs() >= instant_; }
  [[nodiscard]] Nanos remaining() const { return std::max<Nanos>(0, instant_ - nowNs()); }
  // For poll and epoll: whole milliseconds, rounded up, so that a wait never ends early.
  [[nodiscard]] int remainingMs() const {
    return static_cast<int>(
        std::min<Nanos>((remaining() + kMillisecond - 1) / kMillisecond, 1 << 30));
  }
  [[nodiscard]] Deadline earlier(Deadline other) const {
    return Deadline(std::min(instant_, other.instant_));
  }

 private:
  explicit Deadline(Nanos instant) : instant_(instant) {}
  Nanos instant_;
};

}  // namespace inccl
