// How long to wait before asking: from answers to questions, never from results.
//
// The time between a contribution and its result is the slowest rank's, not the network's: whoever
// takes it for a round trip resends whole windows when one rank is late. A probe is answered by the
// switch at once, so only probes are measured. The time-out is that of RFC 6298, section 2:
// smoothed round trip plus four times its deviation.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace inccl::ina {

class RoundTrip {
 public:
  static constexpr Nanos kFirst = 5 * kMillisecond;
  static constexpr Nanos kLeast = kMillisecond, kMost = kSecond;
  // Questions become rarer up to here, unless a round trip takes longer: whoever waits for a late
  // rank would notice that long after it came, where the result was lost.
  static constexpr Nanos kRarest = 100 * kMillisecond;

  void sample(Nanos roundTrip) {
    if (smoothed_ == 0) {
      smoothed_ = std::max<Nanos>(1, roundTrip);
      deviation_ = roundTrip / 2;
      return;
    }
    deviation_ += (std::abs(roundTrip - smoothed_) - deviation_) / 4;
    smoothed_ = std::max<Nanos>(1, smoothed_ + (roundTrip - smoothed_) / 8);
  }
  // Before the first question, and twice as long after each.
  [[nodiscard]] Nanos timeout(uint32_t asked) const {
    const Nanos base =
        smoothed_ == 0 ? kFirst : std::clamp(smoothed_ + 4 * deviation_, kLeast, kMost);
    return std::min(base << std::min(asked, 16u), std::max(base, kRarest));
  }
  [[nodiscard]] Nanos smoothed() const { return smoothed_; }

 private:
  Nanos smoothed_ = 0, deviation_ = 0;
};

}  // namespace inccl::ina
