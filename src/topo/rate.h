// How fast a link is, exactly, and how long that takes, in whole picoseconds.
//
// Rates are rationals: a synthesiser that proves an optimum needs 25/3 and not something near it,
// and ranks that plan apart must come to the same picosecond. So files are read as decimals or
// fractions, never through rounding, and times are integers, rounded up once per transfer. One GBps
// is 10^9 bytes per second, that is one byte in 1000 ps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace inccl::topo {

using Picoseconds = uint64_t;

constexpr Picoseconds kPicosecondsPerMicrosecond = 1'000'000;
// 53 days: what takes longer never ends. The sum of two times never overflows.
constexpr Picoseconds kForever = Picoseconds{1} << 62;

// a + b, at most kForever.
constexpr Picoseconds addTimes(Picoseconds a, Picoseconds b) {
  const Picoseconds sum = a + b;
  return sum < kForever ? sum : kForever;
}

// `time`, so many times over; at most kForever.
constexpr Picoseconds multiplyTime(Picoseconds time, uint64_t times) {
  return times != 0 && time > kForever / times ? kForever : time * times;
}

class Rate {
 public:
  // Both in lowest terms are at most this, so that products fit into 128 bits.
  static constexpr uint64_t kMostOfATerm = 1'000'000'000'000'000;

  constexpr Rate() = default;  // 1 GBps
  // numerator / denominator GBps; neither may be 0 or above kMostOfATerm.
  static Rate gbps(uint64_t numerator, uint64_t denominator = 1);
  // "12.5", "1e-3", "25/3", "12.5/3"; kInvalidArgument with the reason.
  static Result<Rate> parse(std::string_view text);

  [[nodiscard]] uint64_t numerator() const { return numerator_; }
  [[nodiscard]] uint64_t denominator() const { return denominator_; }

  // Time on a link of this rate, rounded up; at most kForever.
  [[nodiscard]] Picoseconds timeOf(uint64_t bytes) const;
  // For people and for what is not exact anyway.
  [[nodiscard]] double approximateGBps() const {
    return static_cast<double>(numerator_) / static_cast<double>(denominator_);
  }
  // The decimal if there is one of at most 15 digits (isDecimal), else "numerator/denominator".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool isDecimal() const;
  // Rounded to so many significant digits, as measured rates should be before they are agreed on.
  [[nodiscard]] Rate rounded(int digits) const;

  bool operator==(const Rate&) const = default;
  bool operator<(const Rate& other) const;

 private:
  constexpr Rate(uint64_t numerator, uint64_t denominator)
      : numerator_(numerator), denominator_(denominator) {}

  uint64_t numerator_ = 1;  // in lowest terms
  uint64_t denominator_ = 1;
};

// "0.7" (microseconds) to 700'000; what is finer than a picosecond is rounded to the nearest.
Result<Picoseconds> parseMicroseconds(std::string_view text);
// The exact decimal: 700'000 to "0.7".
std::string microsecondsText(Picoseconds time);

}  // namespace inccl::topo
