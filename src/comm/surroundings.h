// What a reduction needs beside its schedule: factors before it, a division or unpacking after it.
//
// Averages and pre-multiplied sums reduce as sums do, so that schedules and kernels need not know
// of them. A pre-multiplied sum first multiplies this rank's input, into the output where that is
// large enough and into memory of its own where not. An average divides what this rank has got in
// the end; all ranks divide the same sums and so get the same bits.
#pragma once

#include <memory>
#include <utility>

#include "comm/call.h"
#include "comm/fusion.h"
#include "exec/operation.h"
#include "reduce/reduce.h"

namespace inccl::comm {

class Surroundings {
 public:
  Surroundings() = default;
  // Of `call` on `rank`. Multiplies the input now and lets `call` read the products.
  static Surroundings before(Call& call, int rank, int rankCount);

  // Of calls that go together, which this keeps.
  static Surroundings packing(std::unique_ptr<FusedCalls> fused) {
    Surroundings made;
    made.fused_ = std::move(fused);
    return made;
  }

  // When the operation starts, and when it is done.
  void atStart() const {
    if (fused_) fused_->pack();
  }
  void after() const {
    if (fused_) fused_->unpack();
    if (finish_) finish_(output_, count_, divisor_);
  }

 private:
  std::unique_ptr<FusedCalls> fused_;
  std::unique_ptr<std::byte[]> products_;
  reduce::ScaleFn finish_ = nullptr;
  void* output_ = nullptr;
  size_t count_ = 0;
  uint32_t divisor_ = 1;
};

// An operation with its surroundings, for a group.
class SurroundedOperation final : public exec::Operation {
 public:
  SurroundedOperation(std::unique_ptr<exec::Operation> inner, Surroundings surroundings)
      : inner_(std::move(inner)), surroundings_(std::move(surroundings)) {}

  [[nodiscard]] transport::Progress step() override {
    if (!std::exchange(started_, true)) surroundings_.atStart();
    const transport::Progress verdict = inner_->step();
    if (verdict == transport::Progress::kDone) surroundings_.after();
    return verdict;
  }
  [[nodiscard]] uint64_t movements() const override { return inner_->movements(); }
  [[nodiscard]] OpTag tag() const override { return inner_->tag(); }
  [[nodiscard]] int blamedRank() const override { return inner_->blamedRank(); }
  [[nodiscard]] Status failure() const override { return inner_->failure(); }
  [[nodiscard]] int awaitedRank() const override { return inner_->awaitedRank(); }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    inner_->addWaitHandles(handles);
  }

 private:
  std::unique_ptr<exec::Operation> inner_;
  Surroundings surroundings_;
  bool started_ = false;
};

}  // namespace inccl::comm
