// The one timing loop of the comparison, the same for every library.
//
// Each timed call is preceded by a barrier of the harness, each rank times its own call, and the
// call counts with the time of its slowest rank: the moment when a program that needs the result
// everywhere could go on. Rank 0 alone decides from its clock how long to warm up and how many
// calls to time; a decision per rank would make ranks run different numbers of collectives.
//
// A slice of time is split: a quarter warms up (in rounds of 1, 2, 4 … calls), the rest is timed.
// The median of the slowest-rank times is what the ratios are made of. The clock costs about 16 ns
// a reading, in every library's figure alike.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "meeting_point.h"

namespace inccl::peers {

struct TimeSlice {
  uint64_t nanoseconds = 0;
  uint32_t minCalls = 1;
  uint32_t maxCalls = kMaxCalls;
};

// Nanoseconds over the timed calls.
struct CallTimes {
  uint32_t calls = 0;
  uint64_t p50 = 0;
  uint64_t p95 = 0;
  uint64_t lowest = 0;
  double mean = 0;
};

// How many calls fit into the timed part of a slice, within its bounds. Calls that are very slow
// for the slice get fewer than minCalls, in the end one.
[[nodiscard]] uint32_t callsThatFit(const TimeSlice& slice, double nanosecondsPerCall);

// Empty gives all zeros. The median of an even number is the lower of the two in the middle.
[[nodiscard]] CallTimes summarise(std::vector<uint64_t> slowestRankNanoseconds);

// Collective. The result is meaningful on rank 0.
[[nodiscard]] CallTimes timeCalls(MeetingPoint& ranks, const TimeSlice& slice,
                                  const std::function<void()>& call);

}  // namespace inccl::peers
