#include "lab/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace inccl::lab {

Signals::Signals() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&taken, number);
  sigprocmask(SIG_BLOCK, &taken, &before_);
  descriptor_.reset(signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
}

Signals::~Signals() { restore(); }

void Signals::restore() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

Signals::Taken Signals::take() const {
  signalfd_siginfo info{};
  if (read(descriptor(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return {};
  return {static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace inccl::lab
