// What the tests of the kernels share: the contract of reduce.h written out one element at a time,
// arrays with guards around them, and each instruction set in turn.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <set>
#include <span>
#include <string>

#include "reduce/element_types.h"
#include "reduce/reduce.h"

namespace inccl::reduce {

using AllElements = testing::Types<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t,
                                   uint64_t, float, double, Half, Bfloat16, E4m3, E5m2, Bool,
                                   std::complex<float>, std::complex<double>>;

// The operations that T has.
template <typename T>
std::vector<RedOp> opsOf() {
  std::vector<RedOp> ops;
  for (const RedOp op : kRedOps) {
    if (isSupported(typeOf<T>(), op)) ops.push_back(op);
  }
  return ops;
}

template <typename T>
T canonicalIfNan(T value) {
  if constexpr (std::is_same_v<T, float>)
    return value == value ? value : std::bit_cast<float>(0x7fc00000u);
  if constexpr (std::is_same_v<T, double>)
    return value == value ? value : std::bit_cast<double>(0x7ff8000000000000u);
  return value;
}

inline bool adds(RedOp op) {
  return op == RedOp::kSum || op == RedOp::kAvg || op == RedOp::kPreMulSum;
}

template <typename T>
T combinedIntegers(RedOp op, T a, T b) {
  const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
  if (adds(op)) return static_cast<T>(x + y);
  if (op == RedOp::kProd) return static_cast<T>(x * y);
  if (op == RedOp::kBitAnd) return static_cast<T>(x & y);
  if (op == RedOp::kBitOr) return static_cast<T>(x | y);
  if (op == RedOp::kBitXor) return static_cast<T>(x ^ y);
  if (op == RedOp::kLogicalAnd) return static_cast<T>(a != 0 && b != 0);
  if (op == RedOp::kLogicalOr) return static_cast<T>(a != 0 || b != 0);
  return (op == RedOp::kMin) == (a < b) ? a : b;
}

template <typename T>
T combinedFloats(RedOp op, T a, T b) {
  if (adds(op)) return a + b;
  if (op == RedOp::kProd) return a * b;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  const bool aFirst = a == b ? std::signbit(a) : a < b;  // in the order -Inf … -0, +0 … +Inf
  return (op == RedOp::kMin) == aFirst ? a : b;
}

// The element that reduceMany makes of these, one from each source.
template <typename T>
T oracle(RedOp op, std::span<const T> sources) {
  if constexpr (kIsSmall<T>) {
    float result = sources[0].decoded();
    for (const T source : sources.subspan(1)) result = combinedFloats(op, result, source.decoded());
    return T::rounded(result);
  } else if constexpr (std::is_same_v<T, Bool>) {
    const bool all = op == RedOp::kLogicalAnd || op == RedOp::kMin;
    size_t truths = 0;
    for (const T source : sources) truths += source.byte != 0 ? 1 : 0;
    return {static_cast<uint8_t>(all ? truths == sources.size() : truths > 0)};
  } else if constexpr (kIsComplex<T>) {
    T result = sources[0];
    for (const T source : sources.subspan(1)) result += source;
    return {canonicalIfNan(result.real()), canonicalIfNan(result.imag())};
  } else if constexpr (std::is_integral_v<T>) {
    T result = sources[0];
    for (const T source : sources.subspan(1)) result = combinedIntegers(op, result, source);
    const bool logical = op == RedOp::kLogicalAnd || op == RedOp::kLogicalOr;
    return logical ? static_cast<T>(result != 0) : result;
  } else {
    T result = sources[0];
    for (const T source : sources.subspan(1)) result = combinedFloats(op, result, source);
    return canonicalIfNan(result);
  }
}

template <typename T>
std::vector<T> expectedOf(RedOp op, const std::vector<std::vector<T>>& sources) {
  std::vector<T> expected(sources[0].size()), each(sources.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t s = 0; s < sources.size(); ++s) each[s] = sources[s][i];
    expected[i] = oracle<T>(op, each);
  }
  return expected;
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
    if (!values.empty())
      std::memcpy(static_cast<void*>(data()), values.data(), values.size() * sizeof(T));
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  [[nodiscard]] T* data() { return reinterpret_cast<T*>(start_ + lead_); }
  // The index of the first element whose bits differ from `expected`, or -1.
  [[nodiscard]] int64_t firstDifference(const std::vector<T>& expected) {
    for (size_t i = 0; i < count_; ++i) {
      if (std::memcmp(static_cast<const void*>(data() + i), &expected[i], sizeof(T)) != 0)
        return static_cast<int64_t>(i);
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
  std::set<std::string> seen;
  // Those that were compiled, best first; then what the others fall back to.
  for (const bool own : {true, false}) {
    for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
      hwy::SetSupportedTargetsForTest(target);
      const std::string name = instructionSet();
      if ((name == hwy::TargetName(target)) != own || !seen.insert(name).second) continue;
      SCOPED_TRACE(name);
      body();
    }
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace inccl::reduce
