// The flags themselves: names, defaults, ranges and help, as tables that CLI11 reads.
//
// What a value means beyond being a whole number in its range, and which values go together, is
// decided in options.cc.
#pragma once

#include <optional>
#include <string>

#include "perf/options.h"

namespace CLI {
class App;
}

namespace inccl::perf {

constexpr int kMostRanks = 1024;

// Values as they stand on the command line, before they are understood.
struct RawValues {
  std::string collective;
  std::string minBytes = "32M", maxBytes = "32M", stepBytes = "1M";
  int stepFactor = 1;
  std::string types = "float", ops = "sum", root = "0";
  int averaging = 1, blocking = 0, perIteration = 0, timestamps = 0, parallelInit = 0, memory = 0;
  int gpus = 1, nullStream = 0, graphs = 0, cpuTime = 0, memoryReport = 0, device = 0, ctas = 0;
  std::string ctaPolicy;
};

std::optional<int> wholeNumber(const std::string& text);

// Adds every flag but COLL, --help and --version; parsing then fills `options` and `raw`, which
// must outlive `app`.
void describeFlags(CLI::App& app, Options& options, RawValues& raw);

}  // namespace inccl::perf
