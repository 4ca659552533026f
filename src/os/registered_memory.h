// Memory that users allocate through the library, so that peers of the host can map it.
//
// Each block is a memfd of its own (shared_memory.h), page aligned. The table of blocks finds the
// descriptor behind any address in them: what a transport needs to hand the block to a peer. A
// block that is freed goes when the last mapping of it, here or at a peer, goes.
// Any thread.
#pragma once

#include <cstddef>
#include <optional>

#include "base/status.h"

namespace inccl::os {

// `bytes` of zeroed memory (0 give one page). Freed by freeRegistered only.
Result<void*> allocateRegistered(size_t bytes);
// nullptr is nothing; any pointer that allocateRegistered did not return is refused.
Status freeRegistered(void* pointer);

// The block that [pointer, pointer + bytes) lies in; nothing when it lies in none.
struct RegisteredRange {
  int fd = -1;  // the block's; valid until the block is freed
  size_t blockBytes = 0;
  size_t offset = 0;  // of pointer in the block
};
std::optional<RegisteredRange> findRegistered(const void* pointer, size_t bytes);

}  // namespace inccl::os
