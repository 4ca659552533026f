// What one row of the table consists of, from the runner to the reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "perf/collectives.h"
#include "perf/elements.h"
#include "perf/result_hash.h"

namespace inccl::perf {

// A collective with everything that its call depends on.
struct Case {
  CollectiveTraits collective{};
  ElementType type{};
  ReductionOp op{};  // name "none" where the collective does not reduce
  int root = -1;     // -1 where it has none
  Shape shape;
  size_t bytes = 0;  // the size column
};

// "all_reduce of 8 float (sum)", for messages.
std::string describe(const Case& measured);

// Of one iteration, in microseconds per call, over the iterations that are not skipped.
struct IterationStatistics {
  double min = 0, max = 0, mean = 0, p50 = 0, p95 = 0, p99 = 0, deviation = 0;
  [[nodiscard]] double variationPercent() const { return mean > 0 ? deviation / mean * 100 : 0; }
};
IterationStatistics statisticsOf(std::vector<double> microseconds);

struct IterationTimes {
  IterationStatistics statistics;
  std::vector<double> slowestMicroseconds;  // per iteration, the slowest rank
  std::vector<double> ofRanks;              // rank after rank
};

struct Measurement {
  double microseconds = 0;  // per call
  Bandwidth bandwidth;
  std::optional<int64_t> wrong;  // elements over all ranks; none = not checked
  std::optional<IterationTimes> iterations;
  std::optional<ResultHash> hash;  // with --hash, where there is a result
};

struct Row {
  Case measured;
  std::optional<Measurement> outOfPlace;
  std::optional<Measurement> inPlace;  // none where the collective has no such form
  std::string plan;                    // "transport algorithm protocol planId"
  std::string timeOfDay;
};

struct RankInfo {
  int rank = 0;
  long pid = 0;
  std::string host;
  std::string processor;
};

// The outcome of a whole run.
struct Summary {
  int64_t wrong = 0;
  double averageBusGBps = 0;
  std::optional<double> minimumBusGBps;
  std::optional<int64_t> unequalHashes{};  // with --hash: of ranks, and of cycles

  [[nodiscard]] bool fastEnough() const {
    return !minimumBusGBps || averageBusGBps >= 0.9 * *minimumBusGBps;
  }
  [[nodiscard]] bool passed() const {
    return wrong == 0 && unequalHashes.value_or(0) == 0 && fastEnough();
  }
};

}  // namespace inccl::perf
