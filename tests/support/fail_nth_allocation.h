// Makes one allocation by operator new fail with std::bad_alloc, chosen by its number.
//
// Only programs that link `test_failing_allocation` have it: it replaces operator new and delete
// for the whole program (malloc itself is untouched, so the sanitizers still see every block).
// Outside the life of a FailNthAllocation the replacement is malloc and one relaxed load.
//
// gtest allocates too: keep only the code under test inside the life of an instance, and check
// afterwards.
#pragma once

#include <cstdint>
#include <functional>

namespace inccl::test {

class FailNthAllocation {
 public:
  // n counts from 1; 0 only counts. With thisThreadOnly other threads are neither counted nor hit.
  explicit FailNthAllocation(uint64_t n, bool thisThreadOnly = false);
  ~FailNthAllocation();
  FailNthAllocation(const FailNthAllocation&) = delete;
  FailNthAllocation& operator=(const FailNthAllocation&) = delete;

  [[nodiscard]] uint64_t allocations() const;
  [[nodiscard]] bool fired() const;
};

// Calls trial() with the n-th allocation failing, n = 1, 2, 3 …, each followed by check(n, fired)
// with allocations working again, until a trial did not reach its failing allocation, or `limit`.
// Returns how many allocations were made to fail.
uint64_t forEachFailingAllocation(const std::function<void()>& trial,
                                  const std::function<void(uint64_t n, bool fired)>& check,
                                  uint64_t limit = 20000, bool thisThreadOnly = false);

}  // namespace inccl::test
