// One description per number format: what a rank contributes at an index, how two values reduce,
// and how a value is stored. The tables are loops over these.
#include "perf/test_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "perf/mix.h"
#include "perf/small_float.h"

namespace inccl::perf {
namespace {

struct Place {
  uint64_t seed;
  size_t index;
  int rank;
  int ranks;

  // The same on all ranks, and this rank's own.
  [[nodiscard]] uint64_t sharedHash() const { return mix(seed, index); }
  [[nodiscard]] uint64_t ownHash() const { return mix(sharedHash(), static_cast<uint64_t>(rank)); }
};

template <typename T>
struct IntegerFormat {
  using Value = T;
  using Stored = T;
  using Unsigned = std::make_unsigned_t<T>;

  static T contribute(incclRedOp_t op, const Place& place) {
    const uint64_t hash = place.ownHash();
    return static_cast<T>(static_cast<Unsigned>(op == incclProd ? hash | 1 : hash));
  }
  static T combine(incclRedOp_t op, T left, T right) {
    // In 64 bits, unsigned, so that wrapping is defined and no promotion to int interferes.
    const auto a = static_cast<uint64_t>(left), b = static_cast<uint64_t>(right);
    if (op == incclMax) return std::max(left, right);
    if (op == incclMin) return std::min(left, right);
    return static_cast<T>(static_cast<Unsigned>(op == incclProd ? a * b : a + b));
  }
  static T store(T value) { return value; }
};

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
  const auto turn = static_cast<int64_t>((place.index + static_cast<size_t>(place.rank)) %
                                         static_cast<size_t>(place.ranks));
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

// Values are doubles, in which everything below is exact; only the storage differs.
template <typename StoredBits, int kSignificandBits, StoredBits (*kEncode)(double)>
struct FloatFormat {
  using Value = double;
  using Stored = StoredBits;

  static double contribute(incclRedOp_t op, const Place& place) {
    if (op == incclSum) return summand(place, kSignificandBits);
    return op == incclProd ? factor(place) : comparand(place, kSignificandBits);
  }
  static double combine(incclRedOp_t op, double left, double right) {
    if (op == incclMax) return std::max(left, right);
    if (op == incclMin) return std::min(left, right);
    return op == incclProd ? left * right : left + right;
  }
  static Stored store(double value) { return kEncode(value); }
};

double asDouble(double value) { return value; }
float asFloat(double value) { return static_cast<float>(value); }
uint16_t asHalf(double value) { return static_cast<uint16_t>(encodeExactly<5, 10>(value)); }
uint16_t asBfloat16(double value) { return static_cast<uint16_t>(encodeExactly<8, 7>(value)); }
uint8_t asF8e4m3(double value) { return static_cast<uint8_t>(encodeExactly<4, 3>(value)); }
uint8_t asF8e5m2(double value) { return static_cast<uint8_t>(encodeExactly<5, 2>(value)); }

template <typename Format>
DataTable build(const DataKey& key, incclRedOp_t op, int firstRank, int lastRank, int ranks) {
  const size_t period = DataTable::periodOf(key.count);
  std::vector<std::byte> bytes(period * sizeof(typename Format::Stored));
  for (size_t index = 0; index < period; ++index) {
    auto value = Format::contribute(op, {key.seed, index, firstRank, ranks});
    for (int rank = firstRank + 1; rank <= lastRank; ++rank)
      value = Format::combine(op, value, Format::contribute(op, {key.seed, index, rank, ranks}));
    const typename Format::Stored stored = Format::store(value);
    std::memcpy(bytes.data() + index * sizeof stored, &stored, sizeof stored);
  }
  return {std::move(bytes), key.type.bytes};
}

DataTable reduced(const DataKey& key, incclRedOp_t op, int first, int last, int ranks) {
  switch (key.type.id) {
    case incclInt8:
      return build<IntegerFormat<int8_t>>(key, op, first, last, ranks);
    case incclUint8:
      return build<IntegerFormat<uint8_t>>(key, op, first, last, ranks);
    case incclInt32:
      return build<IntegerFormat<int32_t>>(key, op, first, last, ranks);
    case incclUint32:
      return build<IntegerFormat<uint32_t>>(key, op, first, last, ranks);
    case incclInt64:
      return build<IntegerFormat<int64_t>>(key, op, first, last, ranks);
    case incclUint64:
      return build<IntegerFormat<uint64_t>>(key, op, first, last, ranks);
    case incclFloat16:
      return build<FloatFormat<uint16_t, 11, asHalf>>(key, op, first, last, ranks);
    case incclFloat32:
      return build<FloatFormat<float, 24, asFloat>>(key, op, first, last, ranks);
    case incclFloat64:
      return build<FloatFormat<double, 53, asDouble>>(key, op, first, last, ranks);
    case incclBfloat16:
      return build<FloatFormat<uint16_t, 8, asBfloat16>>(key, op, first, last, ranks);
    case incclFloat8e4m3:
      return build<FloatFormat<uint8_t, 4, asF8e4m3>>(key, op, first, last, ranks);
    case incclFloat8e5m2:
      return build<FloatFormat<uint8_t, 3, asF8e5m2>>(key, op, first, last, ranks);
    case incclInt16:
      return build<IntegerFormat<int16_t>>(key, op, first, last, ranks);
    case incclUint16:
      return build<IntegerFormat<uint16_t>>(key, op, first, last, ranks);
    case incclBool:  // not in the table of types (elements.cc) yet
    case incclComplex64:
    case incclComplex128:
    case incclNumTypes:
      break;
  }
  return {{}, key.type.bytes};
}

}  // namespace

DataTable movedData(const DataKey& key, int rank) {
  const size_t period = DataTable::periodOf(key.count);
  const size_t elementBytes = key.type.bytes;
  std::vector<std::byte> bytes(period * elementBytes);
  for (size_t index = 0; index < period; ++index) {
    const uint64_t word = mix(mix(key.seed, index), static_cast<uint64_t>(rank));
    std::memcpy(bytes.data() + index * elementBytes, &word, elementBytes);
  }
  return {std::move(bytes), elementBytes};
}

DataTable contribution(const DataKey& key, incclRedOp_t op, int rank, int ranks) {
  return reduced(key, op, rank, rank, ranks);
}

DataTable reduction(const DataKey& key, incclRedOp_t op, int ranks) {
  return reduced(key, op, 0, ranks - 1, ranks);
}

}  // namespace inccl::perf
