#include "transport/loopback/wake_flag.h"

#include <sys/eventfd.h>

namespace inccl::transport::loopback {

WakeFlag::WakeFlag() : event_(os::sys::eventfd(0, EFD_NONBLOCK)) {}

void WakeFlag::set(bool raised) {
  if (raised == raised_ || !event_.valid()) return;
  uint64_t count = 1;
  const ssize_t moved = raised ? os::sys::write(event_.get(), &count, sizeof count)
                               : os::sys::read(event_.get(), &count, sizeof count);
  if (moved == sizeof count) raised_ = raised;
}

}  // namespace inccl::transport::loopback
