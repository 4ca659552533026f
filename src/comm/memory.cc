#include "comm/memory.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "os/shared_memory.h"

namespace inccl::comm {
namespace {

struct Allocations {
  std::mutex mutex;
  std::map<void*, os::SharedMemory> blocks;
};

Allocations& allocations() {
  static Allocations* const all = new Allocations;  // never destroyed: frees may come during exit
  return *all;
}

}  // namespace

Result<void*> allocateMemory(size_t bytes) {
  if (bytes > size_t{1} << 47)
    return invalidArgument(fmt::format("{} bytes are more than an address space", bytes));
  const size_t whole = os::roundUpTo(bytes == 0 ? 1 : bytes, os::kPageBytes);
  INCCL_TRY_ASSIGN(auto memory, os::SharedMemory::create("inccl memory", whole));
  void* const pointer = memory.data();
  const std::lock_guard lock(allocations().mutex);
  allocations().blocks.emplace(pointer, std::move(memory));
  return pointer;
}

Status freeMemory(void* pointer) {
  if (!pointer) return {};
  const std::lock_guard lock(allocations().mutex);
  if (allocations().blocks.erase(pointer) == 0)
    return invalidArgument(fmt::format("{} was not allocated by incclMemAlloc", pointer));
  return {};
}

}  // namespace inccl::comm
