// Test data whose reduction is known exactly, on every rank, for every type and operation.
//
// Values are a function of (seed, rank, index). They are chosen so that every partial result, in
// whatever order and grouping a library reduces, is representable: then rounding never happens, one
// result is right, and it is compared bit for bit.
//   integers       any bits; sums and products wrap. Factors are odd, so that each of them shows;
//                  of "and" and "or" the bits are mostly those that leave the others' visible.
//   floating sum   multiples of 1/4 of both signs, small enough that no partial sum needs more
//                  than the significand; where the ranks are too many for that (8-bit types), only
//                  some of them, by index, contribute something other than 0.
//   average        the same; the sum is divided at the end: integers are cut off towards 0, floats
//                  rounded to nearest even, as the header says.
//   mulsum         what a rank's scalar makes of it sums up exactly; scalars differ from rank to
//                  rank and are powers of two for floats, odd for integers.
//   product        1 or -1, but one rank per index contributes a factor 2 and one a factor 1/2.
//   max, min       multiples of 1/4 of both signs, without zeros (so that +0 and -0 never meet).
//   truth values   at most one rank, by index, decides. True is any bit pattern but 0.
//   complex        two numbers as above.
// Collectives that only move data get arbitrary bits, NaN patterns included.
#pragma once

#include <inccl/inccl.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "perf/data_table.h"
#include "perf/elements.h"

namespace inccl::perf {

struct DataKey {
  uint64_t seed;
  ElementType type;
  size_t count;  // elements of the buffer
};

// What `rank` sends in a collective that only moves data.
DataTable movedData(const DataKey& key, int rank);

// What `rank` of `ranks` contributes to a reduction, and what the reduction of all of them is.
DataTable contribution(const DataKey& key, incclRedOp_t op, int rank, int ranks);
DataTable reduction(const DataKey& key, incclRedOp_t op, int ranks);
// Contributions of the same magnitudes whose floating-point sums and products round, so that every
// other order of reduction gives other bits: for results that are only compared with each other.
DataTable roughContribution(const DataKey& key, incclRedOp_t op, int rank, int ranks);

// What `rank` multiplies with in a pre-multiplied sum; an element of the type in the first bytes.
using Scalar = std::array<std::byte, 16>;
Scalar scalarOf(incclDataType_t type, int rank);

}  // namespace inccl::perf
