// A rank's part in the repair of an epoch (repair_coordinator.h), also while its caller is away.
//
// A rank that has returned from its operation may hold the only copy of what another one lacks, and
// its caller may compute for minutes. So the service thread answers for it; while an operation
// runs, the caller does, who alone may look at the window then. Who has the window is one atomic
// word, taken when an operation begins and given back when it ends; nothing is locked unless an
// epoch is sealed. The seal itself is one flag, which the caller looks at in each step.
//
// SEAL sets the flag and then looks whether the window is free; the caller frees the window and
// then looks at the flag: one of them reports.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ina/repair_coordinator.h"
#include "ina/slot_window.h"
#include "wire/repair_messages.h"

namespace inccl::ina {

class RepairDesk {
 public:
  static constexpr int kCoordinator = 0;

  RepairDesk(SlotWindow& window, int rank, int ranks, PostNote post)
      : window_(window), rank_(rank), post_(std::move(post)), done_(static_cast<size_t>(ranks)) {}

  // The service thread's.
  void onNote(int from, std::span<const std::byte> note);

  // Any thread.
  [[nodiscard]] bool sealed() const { return sealed_.load(); }
  // All that was to be decided is.
  [[nodiscard]] bool over() const { return over_.load(); }

  // The caller's: around an operation, in which it alone uses the window. After one that has failed
  // there is no leave(): nobody looks at the window any more.
  void enter();
  void leave();
  // Within: once, that something is wrong; nothing is sealed yet when it returns.
  void suspect(const std::string& why);
  // Within, sealed: says what this rank has.
  void serve();
  // Within, over: the decision, and the value of a slot's chunk that this rank lacked.
  [[nodiscard]] const wire::RepairCommit& decision() const { return *commit_; }
  [[nodiscard]] const wire::RepairValue* value(uint16_t slot) const;
  [[nodiscard]] std::string whySealed() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }

  // At the end: tells the others how far this rank is; whether they all are as far. Until then what
  // is retained here may be needed.
  void sayDone();
  [[nodiscard]] bool othersAreDone() const;

 private:
  enum class Owner { kNobody, kCaller, kService };

  void serveIfFree();
  [[nodiscard]] bool isAsked() const;
  void serveLocked();
  void give(uint16_t slot, uint32_t use);
  template <typename Message>
  void post(int to, const Message& message) {
    post_(to, wire::encodeRepair(message));
  }

  SlotWindow& window_;
  const int rank_;
  const PostNote post_;
  std::atomic<Owner> owner_{Owner::kNobody};
  std::atomic<bool> sealed_{false}, over_{false};
  bool suspected_ = false;  // the caller's

  mutable std::mutex mutex_;
  // Below: guarded by mutex_; commit_, values_ and why_ do not change once over_ is set.
  std::string why_;
  bool reported_ = false;
  std::vector<wire::RepairFetch> asked_;
  std::map<uint16_t, wire::RepairValue> values_;
  std::optional<wire::RepairCommit> commit_;
  std::vector<std::optional<uint32_t>> done_;  // by rank: operations when it said so
};

}  // namespace inccl::ina
