// Parsing of sizes, and the sweep.
#include "perf/size_sweep.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace inccl::perf {
namespace {

// Sizes are bytes of a buffer; nothing larger can be addressed.
constexpr double kLargestBytes = 9.0e18;
constexpr size_t kMostSizes = 1000000;

// 0: not a suffix.
uint64_t unitOf(std::string_view suffix) {
  if (suffix.empty()) return 1;
  if (suffix == "K" || suffix == "k") return 1ull << 10;
  if (suffix == "M" || suffix == "m") return 1ull << 20;
  if (suffix == "G" || suffix == "g") return 1ull << 30;
  return 0;
}

}  // namespace

Outcome<uint64_t> parseSize(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const uint64_t unit = unitOf({stop, static_cast<size_t>(end - stop)});
  if (error != std::errc{} || unit == 0 || std::signbit(number) || !std::isfinite(number))
    return Problem{
        fmt::format("'{}' is not a size: a number with K, M, G or nothing after it", text)};
  const double bytes = number * static_cast<double>(unit);
  if (bytes > kLargestBytes) return Problem{fmt::format("'{}' is too large for a size", text)};
  return static_cast<uint64_t>(bytes);
}

Outcome<std::vector<uint64_t>> sizesOf(const SizeRange& range) {
  if (range.minBytes > range.maxBytes) {
    return Problem{fmt::format("-b,--minbytes {} is larger than -e,--maxbytes {}", range.minBytes,
                               range.maxBytes)};
  }
  const bool byFactor = range.stepFactor > 1;
  if (range.minBytes < range.maxBytes) {
    if (byFactor && range.minBytes == 0)
      return Problem{"-b,--minbytes 0 does not grow by a factor: use -i,--stepbytes"};
    if (!byFactor && range.stepBytes == 0)
      return Problem{"-i,--stepbytes 0 never reaches -e,--maxbytes"};
  }
  std::vector<uint64_t> sizes;
  for (uint64_t size = range.minBytes;;) {
    if (sizes.size() == kMostSizes)
      return Problem{fmt::format("the range has more than {} sizes", kMostSizes)};
    sizes.push_back(size);
    if (byFactor ? size > range.maxBytes / range.stepFactor
                 : range.stepBytes > range.maxBytes - size)
      break;
    if (size == range.maxBytes) break;
    size = byFactor ? size * range.stepFactor : size + range.stepBytes;
  }
  return sizes;
}

std::string shortSize(uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"G", "M", "K"};
  for (int i = 0; i < 3; ++i) {
    const uint64_t unit = 1ull << (30 - 10 * i);
    if (bytes >= unit && bytes % (unit / 4) == 0)
      return fmt::format("{}{}", static_cast<double>(bytes) / static_cast<double>(unit), kUnits[i]);
  }
  return fmt::format("{}", bytes);
}

}  // namespace inccl::perf
