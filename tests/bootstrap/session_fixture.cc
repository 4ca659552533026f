#include "bootstrap/session_fixture.h"

#include "os/syscalls.h"

namespace inccl::bootstrap {

Status RankUnderTest::awaitError(Nanos limit) const {
  const Deadline deadline = Deadline::after(limit);
  while (!errors.raised() && !deadline.passed()) (void)os::sys::poll(nullptr, 0, 1);
  return errors.status();
}

}  // namespace inccl::bootstrap
