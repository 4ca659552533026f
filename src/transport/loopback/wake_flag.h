// A descriptor that polls readable exactly while a condition holds, so that a
// thread can sleep on something in memory as on a socket.
//
// Best effort: without a descriptor there is none to sleep on, and a call that
// fails leaves the flag as it was; a waiter then looks again at the end of its
// slice. The owner serialises set().
#pragma once

#include "os/unique_fd.h"
#include "transport/transport.h"

namespace inccl::transport::loopback {

class WakeFlag {
 public:
  WakeFlag();
  void set(bool raised);
  [[nodiscard]] WaitHandle handle() const { return {event_.get(), POLLIN}; }

 private:
  os::UniqueFd event_;
  bool raised_ = false;
};

}  // namespace inccl::transport::loopback
