// Facts about this machine for the report and for the size of the buffers.
#pragma once

#include <cstdint>
#include <string>

namespace inccl::perf {

std::string hostName();
// The processor's name as the kernel knows it; "unknown processor" where it does not say.
std::string processorName();
// What can be allocated without swapping (MemAvailable).
uint64_t availableMemoryBytes();

}  // namespace inccl::perf
