// Memory from incclMemAlloc: page aligned, backed by a memfd, so that peers of the host can map it.
#pragma once

#include <cstddef>

#include "base/status.h"

namespace inccl::comm {

// 0 bytes give one page. Freed by freeMemory only; any other pointer is refused there.
Result<void*> allocateMemory(size_t bytes);
Status freeMemory(void* pointer);

}  // namespace inccl::comm
