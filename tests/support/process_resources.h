// What a process holds of the system: descriptors, threads, mappings of files and shared memory.
//
// A test notes them before, runs the code under test (best: twice, the first time to warm up what
// lives as long as the process, such as a service thread), and compares after. Anonymous private
// memory is not looked at: the heap grows and shrinks as it likes, and the address sanitizer finds
// its leaks.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace inccl::test {

class ProcessResources {
 public:
  static ProcessResources now();

  // What is there now and was not in this snapshot, a line for each kind of thing; "" when nothing.
  // Looks again until `settle` has passed, because a joined thread leaves /proc a moment later.
  [[nodiscard]] std::string leakedSince(Nanos settle = 2 * kSecond) const;

 private:
  // "fd socket:", "thread inccl-service", "map /memfd:inccl (deleted)" and how many of each.
  std::map<std::string, int> counts_;
};

// Expects, when its scope ends, that nothing was leaked in it.
class ExpectNoLeaks {
 public:
  ExpectNoLeaks() : before_(ProcessResources::now()) {}
  ~ExpectNoLeaks();
  ExpectNoLeaks(const ExpectNoLeaks&) = delete;
  ExpectNoLeaks& operator=(const ExpectNoLeaks&) = delete;

 private:
  ProcessResources before_;
};

}  // namespace inccl::test
