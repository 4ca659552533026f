// --hash: the results of the ranks as numbers that can be compared, between ranks and runs.
//
// The checks use data that no order of reduction can round, so they say nothing of determinism.
// Here the data rounds: another order gives other bits, and another hash. It depends on the case
// only, not on what was measured before, so that the hash of a row is the same in every run that
// takes the same plan.
#pragma once

#include <cstdint>
#include <vector>

#include "perf/guarded_buffer.h"

namespace inccl::perf {

constexpr uint64_t kHashSeed = 0x6861736865642e2eull;

// Of the bytes; never 0, which is the hash of a rank without a result.
uint64_t hashOf(const Span& span);

struct ResultHash {
  uint64_t all = 0;               // of the row: the common one, or one of all ranks' in their order
  std::vector<uint64_t> ofRanks;  // 0 = has no result
  int64_t unequal = 0;            // ranks whose result is not rank 0's, where all get the same
};

ResultHash summarise(std::vector<uint64_t> ofRanks, bool sameOnAll);

}  // namespace inccl::perf
