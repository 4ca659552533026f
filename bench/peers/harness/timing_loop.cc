// See timing_loop.h.
#include "timing_loop.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace inccl::peers {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmUpShare = 0.25;
// How many slices the least number of calls may take before it is lowered: a library that needs two
// seconds a call (MPICH with more ranks than cores) must not use up everybody's time.
constexpr double kMostSlices = 4;
constexpr uint64_t kMostCallsPerRound = 4096;

uint64_t nanosecondsSince(Clock::time_point start) {
  auto elapsed = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start);
  return static_cast<uint64_t>(elapsed.count());
}

// Rounds of 1, 2, 4 … calls until the warm-up's share of the slice is over. Returns the number of
// calls to time; the last, longest and warmest round says what one costs, barrier included.
uint32_t warmUp(MeetingPoint& ranks, const TimeSlice& slice, const std::function<void()>& call) {
  auto warmUpNanoseconds =
      static_cast<uint64_t>(kWarmUpShare * static_cast<double>(slice.nanoseconds));
  auto start = Clock::now();
  for (uint64_t round = 1;; round = std::min(2 * round, kMostCallsPerRound)) {
    auto roundStart = Clock::now();
    for (uint64_t i = 0; i < round; ++i) {
      ranks.barrier();
      call();
    }
    ranks.barrier();
    double perCall = static_cast<double>(nanosecondsSince(roundStart)) / static_cast<double>(round);
    bool warm = nanosecondsSince(start) >= warmUpNanoseconds;
    uint64_t calls = ranks.decidedByRankZero(warm ? callsThatFit(slice, perCall) : 0);
    if (calls != 0) return static_cast<uint32_t>(calls);
  }
}

std::vector<uint64_t> slowestPerCall(MeetingPoint& ranks, uint32_t calls) {
  std::vector<uint64_t> slowest(calls, 0);
  for (int rank = 0; rank < ranks.ranks(); ++rank) {
    const uint64_t* durations = ranks.durations(rank);
    for (uint32_t i = 0; i < calls; ++i) slowest[i] = std::max(slowest[i], durations[i]);
  }
  return slowest;
}

}  // namespace

uint32_t callsThatFit(const TimeSlice& slice, double nanosecondsPerCall) {
  uint32_t most = std::clamp<uint32_t>(slice.maxCalls, 1, kMaxCalls);
  double perSlice = static_cast<double>(slice.nanoseconds) / std::max(nanosecondsPerCall, 1.0);
  double fit = (1 - kWarmUpShare) * perSlice;
  if (fit >= most) return most;
  double least = std::min<double>(slice.minCalls, kMostSlices * perSlice);
  return std::clamp<uint32_t>(static_cast<uint32_t>(std::max(fit, least)), 1, most);
}

CallTimes summarise(std::vector<uint64_t> slowestRankNanoseconds) {
  auto& times = slowestRankNanoseconds;
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  size_t last = times.size() - 1;
  double sum = std::accumulate(times.begin(), times.end(), 0.0);
  return {.calls = static_cast<uint32_t>(times.size()),
          .p50 = times[last / 2],
          .p95 = times[last * 95 / 100],
          .lowest = times[0],
          .mean = sum / static_cast<double>(times.size())};
}

CallTimes timeCalls(MeetingPoint& ranks, const TimeSlice& slice,
                    const std::function<void()>& call) {
  uint32_t calls = warmUp(ranks, slice, call);
  uint64_t* mine = ranks.durations(ranks.rank());
  for (uint32_t i = 0; i < calls; ++i) {
    ranks.barrier();
    auto start = Clock::now();
    call();
    mine[i] = nanosecondsSince(start);
  }
  ranks.barrier();
  CallTimes times;
  if (ranks.rank() == 0) times = summarise(slowestPerCall(ranks, calls));
  ranks.barrier();
  return times;
}

}  // namespace inccl::peers
