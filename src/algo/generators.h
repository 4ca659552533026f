// One function for each algorithm and collective, each explained where it is written. Arguments
// have been checked (algorithm.cc).
#pragma once

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::algo {

Result<schedule::Schedule> ringAllReduce(int rankCount);
Result<schedule::Schedule> ringAllGather(int rankCount);
Result<schedule::Schedule> ringBroadcast(int rankCount, int root);

Result<schedule::Schedule> recursiveDoublingAllReduce(int rankCount);
Result<schedule::Schedule> recursiveDoublingAllGather(int rankCount);
Result<schedule::Schedule> recursiveDoublingBroadcast(int rankCount, int root);
Result<schedule::Schedule> recursiveDoublingBarrier(int rankCount);

Result<schedule::Schedule> directAllReduce(int rankCount);
Result<schedule::Schedule> directAllGather(int rankCount);
Result<schedule::Schedule> directBroadcast(int rankCount, int root);
Result<schedule::Schedule> directBarrier(int rankCount);

Result<schedule::Schedule> halfAllReduce(int rankCount);

}  // namespace inccl::algo
