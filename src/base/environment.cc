#include "base/environment.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
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

Result<Nanos> environmentSeconds(std::string_view name, Nanos byDefault) {
  const auto text = environmentText(name);
  if (!text) return byDefault;
  char* end = nullptr;
  const double seconds = std::strtod(text->c_str(), &end);
  if (end != text->c_str() + text->size() || !std::isfinite(seconds) || seconds < 0 ||
      seconds > 1e9) {
    return invalidArgument(
        fmt::format("INCCL_{} is '{}'; expected seconds, 0 to 1e9", name, *text));
  }
  return static_cast<Nanos>(seconds * static_cast<double>(kSecond));
}

}  // namespace inccl
