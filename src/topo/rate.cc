#include "topo/rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

namespace inccl::topo {
namespace {

// Products of two terms, and decimals of up to 36 digits.
__extension__ using Wide = unsigned __int128;

constexpr int kMostDigits = 18;
constexpr int kMostDigitsOfADecimal = 15;
constexpr Picoseconds kLongestAlpha = Picoseconds{1} << 53;

Wide gcd(Wide a, Wide b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

struct Fraction {
  Wide numerator = 0;
  Wide denominator = 1;
};

bool isDigit(char c) { return c >= '0' && c <= '9'; }

// The exponent of "1.5e-3": [+-] and one to three digits, the whole of `text`.
std::optional<int> parseExponent(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty() || text.size() > 3 || !std::all_of(text.begin(), text.end(), isDigit))
    return std::nullopt;
  int exponent = 0;
  for (const char c : text) exponent = exponent * 10 + (c - '0');
  return negative ? -exponent : exponent;
}

// digits [. digits] [e exponent], of at most kMostDigits significant digits and a size that leaves
// both terms below 10^36.
std::optional<Fraction> parseDecimal(std::string_view text) {
  Fraction value;
  int exponent = 0, digits = 0;
  bool point = false, any = false;
  size_t at = 0;
  for (; at < text.size() && (isDigit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (point) --exponent;
    if (value.numerator == 0 && text[at] == '0') continue;
    if (++digits > kMostDigits) return std::nullopt;
    value.numerator = value.numerator * 10 + static_cast<Wide>(text[at] - '0');
  }
  if (!any || text[at - 1] == '.' || text.front() == '.') return std::nullopt;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    const std::optional<int> written = parseExponent(text.substr(at + 1));
    if (!written) return std::nullopt;
    exponent += *written;
  }
  for (; value.numerator != 0 && value.numerator % 10 == 0; ++exponent) value.numerator /= 10;
  if (value.numerator == 0) return value;
  if (std::abs(exponent) > kMostDigits) return std::nullopt;
  for (; exponent > 0; --exponent) value.numerator *= 10;
  for (; exponent < 0; ++exponent) value.denominator *= 10;
  return value;
}

}  // namespace

Rate Rate::gbps(uint64_t numerator, uint64_t denominator) {
  const uint64_t common = std::gcd(numerator, denominator);
  return {numerator / common, denominator / common};
}

Result<Rate> Rate::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Fraction> above = parseDecimal(text.substr(0, slash));
  const std::optional<Fraction> below =
      slash == std::string_view::npos ? Fraction{1, 1} : parseDecimal(text.substr(slash + 1));
  if (!text.empty() && text.front() == '-')
    return invalidArgument(fmt::format("a rate must be above 0, not {}", text));
  if (!above || !below)
    return invalidArgument(fmt::format("\"{}\" is no rate such as 12.5 or \"25/3\"", text));
  if (above->numerator == 0 || below->numerator == 0)
    return invalidArgument(fmt::format("a rate must be above 0, not {}", text));
  // (a/b) / (c/d), each pair of factors free of common divisors before it is multiplied.
  const Wide ac = gcd(above->numerator, below->numerator);
  const Wide bd = gcd(above->denominator, below->denominator);
  Fraction left{above->numerator / ac, above->denominator / bd};
  Fraction right{below->denominator / bd, below->numerator / ac};
  const Wide ab = gcd(left.numerator, left.denominator);
  const Wide cd = gcd(right.numerator, right.denominator);
  left = {left.numerator / ab, left.denominator / ab};
  right = {right.numerator / cd, right.denominator / cd};
  for (const Wide term : {left.numerator, left.denominator, right.numerator, right.denominator}) {
    if (term > kMostOfATerm)
      return invalidArgument(fmt::format("the rate {} has more than 15 digits", text));
  }
  const Wide numerator = left.numerator * right.numerator;
  const Wide denominator = left.denominator * right.denominator;
  const Wide common = gcd(numerator, denominator);
  if (numerator / common > kMostOfATerm || denominator / common > kMostOfATerm)
    return invalidArgument(fmt::format("the rate {} has more than 15 digits", text));
  return Rate(static_cast<uint64_t>(numerator / common),
              static_cast<uint64_t>(denominator / common));
}

Picoseconds Rate::timeOf(uint64_t bytes) const {
  // 64 + 50 + 10 bits.
  const Wide thousandfold = Wide{bytes} * denominator_ * 1000;
  const Wide time = (thousandfold + numerator_ - 1) / numerator_;
  return time < kForever ? static_cast<Picoseconds>(time) : kForever;
}

bool Rate::operator<(const Rate& other) const {
  return Wide{numerator_} * other.denominator_ < Wide{other.numerator_} * denominator_;
}

bool Rate::isDecimal() const { return text().find('/') == std::string::npos; }

std::string Rate::text() const {
  uint64_t rest = denominator_;
  int twos = 0, fives = 0;
  for (; rest % 2 == 0; rest /= 2) ++twos;
  for (; rest % 5 == 0; rest /= 5) ++fives;
  const int places = std::max(twos, fives);
  Wide scaled = numerator_;
  for (int i = twos; i < places; ++i) scaled *= 2;
  for (int i = fives; i < places; ++i) scaled *= 5;
  Wide limit = 1;
  for (int i = 0; i < kMostDigitsOfADecimal; ++i) limit *= 10;
  if (rest != 1 || places > kMostDigitsOfADecimal || scaled >= limit)
    return fmt::format("{}/{}", numerator_, denominator_);
  Wide unit = 1;
  for (int i = 0; i < places; ++i) unit *= 10;
  const auto whole = static_cast<uint64_t>(scaled / unit);
  if (places == 0) return fmt::format("{}", whole);
  return fmt::format("{}.{:0>{}}", whole, static_cast<uint64_t>(scaled % unit), places);
}

Rate Rate::rounded(int digits) const {
  // Through a decimal text, which is exact again: "1.25e+01".
  const Result<Rate> rate = parse(fmt::format("{:.{}e}", approximateGBps(), digits - 1));
  return rate.ok() ? rate.value() : *this;
}

Result<Picoseconds> parseMicroseconds(std::string_view text) {
  const std::optional<Fraction> time = parseDecimal(text);
  if (!time)
    return invalidArgument(fmt::format("{} is no time in microseconds from 0 such as 0.7", text));
  const Wide picoseconds =
      (time->numerator * kPicosecondsPerMicrosecond + time->denominator / 2) / time->denominator;
  if (picoseconds > kLongestAlpha)
    return invalidArgument(fmt::format("{} microseconds are too long a time", text));
  return static_cast<Picoseconds>(picoseconds);
}

std::string microsecondsText(Picoseconds time) {
  std::string text =
      fmt::format("{}.{:06}", time / kPicosecondsPerMicrosecond, time % kPicosecondsPerMicrosecond);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace inccl::topo
