// A plan as lines for `ip -batch`, `bridge -batch` and `tc -batch`, each with what it is about.
//
// Batches, because a program per line would take seconds for a fabric of some size; and since such
// a program only says which line failed, each line remembers its interface and link for the
// message. Order: all cables first (each made in the namespace of its first end), then each
// namespace for itself.
#pragma once

#include <string>
#include <vector>

#include "lab/plan.h"

namespace inccl::lab {

struct Command {
  std::string line;
  std::string about;
};

struct Batch {
  std::string program;  // "ip", "bridge" or "tc"
  SpaceIndex space = 0;
  std::vector<Command> commands;
};

// `netnsPaths`: by space the file by which its namespace can be named to `ip`.
std::vector<Batch> batchesOf(const Plan& plan, const std::vector<std::string>& netnsPaths);

// What /proc/sys/net must hold in a namespace before its interfaces come up: path below it, value.
struct Setting {
  std::string path;
  std::string value;
};
std::vector<Setting> settingsOf(const Space& space);

}  // namespace inccl::lab
