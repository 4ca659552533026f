// Ranks as threads of one process: fast enough for whole matrices, and the form in which the
// thread sanitizer sees every access.
//
// All threads start together, so that no rank has finished before the last one begins. Failed
// expectations inside `body` count for the running test and name the rank. A thread cannot be
// killed: when ranks are still running at the deadline, the harness says which and ends the
// process (exit by abort, with a core of the hang), because nothing after it could be trusted.
#pragma once

#include <functional>

#include "base/clock.h"

namespace inccl::test {

constexpr Nanos kRanksTimeout = 60 * kSecond;

// Runs body(rank) for rank = 0 … rankCount-1, each in a thread of its own, and returns when all
// have returned. An exception that leaves a body is a failure of the running test.
void runRanks(int rankCount, const std::function<void(int rank)>& body,
              Nanos timeout = kRanksTimeout);

}  // namespace inccl::test
