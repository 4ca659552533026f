// A collective that a switch sums, as an operation that is run like any other.
//
// The schedule that it implements is algo/in_network.cc's: for each block one `aggregate` step, cut
// into as many packets as it takes. All waiting is the runner's; what the switch says about who is
// missing becomes the rank that is awaited.
#pragma once

#include "exec/operation.h"
#include "ina/integer_operation.h"
#include "ina/shard.h"

namespace inccl::exec {

class AggregateOperation final : public Operation {
 public:
  // Nothing of the switch for so long: it is gone, or the way to it.
  static constexpr Nanos kSilence = 5 * kSecond;

  // Neither the shard nor the descriptor (to wait for it) is owned.
  AggregateOperation(ina::Shard& shard, int waitDescriptor, const ina::IntegerCall& call,
                     size_t payloadBytes)
      : shard_(shard),
        waitDescriptor_(waitDescriptor),
        rank_(call.rank),
        tag_(call.tag),
        work_(call, payloadBytes) {}

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return movements_; }
  [[nodiscard]] OpTag tag() const override { return tag_; }
  [[nodiscard]] int blamedRank() const override;
  [[nodiscard]] Status failure() const override { return failure_; }
  [[nodiscard]] int awaitedRank() const override;
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override;

 private:
  ina::Shard& shard_;
  const int waitDescriptor_;
  const int rank_;
  const OpTag tag_;
  ina::IntegerOperation work_;
  bool begun_ = false;
  uint64_t movements_ = 0;
  Status failure_;
};

}  // namespace inccl::exec
