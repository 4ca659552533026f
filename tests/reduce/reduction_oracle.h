// What the tests of the kernels share: the contract of reduce.h written out one element at a time,
// values that go wrong easily, arrays with guards around them, and each instruction set in turn.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "reduce/reduce.h"

namespace inccl::reduce {

constexpr RedOp kOps[] = {RedOp::kSum, RedOp::kProd, RedOp::kMin, RedOp::kMax};

template <typename T>
using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

template <typename T>
constexpr DataType typeOf() {
  if constexpr (std::is_same_v<T, int32_t>) return DataType::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return DataType::kInt64;
  if constexpr (std::is_same_v<T, float>) return DataType::kFloat32;
  if constexpr (std::is_same_v<T, double>) return DataType::kFloat64;
}

template <typename T>
T canonicalIfNan(T value) {
  if constexpr (std::is_same_v<T, float>)
    return value == value ? value : std::bit_cast<float>(0x7fc00000u);
  if constexpr (std::is_same_v<T, double>)
    return value == value ? value : std::bit_cast<double>(0x7ff8000000000000u);
  return value;
}

template <typename T>
T oracle(RedOp op, T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    if (op == RedOp::kSum) return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
    if (op == RedOp::kProd) return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
    return (op == RedOp::kMin) == (a < b) ? a : b;
  } else {
    if (op == RedOp::kSum) return canonicalIfNan(a + b);
    if (op == RedOp::kProd) return canonicalIfNan(a * b);
    if (std::isnan(a) || std::isnan(b)) return canonicalIfNan(std::numeric_limits<T>::quiet_NaN());
    const bool aFirst = a == b ? std::signbit(a) : a < b;  // in the order -Inf … -0, +0 … +Inf
    return (op == RedOp::kMin) == aFirst ? a : b;
  }
}

template <typename T>
std::vector<T> specialValues() {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_integral_v<T>) {
    return {0,
            1,
            -1,
            2,
            -2,
            3,
            46341,
            -46341,
            Limits::min(),
            Limits::max(),
            Limits::min() + 1,
            Limits::max() - 1};
  } else {
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
    for (const BitsOf<T> fraction :
         {BitsOf<T>{1},                                  // signalling
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
}

// Half special values, half any bits at all.
template <typename T>
std::vector<T> mixedValues(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::vector<T> special = specialValues<T>();
  std::vector<T> values(count);
  for (T& value : values) {
    const uint64_t bits = random();
    value = bits % 2 == 0 ? special[bits / 2 % special.size()]
                          : std::bit_cast<T>(static_cast<BitsOf<T>>(random()));
  }
  return values;
}

// `count` elements that begin `offset` elements behind a multiple of 64 bytes, with guards on both
// sides that must stay as they are.
template <typename T>
class Guarded {
 public:
  Guarded(size_t count, size_t offset)
      : count_(count),
        lead_(kGuard + offset * sizeof(T)),
        storage_(lead_ + count * sizeof(T) + kGuard + kLine, kFill) {
    start_ =
        storage_.data() + (kLine - reinterpret_cast<uintptr_t>(storage_.data()) % kLine) % kLine;
  }
  Guarded(const std::vector<T>& values, size_t offset) : Guarded(values.size(), offset) {
    if (!values.empty()) std::memcpy(data(), values.data(), values.size() * sizeof(T));
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  [[nodiscard]] T* data() { return reinterpret_cast<T*>(start_ + lead_); }
  // The index of the first element whose bits differ from `expected`, or -1.
  [[nodiscard]] int64_t firstDifference(const std::vector<T>& expected) {
    for (size_t i = 0; i < count_; ++i) {
      if (std::memcmp(data() + i, &expected[i], sizeof(T)) != 0) return static_cast<int64_t>(i);
    }
    return -1;
  }
  [[nodiscard]] bool guardsIntact() const {
    const uint8_t* end = start_ + lead_ + count_ * sizeof(T);
    for (size_t i = 0; i < lead_; ++i) {
      if (start_[i] != kFill) return false;
    }
    for (size_t i = 0; i < kGuard; ++i) {
      if (end[i] != kFill) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kLine = 64, kGuard = 128;
  static constexpr uint8_t kFill = 0xa5;
  size_t count_, lead_;
  std::vector<uint8_t> storage_;
  uint8_t* start_ = nullptr;
};

// Runs `body` once in each instruction set that this machine has and the kernels are compiled for.
template <typename Body>
void inEachInstructionSet(Body&& body) {
  std::string previous;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    const std::string name = instructionSet();
    if (name != previous) {
      SCOPED_TRACE(name);
      body();
    }
    previous = name;
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace inccl::reduce
