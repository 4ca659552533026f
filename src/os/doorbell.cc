#include "os/doorbell.h"

#include <linux/membarrier.h>

#include "os/syscalls.h"

namespace inccl::os {

void Doorbell::wake() {
  sleeping.store(0, std::memory_order_relaxed);
  sys::futexWake(&sleeping, 1);
}

void Doorbell::sleep(Nanos slice) {
  const timespec timeout{slice / kSecond, slice % kSecond};
  sys::futexWait(&sleeping, 1,
                 &timeout);  // woken, timed out or interrupted: the caller looks again
}

void Doorbell::barrierOnAllCpus() { sys::membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0); }

void joinDoorbellBarriers() { sys::membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0); }

}  // namespace inccl::os
