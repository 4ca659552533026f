// A long buffer of test data that is written at memcpy speed and compared at memcmp speed.
//
// Generating and reducing fresh random numbers for every element of every rank would cost n times
// more than the collective under test. So only one period of data is generated (a prime number of
// elements), and a long buffer is a sequence of periods, each one rotated by its own pseudo-random
// distance. A block that lands in the wrong place, or twice, or is left out, therefore shows, even
// when it is moved by a multiple of the period. All tables of one case share the rotations, so the
// table of the expected result is the element-wise reduction of the ranks' tables.
//
// Comparison is of bits. Threading: immutable after construction.
#pragma once

#include <cstddef>
#include <vector>

namespace inccl::perf {

class DataTable {
 public:
  // Elements of a period: a prime, so that no power-of-two chunking agrees with it.
  static constexpr size_t kPeriod = 65521;
  // How many elements have to be generated for a buffer of `count` elements.
  static size_t periodOf(size_t count) { return count < kPeriod ? count : kPeriod; }

  // `period` holds periodOf(count) elements of `elementBytes` each.
  DataTable(std::vector<std::byte> period, size_t elementBytes);

  void fill(void* buffer, size_t count) const;
  // Elements of `buffer` whose bits are not those that fill() writes.
  struct Mismatches {
    size_t count = 0;
    size_t first = 0;  // meaningful if count > 0
  };
  [[nodiscard]] Mismatches compare(const void* buffer, size_t count) const;

 private:
  // Calls visit(offset in the buffer, offset in the table, length), in bytes, for each piece.
  template <typename Visit>
  void forEachPiece(size_t count, Visit visit) const;

  std::vector<std::byte> period_;
  size_t elementBytes_;
};

}  // namespace inccl::perf
