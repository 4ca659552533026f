// The labs of this user that are up: one small file each, written by `up` and read by all others.
//
// A file says which process holds the lab; the lab lives exactly as long as that process, so a file
// without it (after a kill, or a reboot) means nothing and goes when anybody comes across it. A
// process is known by number and start time, since numbers come again. The topology stands in the
// file whole: all else about a lab follows from it (plan.h).
//
// Where: $XDG_RUNTIME_DIR/inccl-lab, else /run/inccl-lab for root, else /tmp/inccl-lab-UID.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::lab {

struct Entry {
  std::string name;
  pid_t holder = -1;
  uint64_t startTime = 0;     // of the holder, in ticks since the machine's start
  std::vector<int> networks;  // by space: the holder's descriptor
  std::string topology;       // JSON
};

std::string toJson(const Entry& entry);
Result<Entry> entryFromJson(const std::string& text);

// Letters, digits, '_', '-' and '.', at most 64, no '.' first.
bool isLabName(const std::string& name);

// When a process started; none when there is none.
std::optional<uint64_t> startTimeOf(pid_t process);

// The folder of entries, locked while this exists: one command at a time changes or reads it.
class Register {
 public:
  static Result<Register> open();

  // The lab of that name, if it is up.
  Result<std::optional<Entry>> find(const std::string& name);
  // All that are up, by name.
  Result<std::vector<Entry>> all();
  // That of `name` or, without a name, the only one; else why not.
  Result<Entry> choose(const std::string& name);
  Status add(const Entry& entry);
  // Ends the holder, waits until it is gone, and forgets the lab.
  Status end(const Entry& entry);
  // In a child that lives on: the lock is not its.
  void forgetInChild() { lock_.reset(); }

 private:
  [[nodiscard]] std::string pathOf(const std::string& name) const;

  std::string folder_;
  os::UniqueFd lock_;
};

}  // namespace inccl::lab
