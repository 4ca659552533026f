// Hands out duplicates of the descriptors that one rank offers to the ranks of its host.
//
// An offer may come before or after the requests for it: a request for something that is not there
// waits at the desk. The asker ends its wait by closing its connection, which the desk notices
// when the offer comes or the rank leaves.
// Threading: offers from any thread, requests from the service thread; guarded by one mutex.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::bootstrap {

class DescriptorDesk {
 public:
  // Keeps a duplicate of `fd` until withdrawn. kInvalidUsage when the name is taken.
  Status offer(const std::string& name, int fd);
  void withdraw(const std::string& name);
  // A proven connection that asks for `name`.
  void request(const std::string& name, os::UniqueFd connection);
  // Sends off everyone who waits.
  void close();

 private:
  static constexpr size_t kWaitingLimit = 4096;

  std::mutex mutex_;
  std::map<std::string, os::UniqueFd> offers_;
  std::multimap<std::string, os::UniqueFd> waiting_;
  bool closed_ = false;
};

}  // namespace inccl::bootstrap
