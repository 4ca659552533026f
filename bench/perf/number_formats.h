// How the verifier computes with each kind of number: what a rank sends, how that enters the
// reduction, how two values combine, and what the result is.
//
// One struct per kind. `Value` is what is computed with, `Stored` what lies in memory. The values
// are chosen as test_values.h describes; everything here is a function of a Place.
#pragma once

#include <inccl/inccl.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "perf/elements.h"
#include "perf/mix.h"

namespace inccl::perf {

// The parts of a complex number have an index each.
struct Place {
  uint64_t seed;
  uint64_t index;
  int rank;
  int ranks;

  // The same on all ranks, and this rank's own.
  [[nodiscard]] uint64_t sharedHash() const { return mix(seed, index); }
  [[nodiscard]] uint64_t ownHash() const { return mix(sharedHash(), static_cast<uint64_t>(rank)); }
  // Whether this rank is the one that is different at this index; at some there is none.
  [[nodiscard]] bool isChosen() const {
    return sharedHash() % static_cast<uint64_t>(ranks + 1) == static_cast<uint64_t>(rank);
  }
};

// A truth value: of "and" all but the chosen rank's are true, of "or" only that rank's.
inline bool truth(incclRedOp_t op, const Place& place) {
  const bool allBut = op == incclLogicalAnd || op == incclMin;
  return place.isChosen() != allBut;
}

// Bits that are all but surely set (or, complemented, clear): each is clear with probability
// 1 / (2 * ranks) to 1 / ranks, so that what a rank alone has cleared shows in the "and" of all.
inline uint64_t mostlySet(const Place& place) {
  uint64_t hash = place.ownHash();
  uint64_t bits = hash;
  for (int covered = 1; covered < place.ranks; covered *= 2) bits |= hash = mix(hash);
  return bits;
}

template <typename T>
struct IntegerFormat {
  using Value = T;
  using Stored = T;
  using Unsigned = std::make_unsigned_t<T>;

  static T sent(incclRedOp_t op, const Place& place) {
    const uint64_t hash = place.ownHash();
    switch (op) {
      case incclProd:
        return wrapped(hash | 1);
      case incclBitAnd:
        return wrapped(mostlySet(place));
      case incclBitOr:
        return wrapped(~mostlySet(place));
      case incclLogicalAnd:
      case incclLogicalOr:  // one bit anywhere is true
        return truth(op, place) ? wrapped(uint64_t{1} << hash % (8 * sizeof(T))) : T{0};
      default:
        return wrapped(hash);
    }
  }
  static T rough(incclRedOp_t op, const Place& place) { return sent(op, place); }
  static T scalar(int rank) { return wrapped(static_cast<uint64_t>(2 * (rank % 5) + 3)); }
  static T entered(incclRedOp_t op, const Place& place, T value) {
    return op == kMulSum ? wrapped(bits(value) * bits(scalar(place.rank))) : value;
  }
  static T combined(incclRedOp_t op, T left, T right) {
    // In 64 bits, unsigned, so that wrapping is defined and no promotion to int interferes.
    const uint64_t a = bits(left), b = bits(right);
    switch (op) {
      case incclMax:
        return std::max(left, right);
      case incclMin:
        return std::min(left, right);
      case incclProd:
        return wrapped(a * b);
      case incclBitAnd:
        return wrapped(a & b);
      case incclBitOr:
        return wrapped(a | b);
      case incclBitXor:
        return wrapped(a ^ b);
      case incclLogicalAnd:
        return left != 0 && right != 0;
      case incclLogicalOr:
        return left != 0 || right != 0;
      default:
        return wrapped(a + b);
    }
  }
  static T result(incclRedOp_t op, T value, int ranks) {
    if (op == incclLogicalAnd || op == incclLogicalOr) return value != 0;
    if (op != incclAvg) return value;
    // The sum wraps, then the quotient is cut off towards 0.
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return static_cast<T>(static_cast<Wide>(value) / static_cast<Wide>(ranks));
  }
  static T stored(T value) { return value; }

 private:
  static uint64_t bits(T value) { return static_cast<uint64_t>(value); }
  static T wrapped(uint64_t value) { return static_cast<T>(static_cast<Unsigned>(value)); }
};

// Bytes of which any but 0 is true.
struct BoolFormat {
  using Value = uint8_t;
  using Stored = uint8_t;

  static uint8_t sent(incclRedOp_t op, const Place& place) {
    return truth(op, place) ? static_cast<uint8_t>(1 + place.ownHash() % 255) : uint8_t{0};
  }
  static uint8_t rough(incclRedOp_t op, const Place& place) { return sent(op, place); }
  static uint8_t scalar(int /*rank*/) { return 1; }
  static uint8_t entered(incclRedOp_t /*op*/, const Place& /*place*/, uint8_t value) {
    return value;
  }
  static uint8_t combined(incclRedOp_t op, uint8_t left, uint8_t right) {
    const bool both = op == incclLogicalAnd || op == incclMin;
    return both ? left != 0 && right != 0 : left != 0 || right != 0;
  }
  static uint8_t result(incclRedOp_t /*op*/, uint8_t value, int /*ranks*/) { return value != 0; }
  static uint8_t stored(uint8_t value) { return value; }
};

// The values of float_values.cc; all are doubles, in which everything here is exact.
double floatSent(incclRedOp_t op, const Place& place, int significandBits);
double floatRough(incclRedOp_t op, const Place& place);
double floatScalar(int rank);

// kEncode rounds to nearest even.
template <typename StoredBits, int kSignificandBits, StoredBits (*kEncode)(double)>
struct FloatFormat {
  using Value = double;
  using Stored = StoredBits;

  static double sent(incclRedOp_t op, const Place& place) {
    return floatSent(op, place, kSignificandBits);
  }
  static double rough(incclRedOp_t op, const Place& place) { return floatRough(op, place); }
  static double scalar(int rank) { return floatScalar(rank); }
  static double entered(incclRedOp_t op, const Place& place, double value) {
    return op == kMulSum ? value * floatScalar(place.rank) : value;
  }
  static double combined(incclRedOp_t op, double left, double right) {
    if (op == incclMax) return std::max(left, right);
    if (op == incclMin) return std::min(left, right);
    return op == incclProd ? left * right : left + right;
  }
  static double result(incclRedOp_t op, double value, int ranks) {
    return op == incclAvg ? value / ranks : value;
  }
  static Stored stored(double value) { return kEncode(value); }
};

}  // namespace inccl::perf
