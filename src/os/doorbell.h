// How a rank sleeps until another one writes into memory that both map, without the writer paying.
//
// A writer stores its data and flag, then looks at the reader's `sleeping` word: a load of a line
// that nobody writes while everybody is awake. A reader that gives up spinning sets the word, makes
// every CPU of the group pass a full barrier (membarrier), looks at the flag once more and sleeps
// on the word. The barrier on the *sleeper's* side replaces the store-load fence that the writer
// would otherwise need at every message (Dekker's pattern with an asymmetric fence). Where
// membarrier is refused, a wake-up can be missed; every sleep is a short slice, so it costs a
// delay, never a hang.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace inccl::os {

struct alignas(64) Doorbell {
  std::atomic<uint32_t> sleeping{0};

  // The writer, after publishing. Pairs with sleepUnless().
  void ring() {
    if (sleeping.load(std::memory_order_relaxed) != 0) [[unlikely]]
      wake();
  }

  // The owner. Sleeps at most `slice`, unless `ready()` already holds once the word is set.
  template <typename Ready>
  void sleepUnless(Ready ready, Nanos slice) {
    sleeping.store(1, std::memory_order_seq_cst);
    barrierOnAllCpus();
    if (!ready()) sleep(slice);
    sleeping.store(0, std::memory_order_relaxed);
  }

 private:
  void wake();
  void sleep(Nanos slice);
  static void barrierOnAllCpus();
};

// Once per process that takes part: lets the barriers of other processes reach this one.
void joinDoorbellBarriers();

}  // namespace inccl::os
