#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/environment.h"

namespace inccl {
namespace {

std::string debugFileName(std::string pattern) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  const auto replace = [&pattern](std::string_view mark, const std::string& text) {
    for (size_t at = pattern.find(mark); at != std::string::npos;
         at = pattern.find(mark, at + text.size()))
      pattern.replace(at, mark.size(), text);
  };
  replace("%h", host);
  replace("%p", std::to_string(getpid()));
  return pattern;
}

// A logger of our own, outside spdlog's registry: the library leaves no trace in its host program.
std::unique_ptr<spdlog::logger> makeLogger() {
  spdlog::sink_ptr sink;
  if (const auto file = environmentText("DEBUG_FILE", NcclFallback::kAllowed)) {
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(debugFileName(*file));
    } catch (const spdlog::spdlog_ex& failure) {
      std::fprintf(stderr, "inccl: INCCL_DEBUG_FILE %s: %s; logging to stderr\n", file->c_str(),
                   failure.what());
    }
  }
  if (!sink) sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_unique<spdlog::logger>("inccl", std::move(sink));
  logger->set_level(spdlog::level::trace);
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e inccl [%P] %l %v");
  logger->flush_on(spdlog::level::trace);
  return logger;
}

spdlog::level::level_enum spdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kNone:
      return spdlog::level::off;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kTrace:
      return spdlog::level::trace;
  }
  return spdlog::level::off;
}

LogLevel readLevel() {
  const auto text = environmentText("DEBUG", NcclFallback::kAllowed);
  if (!text) return LogLevel::kWarn;
  if (const auto level = parseLogLevel(*text)) return *level;
  logLine(LogLevel::kWarn, fmt::format("INCCL_DEBUG (or NCCL_DEBUG) is '{}', which counts as WARN; "
                                       "known are NONE VERSION WARN INFO TRACE",
                                       *text));
  return LogLevel::kWarn;
}

}  // namespace

std::optional<LogLevel> parseLogLevel(std::string_view text) {
  const std::string word = lowerCase(text);
  if (word == "none") return LogLevel::kNone;
  if (word == "warn" || word == "version") return LogLevel::kWarn;
  if (word == "info") return LogLevel::kInfo;
  if (word == "trace") return LogLevel::kTrace;
  return std::nullopt;
}

LogLevel logLevel() {
  static const LogLevel level = readLevel();
  return level;
}

void logLine(LogLevel level, std::string_view text) {
  static spdlog::logger* const logger =
      makeLogger().release();  // lives until exit: threads may log late
  logger->log(spdlogLevel(level), "{}", text);
}

}  // namespace inccl
