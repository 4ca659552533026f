// What the kernel, or a container's fake of it, says of cgroups, as four texts parted by
// bars: /proc/self/cgroup, the root's cpu.max, quota and period of a group "/g" of both versions.
// Any text gives a budget, and a quota always comes with the group that it belongs to.
#include <unistd.h>

#include <filesystem>
#include <string>

#include "fuzz/fuzz_target.h"
#include "fuzz/rewritten_file.h"
#include "os/cpu_budget.h"

namespace inccl::os {
namespace {

namespace fs = std::filesystem;

// The files of a recorded machine, below a folder of this process that goes when it ends.
class Machine {
 public:
  Machine() = default;
  ~Machine() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] std::string root() const { return root_; }

 private:
  [[nodiscard]] fs::path at(const char* path) const {
    fs::create_directories((root_ / path).parent_path());
    return root_ / path;
  }

  // In memory where that can be had: on a disk every length that shrinks is a transaction.
  const fs::path root_ =
      (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
      ("inccl-cpu-budget-fuzz-" + std::to_string(getpid()));

 public:
  const fuzz::RewrittenFile groups{at("proc/self/cgroup")};
  const fuzz::RewrittenFile rootMax{at("sys/fs/cgroup/cpu.max")};
  const fuzz::RewrittenFile groupMax{at("sys/fs/cgroup/g/cpu.max")};
  const fuzz::RewrittenFile groupQuota{at("sys/fs/cgroup/cpu/g/cpu.cfs_quota_us")};
  const fuzz::RewrittenFile groupPeriod{at("sys/fs/cgroup/cpu/g/cpu.cfs_period_us")};
};

}  // namespace
}  // namespace inccl::os

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const inccl::os::Machine machine;
  std::string_view rest = inccl::fuzz::asText(data, size);
  machine.groups.write(inccl::fuzz::takeUpTo(rest, '|'));
  machine.rootMax.write(inccl::fuzz::takeUpTo(rest, '|'));
  const std::string_view group = inccl::fuzz::takeUpTo(rest, '|');
  machine.groupMax.write(group);
  machine.groupQuota.write(group);
  machine.groupPeriod.write(inccl::fuzz::takeUpTo(rest, '|'));
  const inccl::os::CpuBudget budget = inccl::os::cpuBudget(machine.root());
  FUZZ_CHECK((budget.quotaMilliCores == 0) == (budget.quotaGroup == 0));
  (void)inccl::os::sharesCores({budget, budget});
  return 0;
}
