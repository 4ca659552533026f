// The table, in nccl-tests' layout, so that eyes and scripts that know it need not learn another.
//
// Functions from values to text; nothing is printed here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "perf/measurement.h"
#include "perf/options.h"

namespace inccl::perf {

// `value` in `width` characters: 2, 1 or 0 decimals, as many as fit, else an exponent.
std::string figure(double value, int width);

// Parameters and ranks, then the heads of the columns. `libraryVersion` as incclGetVersion has it.
std::string tableHead(const Options& options, int libraryVersion,
                      const std::vector<RankInfo>& ranks);
std::string columnHeads(const Options& options);
std::string tableRow(const Options& options, const Row& row);
std::string tableFoot(const Options& options, const Summary& summary);

// "2026-01-31 23:59:59", local time.
std::string timeOfDay();

}  // namespace inccl::perf
