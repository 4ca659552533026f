#include "support/fail_nth_allocation.h"

#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace inccl::test {
namespace {

// 0: not armed. Read by every allocation of the program, from before main() on.
std::atomic<bool> armed{false};
std::atomic<uint64_t> failingNumber{0};
std::atomic<uint64_t> counted{0};
std::atomic<bool> hit{false};
// The only thread that is looked at; 0 = all. pthread_t is an integer on Linux.
std::atomic<pthread_t> onlyThread{0};

bool mustFail() {
  if (!armed.load(std::memory_order_relaxed)) return false;
  const pthread_t only = onlyThread.load(std::memory_order_relaxed);
  if (only != 0 && !pthread_equal(only, pthread_self())) return false;
  const uint64_t number = counted.fetch_add(1, std::memory_order_relaxed) + 1;
  if (number != failingNumber.load(std::memory_order_relaxed)) return false;
  hit.store(true, std::memory_order_relaxed);
  return true;
}

void* allocate(std::size_t bytes) noexcept {
  return mustFail() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}
void* allocateAligned(std::size_t bytes, std::align_val_t alignment) noexcept {
  if (mustFail()) return nullptr;
  const auto unit = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit + (bytes == 0 ? unit : 0));
}
void* orThrow(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

FailNthAllocation::FailNthAllocation(uint64_t n, bool thisThreadOnly) {
  if (armed.load()) {
    std::fprintf(stderr, "FailNthAllocation: another instance is active\n");
    std::abort();
  }
  failingNumber = n;
  counted = 0;
  hit = false;
  onlyThread = thisThreadOnly ? pthread_self() : pthread_t{0};
  armed = true;
}

FailNthAllocation::~FailNthAllocation() { armed = false; }

uint64_t FailNthAllocation::allocations() const { return counted.load(); }

bool FailNthAllocation::fired() const { return hit.load(); }

uint64_t forEachFailingAllocation(const std::function<void()>& trial,
                                  const std::function<void(uint64_t, bool)>& check, uint64_t limit,
                                  bool thisThreadOnly) {
  for (uint64_t n = 1; n <= limit; ++n) {
    bool fired = false;
    {
      const FailNthAllocation failing(n, thisThreadOnly);
      trial();
      fired = failing.fired();
    }
    check(n, fired);
    if (!fired) return n - 1;
  }
  return limit;
}

}  // namespace inccl::test

void* operator new(std::size_t bytes) { return inccl::test::orThrow(inccl::test::allocate(bytes)); }
void* operator new[](std::size_t bytes) {
  return inccl::test::orThrow(inccl::test::allocate(bytes));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return inccl::test::allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return inccl::test::allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return inccl::test::orThrow(inccl::test::allocateAligned(bytes, alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return inccl::test::orThrow(inccl::test::allocateAligned(bytes, alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return inccl::test::allocateAligned(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t&) noexcept {
  return inccl::test::allocateAligned(bytes, alignment);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { std::free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(block);
}
