#include "exec/aggregate.h"

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"
#include "exec/host_batches.h"

namespace inccl::exec {

using transport::Progress;

// An operation that comes while the epoch is sealed does not begin at the switch any more.
Progress AggregateOperation::step() {
  if (finished_) return Progress::kDone;
  const Nanos now = nowNs();
  if (!entered_) {
    place_.desk.enter();
    entered_ = true;
    if (!place_.desk.sealed()) {
      place_.shard.begin(work(), now);
      begun_ = true;
    }
  }
  Progress progress = Progress::kPending;
  if (onHosts_)
    progress = stepOnHosts();
  else if (place_.desk.sealed()) [[unlikely]]
    progress = stepSealed(now);
  else
    progress = stepAtSwitch(now);
  if (progress == Progress::kDone) {
    finished_ = true;
    entered_ = false;
    place_.desk.leave();
  }
  return progress;
}

Progress AggregateOperation::stepAtSwitch(Nanos now) {
  const uint64_t before = window().counters().results;
  auto moved = place_.shard.poll(now);
  if (!moved.ok()) return suspect(std::string(moved.status().message()), now);
  movements_ += window().counters().results - before;
  if (window().done()) return Progress::kDone;
  if (window().differing()) return Progress::kMismatch;
  if (!window().failure().ok()) return suspect(std::string(window().failure().message()), now);
  if (window().silentFor(now) > kSilence)
    return suspect(fmt::format("the switch has not answered for {} s", kSilence / kSecond), now);
  return Progress::kPending;
}

Progress AggregateOperation::broken(Status why) {
  failure_ = std::move(why);
  return Progress::kBroken;
}

Progress AggregateOperation::suspect(const std::string& why, Nanos now) {
  if (repairFrom_ == 0) repairFrom_ = now;
  place_.desk.suspect(why);
  if (now - repairFrom_ > kMostRepair)
    return broken(
        timeoutError(fmt::format("{}, and in {} s the ranks have not agreed on going on "
                                 "without it",
                                 why, kMostRepair / kSecond)));
  return Progress::kPending;
}

Progress AggregateOperation::stepSealed(Nanos now) {
  if (!place_.desk.over()) {
    place_.desk.serve();
    return suspect("the epoch is sealed", now);
  }
  if (Status begun = continueOnHosts(); !begun.ok()) return broken(std::move(begun));
  ++movements_;
  return Progress::kPending;
}

// Of the last operation that the switch summed anything of, the rest; of later ones, all.
Status AggregateOperation::continueOnHosts() {
  const wire::RepairCommit& decision = place_.desk.decision();
  if (!decision.failure.empty())
    return remoteError(
        fmt::format("aggregation in the network ended ({}) and cannot be repaired: {}",
                    place_.desk.whySealed(), decision.failure));
  if (!begun_ || window().operations() > decision.operation) {
    INCCL_TRY_ASSIGN(onHosts_, hosts().whole());
    return {};
  }
  if (decision.uses.size() != window().slots())
    return internalError(fmt::format("the repair is of {} slots", decision.uses.size()));
  INCCL_TRY(settle());
  onHosts_ = std::make_unique<HostBatches>(
      ina::RestOnHosts(work(), window().firstChunk(), window().chunks(), decision.uses), hosts(),
      tag_);
  return {};
}

// Chunks that others have and this rank lacks.
Status AggregateOperation::settle() {
  const std::vector<uint32_t>& uses = place_.desk.decision().uses;
  for (uint32_t slot = 0; slot < uses.size(); ++slot) {
    if (window().uses(slot) >= uses[slot]) continue;
    const wire::RepairValue* const value = place_.desk.value(static_cast<uint16_t>(slot));
    if (value == nullptr || !place_.shard.window().settle(slot, value->payload, value->exponents))
      return internalError(fmt::format("the repair has no such chunk as slot {} lacks", slot));
  }
  return {};
}

Progress AggregateOperation::stepOnHosts() {
  const uint64_t before = onHosts_->movements();
  const Progress progress = onHosts_->step();
  movements_ += onHosts_->movements() - before;
  if (progress == Progress::kBroken) failure_ = onHosts_->failure();
  return progress;
}

int AggregateOperation::blamedRank() const {
  if (onHosts_) return onHosts_->blamedRank();
  const auto differing = window().differing();
  if (!differing) return -1;
  return differing->first == rank_ ? differing->second : differing->first;
}

int AggregateOperation::awaitedRank() const {
  if (onHosts_) return onHosts_->awaitedRank();
  const auto missing = window().missingWorkers();
  return missing.empty() ? -1 : missing.front();
}

void AggregateOperation::addWaitHandles(std::vector<transport::WaitHandle>& handles) const {
  if (onHosts_) return onHosts_->addWaitHandles(handles);
  handles.push_back({place_.waitDescriptor, POLLIN});
}

Nanos AggregateOperation::nextTime() const {
  if (onHosts_) return onHosts_->nextTime();
  return window().nextTime(Operation::nextTime());
}

}  // namespace inccl::exec
