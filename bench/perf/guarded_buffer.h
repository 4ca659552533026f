// Memory for one side of a collective, with guard bytes right before and after the part in use.
//
// A library that writes a byte too many is wrong even when the result is right; the guards are
// written before each checked call and looked at after it. The part in use begins at any offset
// (unaligned buffers, -u), so guards belong to a Span, not to the allocation.
#pragma once

#include <cstddef>

#include "perf/outcome.h"

namespace inccl::perf {

// A part of a GuardedBuffer, with room for guards on both sides.
struct Span {
  std::byte* data = nullptr;
  size_t bytes = 0;
};

void writeGuards(const Span& span);
// Guard bytes that have changed.
size_t countBrokenGuards(const Span& span);

// Copies `first` to the further places of --rotate, `step` bytes apart, `places` in all. Memory
// that nobody wrote has no pages of its own: it would be measured as one page that is always
// cached.
void fillPlaces(const Span& first, size_t step, size_t places);

class GuardedBuffer {
 public:
  // Of `bytes` usable bytes, page aligned; from incclMemAlloc if `ofLibrary`, else from the heap.
  static Outcome<GuardedBuffer> allocate(size_t bytes, bool ofLibrary);

  GuardedBuffer(GuardedBuffer&& other) noexcept;
  GuardedBuffer& operator=(GuardedBuffer&&) = delete;
  ~GuardedBuffer();

  // offset + bytes must lie within the usable bytes.
  [[nodiscard]] Span span(size_t offset, size_t bytes) const;

 private:
  GuardedBuffer(void* memory, bool ofLibrary) : memory_(memory), ofLibrary_(ofLibrary) {}

  void* memory_;
  bool ofLibrary_;
};

}  // namespace inccl::perf
