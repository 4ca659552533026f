#include "base/environment.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <limits>

namespace inccl {

std::optional<std::string> environmentText(std::string_view name, NcclFallback fallback) {
  for (const char* prefix : {"INCCL_", "NCCL_"}) {
    const char* value = std::getenv((std::string(prefix) + std::string(name)).c_str());
    if (value && *value) return std::string(value);
    if (fallback == NcclFallback::kNone) break;
  }
  return std::nullopt;
}

std::string lowerCase(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

Result<int64_t> environmentInteger(std::string_view name, int64_t byDefault, int64_t low,
                                   int64_t high) {
  const auto text = environmentText(name);
  if (!text) return byDefault;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < low || value > high) {
    return invalidArgument(fmt::format("INCCL_{} is '{}'; expected a whole number from {} to {}",
                                       name, *text, low, high));
  }
  return value;
}

Result<uint64_t> parseBytes(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view suffix(end, text.data() + text.size() - end);
  int shift = -1;
  if (suffix.empty() || suffix == "B") shift = 0;
  if (suffix == "K" || suffix == "k") shift = 10;
  if (suffix == "M" || suffix == "m") shift = 20;
  if (suffix == "G" || suffix == "g") shift = 30;
  if (error != std::errc() || shift < 0 ||
      value > (std::numeric_limits<uint64_t>::max() >> shift)) {
    return invalidArgument(
        fmt::format("'{}' is no size: expected bytes with an optional K, M or G", text));
  }
  return value << shift;
}

Result<uint64_t> environmentBytes(std::string_view name, uint64_t byDefault) {
  const auto text = environmentText(name);
  if (!text) return byDefault;
  auto parsed = parseBytes(*text);
  if (!parsed.ok()) return std::move(parsed).status().within(fmt::format("INCCL_{}", name));
  return parsed;
}

Result<Nanos> parseSeconds(std::string_view text, ZeroSeconds zero) {
  constexpr double kMostSeconds = 1e9;
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  // Of what from_chars reads, NaN fails both comparisons.
  if (error != std::errc() || stop != end || !(seconds >= 0 && seconds <= kMostSeconds))
    return invalidArgument(fmt::format("'{}' is no time: expected seconds, at most 1e9", text));
  const auto nanos = static_cast<Nanos>(seconds * static_cast<double>(kSecond));
  const bool off = seconds == 0 && zero == ZeroSeconds::kMeansOff;
  if (nanos == 0 && !off)
    return invalidArgument(
        fmt::format("'{}' leaves no time at all: expected seconds above 0, at most 1e9", text));
  return nanos;
}

Result<Nanos> environmentSeconds(std::string_view name, Nanos byDefault, ZeroSeconds zero) {
  const auto text = environmentText(name);
  if (!text) return byDefault;
  auto parsed = parseSeconds(*text, zero);
  if (!parsed.ok()) return std::move(parsed).status().within(fmt::format("INCCL_{}", name));
  return parsed;
}

}  // namespace inccl
