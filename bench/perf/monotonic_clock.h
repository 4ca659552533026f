// The clock of all timings: one for all processes of a host, never set back.
#pragma once

#include <time.h>

#include <cstdint>

namespace inccl::perf {

inline int64_t nowNanos() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

}  // namespace inccl::perf
