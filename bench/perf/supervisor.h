// Starts the ranks of --np as processes and sees to it that all of them end.
//
// The parent holds no communicator: it forks, waits, and is the one that tells the user which rank
// died of what. When a rank fails, the others are given a grace in which the library tells them and
// they report for themselves; who is still there after that is terminated, then killed, each by its
// own pid. The same happens when the parent gets SIGINT, SIGTERM or SIGHUP. Should the parent
// itself be killed, the kernel ends the children (PR_SET_PDEATHSIG).
//
// Signals are taken synchronously (sigtimedwait), so there is no handler and nothing runs in one.
#pragma once

#include <functional>

#include "perf/outcome.h"

namespace inccl::perf {

// Runs body(process) in `processes` children; returns the exit status for the whole:
// 0, the children's kExitFailedTest, kExitCannotRun, or 128 + the signal that interrupted.
Outcome<int> superviseProcesses(int processes, int ranksPerProcess,
                                const std::function<int(int process)>& body);

}  // namespace inccl::perf
