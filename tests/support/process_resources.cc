#include "support/process_resources.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

namespace inccl::test {
namespace {

namespace fs = std::filesystem;

// "socket:[4711]" → "socket:", so that a new socket beside a closed one is not taken for a leak.
std::string withoutInode(const std::string& target) {
  const size_t bracket = target.find(":[");
  return bracket == std::string::npos ? target : target.substr(0, bracket + 1);
}

void countDescriptors(std::map<std::string, int>& counts) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    const std::string target = fs::read_symlink(entry.path(), ignored).string();
    const bool listing = target.starts_with("/proc/") && target.ends_with("/fd");
    if (!ignored && !listing) ++counts["fd " + withoutInode(target)];
  }
}

void countThreads(std::map<std::string, int>& counts) {
  for (const auto& entry : fs::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream file(entry.path() / "comm");
    if (std::getline(file, name)) ++counts["thread " + name];
  }
}

// Lines of /proc/self/maps: address perms offset device inode path. 's' marks shared memory.
void countMappings(std::map<std::string, int>& counts) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::string address, permissions, offset, device, inode, path;
    fields >> address >> permissions >> offset >> device >> inode;
    std::getline(fields >> std::ws, path);
    if (permissions.size() > 3 && permissions[3] == 's') ++counts["map " + path];
  }
}

std::string difference(const std::map<std::string, int>& before,
                       const std::map<std::string, int>& after) {
  std::ostringstream lines;
  for (const auto& [what, count] : after) {
    const auto found = before.find(what);
    const int had = found == before.end() ? 0 : found->second;
    if (count > had) lines << "leaked " << count - had << " x " << what << "\n";
  }
  return lines.str();
}

}  // namespace

ProcessResources ProcessResources::now() {
  // With the program's first thread the thread sanitizer starts one of its own, which stays.
  static const bool firstThreadStarted = (std::thread([] {}).join(), true);
  static_cast<void>(firstThreadStarted);
  ProcessResources resources;
  countDescriptors(resources.counts_);
  countThreads(resources.counts_);
  countMappings(resources.counts_);
  return resources;
}

std::string ProcessResources::leakedSince(Nanos settle) const {
  const Deadline deadline = Deadline::after(settle);
  while (true) {
    const std::string leaked = difference(counts_, now().counts_);
    if (leaked.empty() || deadline.passed()) return leaked;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

ExpectNoLeaks::~ExpectNoLeaks() { EXPECT_EQ(before_.leakedSince(), ""); }

}  // namespace inccl::test
