#include "os/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/hash.h"
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

std::vector<uint16_t> affinityCores() {
  constexpr size_t kMostCores = 8192;  // what Linux can be built for
  std::vector<cpu_set_t> mask(CPU_ALLOC_SIZE(kMostCores) / sizeof(cpu_set_t));
  const size_t bytes = mask.size() * sizeof(cpu_set_t);
  std::vector<uint16_t> cores;
  if (::sched_getaffinity(0, bytes, mask.data()) != 0) return cores;
  for (size_t core = 0; core < kMostCores; ++core) {
    if (CPU_ISSET_S(core, bytes, mask.data())) cores.push_back(static_cast<uint16_t>(core));
  }
  return cores;
}

// Nothing where a file holds no quota: "max", -1, or no number at all.
std::optional<double> coresOf(double quota, double period) {
  const double cores = quota / period;
  return quota > 0 && period > 0 && std::isfinite(cores) ? std::optional(cores) : std::nullopt;
}

// cgroup v2: "max 100000" or "150000 100000" (microseconds of quota and of period).
std::optional<double> quotaV2(const std::string& folder) {
  const auto text = readSmallFile(folder + "/cpu.max");
  double quota = 0, period = 0;
  if (!text || std::sscanf(text->c_str(), "%lf %lf", &quota, &period) != 2) return std::nullopt;
  return coresOf(quota, period);
}

std::optional<double> quotaV1(const std::string& folder) {
  const auto quota = readSmallFile(folder + "/cpu.cfs_quota_us");
  const auto period = readSmallFile(folder + "/cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  return coresOf(std::atof(quota->c_str()), std::atof(period->c_str()));
}

// Lowers the budget's quota to the tightest one on the way from `folder` up to the root.
template <typename Quota>
void applyTightest(std::string folder, const std::string& stop, Quota quota, CpuBudget& budget) {
  for (;;) {
    const auto found = quota(folder);
    const auto milliCores = static_cast<uint32_t>(std::clamp(found.value_or(0) * 1000, 0.0, 1e9));
    if (found && (budget.quotaMilliCores == 0 || milliCores < budget.quotaMilliCores)) {
      budget.quotaMilliCores = std::max(milliCores, 1u);
      budget.quotaGroup = hashBytes(folder);
    }
    const size_t slash = folder.rfind('/');
    if (folder.size() <= stop.size() || slash == std::string::npos) return;
    folder.resize(std::max(slash, stop.size()));
  }
}

// Gives every rank a core of its own, one rank after the other, moving earlier ones where they have
// another choice (augmenting paths of bipartite matching).
class CoreAssignment {
 public:
  explicit CoreAssignment(const std::vector<CpuBudget>& ranks) : ranks_(ranks) {}

  bool seatAll() {
    for (size_t rank = 0; rank < ranks_.size(); ++rank) {
      visited_.clear();
      if (!ranks_[rank].cores.empty() && !seat(rank)) return false;
    }
    return true;
  }

 private:
  bool seat(size_t rank) {
    for (const uint16_t core : ranks_[rank].cores) {
      if (!visited_.insert(core).second) continue;
      const auto holder = holders_.find(core);
      if (holder == holders_.end() || seat(holder->second)) {
        holders_[core] = rank;
        return true;
      }
    }
    return false;
  }

  const std::vector<CpuBudget>& ranks_;
  std::map<uint16_t, size_t> holders_;
  std::set<uint16_t> visited_;
};

}  // namespace

CpuBudget cpuBudget(const std::string& root) {
  CpuBudget budget;
  budget.cores = affinityCores();
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
      applyTightest(mount + path, mount, quotaV2, budget);
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      applyTightest(mount + "/cpu" + path, mount + "/cpu", quotaV1, budget);
    }
  }
  return budget;
}

bool sharesCores(const std::vector<CpuBudget>& ranks) {
  for (const CpuBudget& rank : ranks) {
    const auto sharing = std::count_if(ranks.begin(), ranks.end(), [&](const CpuBudget& other) {
      return other.quotaMilliCores != 0 && other.quotaGroup == rank.quotaGroup;
    });
    if (rank.quotaMilliCores != 0 && 1000 * sharing > rank.quotaMilliCores) return true;
  }
  return !CoreAssignment(ranks).seatAll();
}

}  // namespace inccl::os
