// Who may use which slots: filled by the controller, matched against every packet.
//
// A job is known by its session, random for each job and epoch. How many workers take part, where
// each of them lives and which slots are theirs comes from here and never from a packet: a packet
// that names another's session, worker or slot is dropped. Slot ranges of jobs do not overlap.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "os/socket_address.h"

namespace inccl::switchml {

struct Job {
  uint32_t session = 0;  // not 0
  uint32_t firstSlot = 0;
  uint32_t slots = 0;
  std::vector<os::SocketAddress> workers;

  [[nodiscard]] uint32_t fanIn() const { return static_cast<uint32_t>(workers.size()); }
};

class JobTable {
 public:
  JobTable(uint32_t slots, uint32_t mostFanIn) : slots_(slots), mostFanIn_(mostFanIn) {}

  // Refused with the reason when the session is taken, the slots are another job's or not there, or
  // the workers are too many.
  Status admit(Job job);
  // False when there is no such job.
  bool remove(uint32_t session) { return jobs_.erase(session) == 1; }

  // nullptr: none. Valid until the table changes.
  [[nodiscard]] const Job* find(uint32_t session) const {
    const auto found = jobs_.find(session);
    return found == jobs_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] size_t size() const { return jobs_.size(); }

 private:
  const uint32_t slots_;
  const uint32_t mostFanIn_;
  std::unordered_map<uint32_t, Job> jobs_;
};

}  // namespace inccl::switchml
