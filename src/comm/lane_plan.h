// A schedule made ready on one communicator: verified, compiled, its channels bound, its memory
// there.
//
// Made once per (collective, algorithm, root) or plan file. Opening the channels is the
// communicator's business; once they are bound, the operation object is built, and every later call
// only begins it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "comm/call.h"
#include "exec/lanes/compiled_program.h"
#include "exec/lanes/lanes_operation.h"
#include "schedule/schedule.h"

namespace inccl::comm {

class LanePlan {
 public:
  using Endpoint = exec::ChannelKey;

  struct Limits {
    size_t messageBytes = 0;         // the most that a channel message carries, equal on all ranks
    size_t scratchBytes = SIZE_MAX;  // the most that the plan may take for itself
    bool inPlace = true;             // the schedule is right in place
  };
  // With different lengths a plan is for v-collectives, and for nothing else.
  static Result<std::unique_ptr<LanePlan>> make(const schedule::Schedule& schedule, int rank,
                                                const Limits& limits,
                                                schedule::BlockLengths lengths);

  [[nodiscard]] std::span<const Endpoint> sendEndpoints() const { return program_->sendChannels(); }
  [[nodiscard]] std::span<const Endpoint> recvEndpoints() const { return program_->recvChannels(); }
  // Channels in the order of the endpoints; builds the operation.
  Status bind(std::vector<transport::SendChannel*> sends,
              std::vector<transport::RecvChannel*> receives);
  [[nodiscard]] bool ready() const { return operation_ != nullptr; }

  // Starts `call`; one at a time.
  Status begin(const Call& call, OpTag tag);
  [[nodiscard]] exec::LanesOperation& operation() { return *operation_; }

 private:
  LanePlan(exec::CompiledProgram program, const Limits& limits, size_t inputBlocks,
           size_t outputBlocks);
  [[nodiscard]] const void* inputOutsideOfOutput(const Call& call);

  struct FreeScratch {
    void operator()(std::byte* memory) const;
  };

  std::shared_ptr<const exec::CompiledProgram> program_;
  const Limits limits_;
  const size_t inputBlocks_, outputBlocks_;  // of `count` elements, in each buffer
  std::unique_ptr<std::byte, FreeScratch> scratch_;
  std::vector<std::byte> inputCopy_;  // for calls in place of a schedule that is not right there
  std::unique_ptr<exec::LanesOperation> operation_;
};

// One call of a lane plan. In a group several calls of one plan may queue up; each begins the
// plan's operation when its turn comes.
class LaneRun final : public exec::Operation {
 public:
  LaneRun(LanePlan& plan, const Call& call, OpTag tag) : plan_(plan), call_(call), tag_(tag) {}

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override {
    return begun_ ? plan_.operation().steps() : 0;
  }
  [[nodiscard]] OpTag tag() const override { return tag_; }
  [[nodiscard]] int blamedRank() const override {
    return failure_.ok() ? plan_.operation().blamedRank() : -1;
  }
  [[nodiscard]] Status failure() const override {
    return failure_.ok() ? plan_.operation().failure() : failure_;
  }
  [[nodiscard]] int awaitedRank() const override {
    return begun_ ? plan_.operation().awaitedRank() : -1;
  }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    if (begun_) plan_.operation().addWaitHandles(handles);
  }

 private:
  LanePlan& plan_;
  Call call_;
  OpTag tag_;
  bool begun_ = false;
  Status failure_;
};

}  // namespace inccl::comm
