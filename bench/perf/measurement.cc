// Words for a case; statistics over iterations, with the percentile rule of nccl-tests (nearest
// rank, rounded up).
#include "perf/measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace inccl::perf {
namespace {

double percentile(const std::vector<double>& sorted, size_t percent) {
  const size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::min(sorted.size(), std::max<size_t>(rank, 1)) - 1];
}

}  // namespace

std::string describe(const Case& c) {
  const std::string root = c.collective.rooted ? fmt::format(", root {}", c.root) : std::string();
  return fmt::format("{} of {} {} ({}{})", c.collective.name, c.shape.count, c.type.name, c.op.name,
                     root);
}

IterationStatistics statisticsOf(std::vector<double> microseconds) {
  if (microseconds.empty()) return {};
  std::sort(microseconds.begin(), microseconds.end());
  const auto count = static_cast<double>(microseconds.size());
  IterationStatistics s;
  s.min = microseconds.front();
  s.max = microseconds.back();
  s.p50 = microseconds[microseconds.size() / 2];
  s.p95 = percentile(microseconds, 95);
  s.p99 = percentile(microseconds, 99);
  s.mean = std::accumulate(microseconds.begin(), microseconds.end(), 0.0) / count;
  double squares = 0;
  for (const double value : microseconds) squares += (value - s.mean) * (value - s.mean);
  s.deviation = std::sqrt(squares / count);
  return s;
}

}  // namespace inccl::perf
