#include "os/registered_memory.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "os/shared_memory.h"

namespace inccl::os {
namespace {

struct Blocks {
  std::mutex mutex;
  std::map<const std::byte*, SharedMemory> byAddress;
};

Blocks& blocks() {
  static Blocks* const all = new Blocks;  // never destroyed: frees may come during exit
  return *all;
}

}  // namespace

Result<void*> allocateRegistered(size_t bytes) {
  if (bytes > size_t{1} << 47)
    return invalidArgument(fmt::format("{} bytes are more than an address space", bytes));
  const size_t whole = roundUpTo(bytes == 0 ? 1 : bytes, kPageBytes);
  INCCL_TRY_ASSIGN(auto memory, SharedMemory::create("inccl memory", whole));
  std::byte* const pointer = memory.data();
  const std::lock_guard lock(blocks().mutex);
  blocks().byAddress.emplace(pointer, std::move(memory));
  return static_cast<void*>(pointer);
}

Status freeRegistered(void* pointer) {
  if (!pointer) return {};
  const std::lock_guard lock(blocks().mutex);
  if (blocks().byAddress.erase(static_cast<const std::byte*>(pointer)) == 0)
    return invalidArgument(fmt::format("{} was not allocated by incclMemAlloc", pointer));
  return {};
}

std::optional<RegisteredRange> findRegistered(const void* pointer, size_t bytes) {
  const auto* const begin = static_cast<const std::byte*>(pointer);
  const std::lock_guard lock(blocks().mutex);
  auto after = blocks().byAddress.upper_bound(begin);
  if (after == blocks().byAddress.begin()) return std::nullopt;
  const SharedMemory& block = std::prev(after)->second;
  const auto offset = static_cast<size_t>(begin - block.data());
  if (offset > block.bytes() || bytes > block.bytes() - offset) return std::nullopt;
  return RegisteredRange{block.fd(), block.bytes(), offset};
}

}  // namespace inccl::os
