// Chunks of an aggregated operation, added by the hosts batch after batch (ina/rest_on_hosts.h):
// the rest of a call that a switch did not finish, or all of one that is to have the same bits
// without.
//
// Of each batch the words are reduced over all ranks, then the exponents, each by whatever schedule
// the hosts have for that.
#pragma once

#include <memory>
#include <utility>

#include "exec/host_way.h"
#include "exec/operation.h"
#include "ina/float_operation.h"
#include "ina/rest_on_hosts.h"

namespace inccl::exec {

class HostBatches final : public Operation {
 public:
  // Neither `hosts` nor what `rest` refers to is owned.
  HostBatches(ina::RestOnHosts rest, HostWay& hosts, OpTag tag)
      : rest_(std::move(rest)), hosts_(hosts), tag_(tag) {}

  [[nodiscard]] transport::Progress step() override;
  [[nodiscard]] uint64_t movements() const override { return movements_; }
  [[nodiscard]] OpTag tag() const override { return tag_; }
  [[nodiscard]] int blamedRank() const override { return running_ ? running_->blamedRank() : -1; }
  [[nodiscard]] Status failure() const override;
  [[nodiscard]] int awaitedRank() const override { return running_ ? running_->awaitedRank() : -1; }
  [[nodiscard]] Nanos nextTime() const override {
    return running_ ? running_->nextTime() : Operation::nextTime();
  }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    if (running_) running_->addWaitHandles(handles);
  }

 private:
  Status next();

  ina::RestOnHosts rest_;
  HostWay& hosts_;
  const OpTag tag_;
  bool begun_ = false;
  bool exponentsToo_ = false;  // of the batch that is being reduced
  std::unique_ptr<Operation> running_;
  uint64_t movements_ = 0;
  Status failure_;
};

// Floats summed by hosts as a switch would: the result depends on the inputs and the number of
// ranks alone, whatever the schedule (docs/ina.md, "Floats").
template <typename Hosts>
class FixedPointSum final : public Operation {
 public:
  // Batches of at most kWindow chunks of kPayloadBytes: the bits do not depend on them.
  static constexpr uint32_t kWindow = 256;
  static constexpr size_t kPayloadBytes = 4096;

  FixedPointSum(const Hosts& hosts, const ina::FloatCall& call, ina::FloatRoom& room)
      : hosts_(hosts),
        work_(call, kWindow, kPayloadBytes, room),
        batches_(ina::RestOnHosts(work_, 0, 0, std::vector<uint32_t>(kWindow)), hosts_, call.tag) {}
  FixedPointSum(const FixedPointSum&) = delete;
  FixedPointSum& operator=(const FixedPointSum&) = delete;

  [[nodiscard]] transport::Progress step() override { return batches_.step(); }
  [[nodiscard]] uint64_t movements() const override { return batches_.movements(); }
  [[nodiscard]] OpTag tag() const override { return batches_.tag(); }
  [[nodiscard]] int blamedRank() const override { return batches_.blamedRank(); }
  [[nodiscard]] Status failure() const override { return batches_.failure(); }
  [[nodiscard]] int awaitedRank() const override { return batches_.awaitedRank(); }
  [[nodiscard]] Nanos nextTime() const override { return batches_.nextTime(); }
  void addWaitHandles(std::vector<transport::WaitHandle>& handles) const override {
    batches_.addWaitHandles(handles);
  }

 private:
  Hosts hosts_;
  ina::FloatOperation work_;
  HostBatches batches_;
};

}  // namespace inccl::exec
