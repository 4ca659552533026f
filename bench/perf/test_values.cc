// Tables of test data: loops over the formats of number_formats.h.
#include "perf/test_values.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "perf/mix.h"
#include "perf/number_formats.h"
#include "perf/small_float.h"

namespace inccl::perf {
namespace {

template <typename Bits, int kExponentBits, int kMantissaBits>
Bits asSmall(double value) {
  const double rounded = roundToFormat<kExponentBits, kMantissaBits>(value);
  return static_cast<Bits>(encodeExactly<kExponentBits, kMantissaBits>(rounded));
}
double asDouble(double value) { return value; }
float asFloat(double value) { return static_cast<float>(value); }

using Half = FloatFormat<uint16_t, 11, asSmall<uint16_t, 5, 10>>;
using Float = FloatFormat<float, 24, asFloat>;
using Double = FloatFormat<double, 53, asDouble>;
using Bfloat16 = FloatFormat<uint16_t, 8, asSmall<uint16_t, 8, 7>>;
using F8e4m3 = FloatFormat<uint8_t, 4, asSmall<uint8_t, 4, 3>>;
using F8e5m2 = FloatFormat<uint8_t, 3, asSmall<uint8_t, 5, 2>>;

// An element is kParts numbers of a format, one after the other.
template <typename NumberFormat, size_t kPartCount = 1>
struct Layout {
  using Format = NumberFormat;
  static constexpr size_t kParts = kPartCount;
};

// Calls visit(Layout) for the type.
template <typename Visit>
auto withLayout(incclDataType_t type, Visit visit) {
  switch (type) {
    case incclInt8:
      return visit(Layout<IntegerFormat<int8_t>>());
    case incclUint8:
      return visit(Layout<IntegerFormat<uint8_t>>());
    case incclInt16:
      return visit(Layout<IntegerFormat<int16_t>>());
    case incclUint16:
      return visit(Layout<IntegerFormat<uint16_t>>());
    case incclInt32:
      return visit(Layout<IntegerFormat<int32_t>>());
    case incclUint32:
      return visit(Layout<IntegerFormat<uint32_t>>());
    case incclInt64:
      return visit(Layout<IntegerFormat<int64_t>>());
    case incclUint64:
      return visit(Layout<IntegerFormat<uint64_t>>());
    case incclFloat16:
      return visit(Layout<Half>());
    case incclFloat32:
      return visit(Layout<Float>());
    case incclFloat64:
      return visit(Layout<Double>());
    case incclBfloat16:
      return visit(Layout<Bfloat16>());
    case incclFloat8e4m3:
      return visit(Layout<F8e4m3>());
    case incclFloat8e5m2:
      return visit(Layout<F8e5m2>());
    case incclBool:
      return visit(Layout<BoolFormat>());
    case incclComplex64:
      return visit(Layout<Float, 2>());
    case incclComplex128:
      return visit(Layout<Double, 2>());
    case incclNumTypes:
      break;
  }
  return visit(Layout<IntegerFormat<uint8_t>>());  // no such type
}

// The table whose numbers are stored(numberAt(format, index of the number)).
template <typename NumberAt>
DataTable tableOf(const DataKey& key, NumberAt numberAt) {
  return withLayout(key.type.id, [&](auto layout) {
    using Format = typename decltype(layout)::Format;
    const size_t numbers = DataTable::periodOf(key.count) * decltype(layout)::kParts;
    std::vector<std::byte> bytes(numbers * sizeof(typename Format::Stored));
    for (size_t index = 0; index < numbers; ++index) {
      const typename Format::Stored stored = Format::stored(numberAt(Format(), index));
      std::memcpy(bytes.data() + index * sizeof stored, &stored, sizeof stored);
    }
    return DataTable(std::move(bytes), key.type.bytes);
  });
}

}  // namespace

DataTable movedData(const DataKey& key, int rank) {
  const size_t period = DataTable::periodOf(key.count);
  std::vector<std::byte> bytes(period * key.type.bytes);
  uint64_t word = mix(mix(key.seed), static_cast<uint64_t>(rank));
  for (size_t at = 0; at < bytes.size(); at += sizeof word) {
    word = mix(word);
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
  }
  return {std::move(bytes), key.type.bytes};
}

DataTable contribution(const DataKey& key, incclRedOp_t op, int rank, int ranks) {
  return tableOf(key, [&](auto format, size_t index) {
    return decltype(format)::sent(op, {key.seed, index, rank, ranks});
  });
}

DataTable roughContribution(const DataKey& key, incclRedOp_t op, int rank, int ranks) {
  return tableOf(key, [&](auto format, size_t index) {
    return decltype(format)::rough(op, {key.seed, index, rank, ranks});
  });
}

DataTable reduction(const DataKey& key, incclRedOp_t op, int ranks) {
  return tableOf(key, [&](auto format, size_t index) {
    using Format = decltype(format);
    const auto entered = [&](int rank) {
      const Place place{key.seed, index, rank, ranks};
      return Format::entered(op, place, Format::sent(op, place));
    };
    typename Format::Value value = entered(0);
    for (int rank = 1; rank < ranks; ++rank) value = Format::combined(op, value, entered(rank));
    return Format::result(op, value, ranks);
  });
}

Scalar scalarOf(incclDataType_t type, int rank) {
  Scalar scalar{};
  withLayout(type, [&](auto layout) {
    using Format = typename decltype(layout)::Format;
    const typename Format::Stored stored = Format::stored(Format::scalar(rank));
    std::memcpy(scalar.data(), &stored, sizeof stored);
    return 0;
  });
  return scalar;
}

}  // namespace inccl::perf
