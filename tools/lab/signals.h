// SIGINT, SIGTERM, SIGHUP and SIGCHLD as something that is read, for a process that has children.
//
// They are blocked while this exists, in all children too until those call restore(). The first
// process of a process namespace ignores signals that it has no handler for, but not blocked ones.
#pragma once

#include <sys/types.h>

#include <csignal>

#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::lab {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  struct Taken {
    int number = 0;             // 0: there is none
    bool fromTerminal = false;  // then every process in the foreground got it
  };
  // Never waits.
  Taken take() const;
  // For poll: readable when there is one.
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  // In a child, before it becomes another program.
  void restore() const;

 private:
  sigset_t before_{};
  os::UniqueFd descriptor_;
};

}  // namespace inccl::lab
