// A link's rate as the token bucket that holds it.
//
// The kernel's tbf passes `burstBytes` at once and then no more than the rate. The bucket must be
// large enough for the timer to keep up: at 500 Mbit/s a bucket of 0.26 ms gives half the rate, one
// of 16 ms nearly all of it; up to 200 Mbit/s 2.6 ms are exact. It must not be larger than needed,
// since what is sent in the first burst costs nothing: measure with at least 50 bursts. What waits
// for tokens stands in a queue of `queueBytes`, the buffer of the port; more is dropped.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "topo/rate.h"

namespace inccl::lab {

struct Shaping {
  uint64_t bytesPerSecond = 0;
  uint64_t burstBytes = 0;
  uint64_t queueBytes = 0;
  bool operator==(const Shaping&) const = default;
};

// Fails for a rate below one byte per second, which tc cannot say.
Result<Shaping> shapingOf(const topo::Rate& rate);

}  // namespace inccl::lab
