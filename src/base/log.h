// One line of text to the user, by INCCL_DEBUG=NONE|WARN|INFO|TRACE (or NCCL_DEBUG as fallback).
//
// Only the place that decides an error logs it, once. A line is only formatted when its level is
// on; the level is read once, at first use, where an unknown word is warned of. INCCL_DEBUG_FILE
// sends lines to a file (%h host, %p pid).
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace inccl {

enum class LogLevel : int { kNone = 0, kWarn = 1, kInfo = 2, kTrace = 3 };

LogLevel logLevel();
// A word of INCCL_DEBUG, in any case. NCCL's VERSION counts as WARN.
std::optional<LogLevel> parseLogLevel(std::string_view text);
void logLine(LogLevel level, std::string_view text);

template <typename... Args>
void logWarn(fmt::format_string<Args...> format, Args&&... args) {
  if (logLevel() >= LogLevel::kWarn)
    logLine(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void logInfo(fmt::format_string<Args...> format, Args&&... args) {
  if (logLevel() >= LogLevel::kInfo)
    logLine(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void logTrace(fmt::format_string<Args...> format, Args&&... args) {
  if (logLevel() >= LogLevel::kTrace)
    logLine(LogLevel::kTrace, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace inccl
