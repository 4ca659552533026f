// Starts processes in the lab's networks, passes on what they print, and sees to it that they end.
//
// Signals are taken synchronously (signalfd), so nothing runs in a handler. One that somebody sent
// to this process is passed on; one from the terminal has reached the children too. When a process
// fails, the others have a grace in which they may say what they think of it; then they are
// terminated, then killed, each by its own id. Should this process be killed, the kernel ends them
// (PR_SET_PDEATHSIG).
#pragma once

#include <string>
#include <vector>

#include "lab/rank_environment.h"

namespace inccl::lab {

struct Task {
  std::string name;         // for messages: "rank 3 on host1"
  bool ownInput = true;     // it has this process's input and output, as if it were started by hand
  std::string mark;         // in front of its lines, if it has not
  std::string hostName;     // as it shall see it
  int network = -1;         // a descriptor
  Environment environment;  // added to that of this process
};

struct LaunchOptions {
  std::vector<std::string> command;
  double timeoutSeconds = 0;  // 0 = none
};

constexpr int kExitTimeout = 124;
constexpr int kExitNoSuchCommand = 127;

// The worst exit status of the tasks: what they returned, 128 + the signal that ended one, 128 +
// the signal that interrupted, or kExitTimeout.
int runTasks(const std::vector<Task>& tasks, const LaunchOptions& options);

// Waits for a child that is no task, passing signals on. Its exit status, or 128 + signal.
int waitFor(pid_t child);

}  // namespace inccl::lab
