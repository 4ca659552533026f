// The element types as the tests see them: which C++ type stands for which DataType, values that go
// wrong easily, and small floating-point formats decoded and rounded by their definition, one
// number at a time, in double.
#pragma once

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "base/data_type.h"

namespace inccl::reduce {

// A number of 1 + kExponentBits + kMantissaBits bits. Without infinities the largest exponent is
// one like the others, and only all ones are NaN.
template <DataType kDataType, typename BitsType, int kExponentBits, int kMantissaBits,
          bool kInfinity>
struct Small {
  using Bits = BitsType;
  static constexpr DataType kType = kDataType;
  static constexpr int kMantissa = kMantissaBits;
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr unsigned kSign = 1u << (kExponentBits + kMantissaBits);
  static constexpr unsigned kOnes = (1u << kMantissaBits) - 1;
  static constexpr unsigned kTop = (kSign - 1) & ~kOnes;  // the exponent's bits
  static constexpr unsigned kNan = kInfinity ? kTop | 1u << (kMantissaBits - 1) : kSign - 1;
  static constexpr unsigned kLargest = kInfinity ? kTop - 1 : kSign - 2;

  Bits bits = 0;

  static Small of(unsigned bits) { return {static_cast<Bits>(bits)}; }

  [[nodiscard]] float decoded() const {
    const unsigned magnitude = bits & (kSign - 1);
    const double sign = (bits & kSign) != 0 ? -1 : 1;
    if (magnitude > kLargest) {
      if (kInfinity && magnitude == kTop)
        return static_cast<float>(sign) * std::numeric_limits<float>::infinity();
      return std::numeric_limits<float>::quiet_NaN();
    }
    const int exponent = static_cast<int>(magnitude >> kMantissaBits);
    const int significand =
        static_cast<int>(magnitude & kOnes) + (exponent > 0 ? 1 << kMantissa : 0);
    return static_cast<float>(
        sign * std::ldexp(significand, std::max(exponent, 1) - kBias - kMantissaBits));
  }

  static Small rounded(float value) {
    if (std::isnan(value)) return of(kNan);
    const unsigned sign = std::signbit(value) ? kSign : 0;
    const double magnitude = std::fabs(static_cast<double>(value));
    const unsigned tooLarge = kInfinity ? kTop : kLargest;
    if (magnitude == 0) return of(sign);
    if (std::isinf(magnitude)) return of(sign | tooLarge);
    const int exponent = std::max(std::ilogb(magnitude), 1 - kBias);
    // In units of the last place; nearbyint takes ties to even.
    const auto units =
        static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, kMantissaBits - exponent)));
    // Counting on from the first number of this exponent: a carry moves into the next one. A
    // subnormal has no leading one, and the exponent field 0.
    const auto first = static_cast<unsigned>(exponent + kBias - 1) << kMantissaBits;
    return of(sign | std::min(first + units, tooLarge));
  }
};

using Half = Small<DataType::kFloat16, uint16_t, 5, 10, true>;
using Bfloat16 = Small<DataType::kBfloat16, uint16_t, 8, 7, true>;
using E4m3 = Small<DataType::kFloat8e4m3, uint8_t, 4, 3, false>;
using E5m2 = Small<DataType::kFloat8e5m2, uint8_t, 5, 2, true>;

struct Bool {
  uint8_t byte = 0;
};

template <typename T>
constexpr bool kIsSmall = requires {
  T::kMantissa;
};
template <typename T>
constexpr bool kIsComplex = requires(T value) {
  value.real();
};

template <typename T>
constexpr DataType typeOf() {
  if constexpr (kIsSmall<T>) return T::kType;
  if constexpr (std::is_same_v<T, int8_t>) return DataType::kInt8;
  if constexpr (std::is_same_v<T, uint8_t>) return DataType::kUint8;
  if constexpr (std::is_same_v<T, int16_t>) return DataType::kInt16;
  if constexpr (std::is_same_v<T, uint16_t>) return DataType::kUint16;
  if constexpr (std::is_same_v<T, int32_t>) return DataType::kInt32;
  if constexpr (std::is_same_v<T, uint32_t>) return DataType::kUint32;
  if constexpr (std::is_same_v<T, int64_t>) return DataType::kInt64;
  if constexpr (std::is_same_v<T, uint64_t>) return DataType::kUint64;
  if constexpr (std::is_same_v<T, float>) return DataType::kFloat32;
  if constexpr (std::is_same_v<T, double>) return DataType::kFloat64;
  if constexpr (std::is_same_v<T, Bool>) return DataType::kBool;
  if constexpr (std::is_same_v<T, std::complex<float>>) return DataType::kComplex64;
  if constexpr (std::is_same_v<T, std::complex<double>>) return DataType::kComplex128;
}

template <typename T>
using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <typename T>
std::vector<T> specialIntegers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values;
  for (const int64_t value : {0, 1, 2, 3, 100, 181, 256, 46341})
    values.insert(values.end(), {static_cast<T>(value), static_cast<T>(-value)});
  for (const T value : {Limits::min(), Limits::max()})
    values.insert(values.end(), {value, static_cast<T>(value ^ 1)});
  return values;
}

template <typename T>
std::vector<T> specialFloats() {
  using Limits = std::numeric_limits<T>;
  constexpr int kFraction = Limits::digits - 1;
  constexpr auto kExponent = std::bit_cast<BitsOf<T>>(Limits::infinity());
  constexpr BitsOf<T> kSign = BitsOf<T>{1} << (8 * sizeof(T) - 1);
  std::vector<T> values = {T{0},
                           T{1},
                           T{1.5},
                           Limits::infinity(),
                           Limits::max(),
                           Limits::min(),
                           Limits::denorm_min(),
                           Limits::epsilon(),
                           Limits::min() / 2};
  for (const BitsOf<T> fraction : {BitsOf<T>{1},                                  // signalling
                                   BitsOf<T>{1} << (kFraction - 1),               // canonical
                                   (BitsOf<T>{1} << kFraction) - 1,               // all ones
                                   (BitsOf<T>{1} << (kFraction - 1)) | 12345}) {  // quiet, payload
    values.push_back(std::bit_cast<T>(kExponent | fraction));
  }
  for (size_t i = 0, n = values.size(); i < n; ++i) {
    values.push_back(std::bit_cast<T>(std::bit_cast<BitsOf<T>>(values[i]) | kSign));
  }
  return values;
}

template <typename T>
std::vector<T> specialValues() {
  if constexpr (kIsSmall<T>) {
    std::vector<T> values;
    const unsigned one = static_cast<unsigned>(T::kBias) << T::kMantissa;
    // Zero, the smallest, the largest subnormal, the smallest normal, around 1, the largest, Inf
    // (or NaN), NaN.
    for (const unsigned bits : {0u, 1u, T::kOnes, T::kOnes + 1, one - 1, one, one + 1, T::kLargest,
                                T::kLargest + 1, T::kSign - 1})
      values.insert(values.end(), {T::of(bits), T::of(bits | T::kSign)});
    return values;
  } else if constexpr (std::is_same_v<T, Bool>) {
    return {{0}, {1}, {2}, {0x80}, {0xff}};
  } else if constexpr (kIsComplex<T>) {
    std::vector<T> values;
    const auto parts = specialFloats<typename T::value_type>();
    for (size_t i = 0; i < parts.size(); ++i)
      values.push_back({parts[i], parts[(i * 7 + 3) % parts.size()]});
    return values;
  } else if constexpr (std::is_integral_v<T>) {
    return specialIntegers<T>();
  } else {
    return specialFloats<T>();
  }
}

// An ordinary value near `value`.
template <typename T>
T ordinary(double value) {
  if constexpr (kIsSmall<T>) {
    return T::rounded(static_cast<float>(value));
  } else if constexpr (std::is_same_v<T, Bool>) {
    return {static_cast<uint8_t>(static_cast<int>(std::fabs(value)) % 3)};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<int64_t>(value));
  } else {
    return static_cast<T>(value);
  }
}

// Half special values, half any bits at all.
template <typename T>
std::vector<T> mixedValues(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::vector<T> special = specialValues<T>();
  std::vector<T> values(count);
  for (T& value : values) {
    const uint64_t bits[2] = {random(), random()};
    static_assert(sizeof value <= sizeof bits);
    if (bits[0] % 2 == 0)
      value = special[bits[0] / 2 % special.size()];
    else
      std::memcpy(static_cast<void*>(&value), bits, sizeof value);
  }
  return values;
}

}  // namespace inccl::reduce
