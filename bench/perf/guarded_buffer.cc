// Allocation and guards.
#include "perf/guarded_buffer.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "perf/mix.h"

namespace inccl::perf {
namespace {

// One page in front keeps the usable part page aligned.
constexpr size_t kFrontBytes = 4096;
constexpr size_t kGuardBytes = 256;

std::byte guardByte(size_t index) { return static_cast<std::byte>(mix(index) & 0xff); }

}  // namespace

void writeGuards(const Span& span) {
  for (size_t i = 0; i < kGuardBytes; ++i) {
    span.data[-1 - static_cast<ptrdiff_t>(i)] = guardByte(i);
    span.data[span.bytes + i] = guardByte(i);
  }
}

size_t countBrokenGuards(const Span& span) {
  size_t broken = 0;
  for (size_t i = 0; i < kGuardBytes; ++i) {
    broken += span.data[-1 - static_cast<ptrdiff_t>(i)] != guardByte(i);
    broken += span.data[span.bytes + i] != guardByte(i);
  }
  return broken;
}

void fillPlaces(const Span& first, size_t step, size_t places) {
  for (size_t place = 1; place < places; ++place)
    std::memcpy(first.data + place * step, first.data, first.bytes);
}

Outcome<GuardedBuffer> GuardedBuffer::allocate(size_t bytes, bool ofLibrary) {
  const size_t total = kFrontBytes + bytes + kGuardBytes;
  void* memory = nullptr;
  if (ofLibrary) {
    PERF_TRY(checkCall(incclMemAlloc(&memory, total), "incclMemAlloc", nullptr));
  } else if (posix_memalign(&memory, kFrontBytes, total) != 0) {
    return Problem{fmt::format("no memory for a buffer of {} bytes", total)};
  }
  return GuardedBuffer(memory, ofLibrary);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), ofLibrary_(other.ofLibrary_) {}

GuardedBuffer::~GuardedBuffer() {
  if (memory_ == nullptr) return;
  if (ofLibrary_) {
    (void)incclMemFree(memory_);
  } else {
    std::free(memory_);
  }
}

Span GuardedBuffer::span(size_t offset, size_t bytes) const {
  return {static_cast<std::byte*>(memory_) + kFrontBytes + offset, bytes};
}

}  // namespace inccl::perf
