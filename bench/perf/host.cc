// Read from /proc.
#include "perf/host.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <limits>
#include <optional>

namespace inccl::perf {
namespace {

// The text after "key … :" in a file of such lines.
std::optional<std::string> valueOf(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return std::nullopt;
}

}  // namespace

std::string hostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string processorName() {
  return valueOf("/proc/cpuinfo", "model name").value_or("unknown processor");
}

uint64_t availableMemoryBytes() {
  const std::optional<std::string> kibibytes = valueOf("/proc/meminfo", "MemAvailable");
  if (!kibibytes) return std::numeric_limits<int64_t>::max();
  return std::strtoull(kibibytes->c_str(), nullptr, 10) * 1024;
}

}  // namespace inccl::perf
