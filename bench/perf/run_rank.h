// One rank's whole run: join, agree on what can be done, measure every row, report.
//
// Every decision that changes which calls are made (supported types, sizes that fit into memory,
// stopping at a failure) is taken from values that all ranks share.
#pragma once

#include "perf/options.h"
#include "perf/team.h"

namespace inccl::perf {

struct RankSetting {
  int rank = 0;
  int ranks = 1;
  incclUniqueId id{};
};

// Returns an exit status. Prints its own problems to stderr.
int runRank(const Options& options, const RankSetting& setting);

}  // namespace inccl::perf
