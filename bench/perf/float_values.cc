// The floating-point values of number_formats.h.
#include <cmath>
#include <iterator>

#include "perf/number_formats.h"

namespace inccl::perf {
namespace {

constexpr double kQuantum = 0.25;

double summand(const Place& place, int significandBits) {
  // Integers up to this are exact; 2^40 bounds the modulus below and loses nothing.
  const int64_t budget = int64_t{1} << std::min(significandBits, 40);
  const int64_t amplitude = budget / place.ranks;
  const uint64_t hash = place.ownHash();
  if (amplitude >= 1) {
    const auto span = static_cast<uint64_t>(2 * amplitude + 1);
    return static_cast<double>(static_cast<int64_t>(hash % span) - amplitude) * kQuantum;
  }
  const auto turn = static_cast<int64_t>((place.index + static_cast<uint64_t>(place.rank)) %
                                         static_cast<uint64_t>(place.ranks));
  if (turn >= budget) return 0;
  return (hash & 1) != 0 ? kQuantum : -kQuantum;
}

double factor(const Place& place) {
  const uint64_t shared = place.sharedHash();
  const auto ranks = static_cast<uint64_t>(place.ranks);
  double value = (place.ownHash() & 1) != 0 ? 1 : -1;
  if (shared % ranks == static_cast<uint64_t>(place.rank)) value *= 2;
  if (mix(shared) % ranks == static_cast<uint64_t>(place.rank)) value *= 0.5;
  return value;
}

double comparand(const Place& place, int significandBits) {
  const uint64_t hash = place.ownHash();
  const uint64_t largest = (uint64_t{1} << std::min(significandBits, 40)) - 1;
  const double magnitude = static_cast<double>(1 + (hash >> 1) % largest) * kQuantum;
  return (hash & 1) != 0 ? magnitude : -magnitude;
}

}  // namespace

double floatSent(incclRedOp_t op, const Place& place, int significandBits) {
  switch (op) {
    case incclProd:
      return factor(place);
    case incclMax:
    case incclMin:
      return comparand(place, significandBits);
    case kMulSum:
      return summand(place, significandBits) / floatScalar(place.rank);
    default:
      return summand(place, significandBits);
  }
}

// Of about the same magnitude, with a full significand: nearly every sum of two has to be rounded.
double floatRough(incclRedOp_t op, const Place& place) {
  const uint64_t hash = place.ownHash();
  const double significand = 1 + static_cast<double>(hash >> 12) * 0x1p-52;
  const int exponent =
      op == incclProd ? -static_cast<int>(hash & 1) : static_cast<int>(hash % 6) - 3;
  return std::ldexp((hash & 64) != 0 ? significand : -significand, exponent);
}

// Powers of two, which scale exactly; neighbours differ.
double floatScalar(int rank) {
  constexpr double kScalars[] = {2, -0.5, -2, 0.5, -1};
  return kScalars[static_cast<size_t>(rank) % std::size(kScalars)];
}

}  // namespace inccl::perf
