// Hints to the caches of a core that is about to write what another core has read.
#pragma once

#include <cstddef>

namespace inccl::os {

// Asks for the lines of [begin, begin + bytes) to write them soon, without waiting for them.
//
// Without the hint the first store to a line that a peer has read waits until the peer's copy is
// gone; asked for while one waits for something else, the lines are there when the stores come. A
// hint only: no access, no order, any address. On x86 the instruction is given by hand, since
// compilers emit it only for CPUs that they are told of; where a CPU lacks it, it does nothing.
inline void prefetchForWriting(const std::byte* begin, size_t bytes) {
  constexpr size_t kLineBytes = 64;
  for (size_t at = 0; at < bytes; at += kLineBytes) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(begin[at]));
#else
    __builtin_prefetch(begin + at, 1, 3);
#endif
  }
}

}  // namespace inccl::os
