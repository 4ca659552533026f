// A collective that a switch sums, as an operation that is run like any other.
//
// The schedule that it implements is algo/in_network.cc's: for each block one `aggregate` step, cut
// into as many packets as it takes. All waiting is the runner's; what the switch says about who is
// missing becomes the rank that is awaited.
#pragma once

#include <utility>

#include "exec/operation.h"
#include "ina/aggregated_operation.h"
#include "ina/shard.h"

namespace inccl::exec {

class AggregateOperation : public Operation {
 public:
  // Nothing of the switch for so long: it is gone, or the way to it.
  static constexpr Nanos kSilence = 5 * kSecond;

  [[nodiscard]] transport::Progress step() final;
  [[nodiscard]] uint64_t movements() const final { return movements_; }
  [[nodiscard]] OpTag tag() const final { return tag_; }
  [[nodiscard]] int blamedRank() const final;
  [[nodiscard]] Status failure() const final { return failure_; }
  [[nodiscard]] int awaitedRank() const final;
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const final;
  [[nodiscard]] Nanos nextTime() const final {
    return shard_.window().nextTime(Operation::nextTime());
  }

 protected:
  // Neither the shard nor the descriptor (to wait for it) is owned.
  AggregateOperation(ina::Shard& shard, int waitDescriptor, int rank, OpTag tag)
      : shard_(shard), waitDescriptor_(waitDescriptor), rank_(rank), tag_(tag) {}

 private:
  // What is sent and what becomes of results.
  virtual ina::AggregatedOperation& work() = 0;

  ina::Shard& shard_;
  const int waitDescriptor_;
  const int rank_;
  const OpTag tag_;
  bool begun_ = false;
  uint64_t movements_ = 0;
  Status failure_;
};

// Of integers, or of floats: Work is made from a call of its kind and what it needs besides.
template <typename Work>
class AggregateOf final : public AggregateOperation {
 public:
  template <typename Call, typename... Args>
  AggregateOf(ina::Shard& shard, int waitDescriptor, const Call& call, Args&&... args)
      : AggregateOperation(shard, waitDescriptor, call.rank, call.tag),
        work_(call, std::forward<Args>(args)...) {}

 private:
  ina::AggregatedOperation& work() override { return work_; }
  Work work_;
};

}  // namespace inccl::exec
