// A collective that a switch sums, as an operation that is run like any other.
//
// The schedule that it implements is algo/in_network.cc's: for each block one `aggregate` step, cut
// into as many packets as it takes. All waiting is the runner's; what the switch says about who is
// missing becomes the rank that is awaited.
//
// When the switch falls silent, forgets the session or is caught at a wrong sum, this rank says so
// and all seal the epoch (ina/repair_coordinator.h). Then the operation goes on by itself: what
// others have of it is taken from them, the rest is added by the hosts; an operation of which the
// switch had summed nothing yet is done on the hosts as a whole. Hosts' schedules come from
// HostWay.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "exec/host_way.h"
#include "exec/operation.h"
#include "ina/aggregated_operation.h"
#include "ina/repair_desk.h"
#include "ina/shard.h"

namespace inccl::exec {

// Where a switch is used: nothing of it is owned.
struct SwitchPlace {
  ina::Shard& shard;
  ina::RepairDesk& desk;
  int waitDescriptor = -1;
};

class AggregateOperation : public Operation {
 public:
  // Nothing of the switch for so long: it is gone, or the way to it.
  static constexpr Nanos kSilence = 2 * kSecond;
  // From a suspicion to the end of the repair.
  static constexpr Nanos kMostRepair = 20 * kSecond;

  [[nodiscard]] transport::Progress step() final;
  [[nodiscard]] uint64_t movements() const final { return movements_; }
  [[nodiscard]] OpTag tag() const final { return tag_; }
  [[nodiscard]] int blamedRank() const final;
  [[nodiscard]] Status failure() const final { return failure_; }
  [[nodiscard]] int awaitedRank() const final;
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const final;
  [[nodiscard]] Nanos nextTime() const final;

 protected:
  AggregateOperation(const SwitchPlace& place, int rank, OpTag tag)
      : place_(place), rank_(rank), tag_(tag) {}
  AggregateOperation(const AggregateOperation&) = delete;
  AggregateOperation& operator=(const AggregateOperation&) = delete;

 private:
  // What is sent and what becomes of results; what hosts do without.
  virtual ina::AggregatedOperation& work() = 0;
  virtual HostWay& hosts() = 0;

  transport::Progress stepAtSwitch(Nanos now);
  transport::Progress suspect(const std::string& why, Nanos now);
  transport::Progress stepSealed(Nanos now);
  transport::Progress stepOnHosts();
  Status settle();
  Status continueOnHosts();
  transport::Progress broken(Status why);
  [[nodiscard]] const ina::SlotWindow& window() const { return place_.shard.window(); }

  const SwitchPlace place_;
  const int rank_;
  const OpTag tag_;
  // The window is not given back by an operation that ends in an error: it still refers to that,
  // and the communicator has failed.
  bool entered_ = false, begun_ = false, finished_ = false;
  uint64_t movements_ = 0;
  Nanos repairFrom_ = 0;
  std::unique_ptr<Operation> onHosts_;  // what goes on without the switch
  Status failure_;
};

// Of integers, or of floats: Work is made from a call of its kind and what it needs besides, Hosts
// is a HostWay.
template <typename Work, typename Hosts>
class AggregateOf final : public AggregateOperation {
 public:
  template <typename Call, typename... Args>
  AggregateOf(const SwitchPlace& place, const Hosts& hosts, const Call& call, Args&&... args)
      : AggregateOperation(place, call.rank, call.tag),
        hosts_(hosts),
        work_(call, std::forward<Args>(args)...) {}

 private:
  ina::AggregatedOperation& work() override { return work_; }
  HostWay& hosts() override { return hosts_; }
  Hosts hosts_;
  Work work_;
};

}  // namespace inccl::exec
