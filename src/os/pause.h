// The two gentlest ways to wait: tell the core that we poll, or offer it to somebody else.
#pragma once

#include <sched.h>

namespace inccl::os {

inline void cpuRelax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A system call; returns at once when nobody else wants the core.
inline void yieldCpu() { ::sched_yield(); }

}  // namespace inccl::os
