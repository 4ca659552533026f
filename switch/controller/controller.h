// Who may aggregate: jobs come and go, and each has slots and a session of its own.
//
// A job lives as long as a connection of one of its ranks (control_server.h); when the last one
// ends, however it ends, its slots are free. Sessions are random, so that packets of a job that is
// over, or of an earlier epoch, belong to nobody. Bookkeeping only, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "switch/controller/slot_ranges.h"
#include "switch/switchml/switchml.h"
#include "wire/switch_messages.h"

namespace inccl::controller {

class Controller {
 public:
  struct Limits {
    uint32_t slots = 512;
    uint32_t slotsOfJob = 512;
    size_t payloadBytes = 256;
    size_t receiveBytes = size_t{64} << 20;  // what may wait to be received, all workers together
    uint16_t dataPort = 0;
    std::string profile;
    int family = AF_INET;  // of the data port's address
  };
  // The program is not owned.
  Controller(switchml::SwitchMl& program, Limits limits)
      : program_(program), limits_(std::move(limits)), ranges_(limits_.slots) {}

  using JobId = uint64_t;
  struct Granted {
    JobId id = 0;
    wire::SwitchGrant grant;
  };
  Result<Granted> join(const wire::JoinSwitch& request);
  // A job's name as one line for people.
  static std::string printable(std::string name);
  // Another session for the same slots and workers: packets of the last one are nobody's from now.
  Result<wire::SwitchGrant> newEpoch(JobId id);
  // One more connection that keeps the job of this session alive.
  Result<JobId> attach(uint32_t session);
  // One less. Nothing when the job is over already.
  void leave(JobId id);
  // While it drains no job can join; those that are there go on.
  void drain(bool drains) { drains_ = drains; }

  struct JobView {
    JobId id = 0;
    std::string name;
    uint32_t workers = 0, slots = 0, epochs = 0;
  };
  [[nodiscard]] std::vector<JobView> jobs() const;
  [[nodiscard]] uint32_t freeSlots() const { return ranges_.free(); }
  [[nodiscard]] bool drains() const { return drains_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] switchml::SwitchMl& program() const { return program_; }

 private:
  struct Member {
    std::string name;
    switchml::Job job;
    uint32_t epochs = 1;
    uint32_t holders = 1;  // connections
  };
  Result<uint32_t> freshSession() const;
  [[nodiscard]] uint32_t slotsFor(uint32_t wanted, size_t workers) const;
  [[nodiscard]] Result<std::vector<os::SocketAddress>> addressesOf(
      const std::vector<wire::WorkerAddress>& workers) const;
  [[nodiscard]] wire::SwitchGrant grantOf(const switchml::Job& job) const;

  switchml::SwitchMl& program_;
  const Limits limits_;
  SlotRanges ranges_;
  std::map<JobId, Member> members_;
  JobId lastId_ = 0;
  bool drains_ = false;
};

}  // namespace inccl::controller
