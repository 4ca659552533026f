#include "os/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <sstream>

#include "os/unique_fd.h"

namespace inccl::os {
namespace {

std::optional<std::string> readSmallFile(const std::string& path) {
  const UniqueFd fd(sys::open(path.c_str(), 0 /* O_RDONLY */));
  if (!fd.valid()) return std::nullopt;
  char text[4096];
  const ssize_t bytes = sys::read(fd.get(), text, sizeof text);
  if (bytes < 0) return std::nullopt;
  return std::string(text, static_cast<size_t>(bytes));
}

double affinityCores() {
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return 1024;
  return CPU_COUNT(&mask);
}

// cgroup v2: "max 100000" or "150000 100000" (microseconds of quota and of period).
std::optional<double> quotaV2(const std::string& folder) {
  const auto text = readSmallFile(folder + "/cpu.max");
  double quota = 0, period = 0;
  if (!text || std::sscanf(text->c_str(), "%lf %lf", &quota, &period) != 2 || period <= 0)
    return std::nullopt;
  return quota / period;
}

std::optional<double> quotaV1(const std::string& folder) {
  const auto quota = readSmallFile(folder + "/cpu.cfs_quota_us");
  const auto period = readSmallFile(folder + "/cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  const double quotaUs = std::atof(quota->c_str()), periodUs = std::atof(period->c_str());
  if (quotaUs <= 0 || periodUs <= 0) return std::nullopt;
  return quotaUs / periodUs;
}

// The tightest quota on the way from the process's cgroup up to the root.
template <typename Quota>
double tightest(std::string folder, const std::string& stop, Quota quota) {
  double cores = 1024;
  for (;;) {
    if (const auto found = quota(folder)) cores = std::min(cores, *found);
    const size_t slash = folder.rfind('/');
    if (folder.size() <= stop.size() || slash == std::string::npos) return cores;
    folder.resize(std::max(slash, stop.size()));
  }
}

}  // namespace

double availableCores(const std::string& root) {
  double cores = affinityCores();
  const std::string mount = root + "/sys/fs/cgroup";
  std::istringstream groups(readSmallFile(root + "/proc/self/cgroup").value_or(""));
  // Lines "ID:CONTROLLERS:PATH"; version 2 has no controllers.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path == "/") path.clear();
    if (controllers.empty()) {
      cores = std::min(cores, tightest(mount + path, mount, quotaV2));
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      cores = std::min(cores, tightest(mount + "/cpu" + path, mount + "/cpu", quotaV1));
    }
  }
  return std::max(cores, 0.1);
}

}  // namespace inccl::os
