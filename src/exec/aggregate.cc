#include "exec/aggregate.h"

#include <fmt/format.h>
#include <poll.h>

#include "base/clock.h"

namespace inccl::exec {

using transport::Progress;

Progress AggregateOperation::step() {
  const Nanos now = nowNs();
  if (!begun_) {
    shard_.begin(work(), now);
    begun_ = true;
  }
  const uint64_t before = shard_.window().counters().results;
  auto moved = shard_.poll(now);
  if (!moved.ok()) {
    failure_ = std::move(moved).status();
    return Progress::kBroken;
  }
  movements_ += shard_.window().counters().results - before;
  if (shard_.window().done()) return Progress::kDone;
  if (shard_.window().differing()) return Progress::kMismatch;
  if (!shard_.window().failure().ok()) {
    failure_ = shard_.window().failure();
    return Progress::kBroken;
  }
  if (shard_.window().silentFor(now) > kSilence) {
    failure_ = remoteError(fmt::format("the switch has not answered for {} s", kSilence / kSecond));
    return Progress::kBroken;
  }
  return Progress::kPending;
}

int AggregateOperation::blamedRank() const {
  const auto differing = shard_.window().differing();
  if (!differing) return -1;
  return differing->first == rank_ ? differing->second : differing->first;
}

int AggregateOperation::awaitedRank() const {
  const auto missing = shard_.window().missingWorkers();
  return missing.empty() ? -1 : missing.front();
}

void AggregateOperation::addWaitHandles(std::vector<transport::WaitHandle>& handles) const {
  handles.push_back({waitDescriptor_, POLLIN});
}

}  // namespace inccl::exec
