#include "ports/faulty_port.h"

#include <algorithm>

namespace inccl::ports {

void FaultyPort::spoil(std::vector<std::byte>& bytes) {
  if (bytes.empty()) return;
  if (chance(rates_.corruption)) {
    bytes[random_() % bytes.size()] ^= static_cast<std::byte>(1u << random_() % 8);
    ++counts_.corrupted;
  }
  if (chance(rates_.truncation)) {
    bytes.resize(random_() % bytes.size());
    ++counts_.truncated;
  }
}

void FaultyPort::arrive(const IncomingDatagram& datagram) {
  ++arrivals_;
  if (chance(rates_.loss)) {
    ++counts_.lost;
    return;
  }
  const bool twice = chance(rates_.duplication);
  counts_.duplicated += twice ? 1 : 0;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    Waiting& waiting = waiting_.emplace_back();
    waiting.from = datagram.from;
    waiting.bytes.assign(datagram.bytes.begin(), datagram.bytes.end());
    waiting.due = arrivals_;
    if (rates_.reorderBy > 0 && chance(rates_.reordering)) {
      waiting.due += 1 + random_() % rates_.reorderBy;
      ++counts_.reordered;
    }
    spoil(waiting.bytes);
  }
}

Result<size_t> FaultyPort::receive(std::span<IncomingDatagram> batch) {
  INCCL_TRY_ASSIGN(const size_t arrived, port_->receive(batch));
  if (waiting_.empty() && !rates_.any()) {  // nothing is copied where nothing is done
    arrivals_ += arrived;
    counts_.passed += arrived;
    return arrived;
  }
  for (size_t i = 0; i < arrived; ++i) arrive(batch[i]);
  // Who waits for later ones while none come is let go, one per call: late, but not lost.
  const bool idle = arrived == 0;
  held_.clear();
  for (auto at = waiting_.begin(); at != waiting_.end() && held_.size() < batch.size();) {
    if (at->due > arrivals_ && !(idle && held_.empty())) {
      ++at;
      continue;
    }
    held_.push_back(std::move(*at));
    at = waiting_.erase(at);
  }
  for (size_t i = 0; i < held_.size(); ++i) batch[i] = {held_[i].from, held_[i].bytes};
  counts_.passed += held_.size();
  return held_.size();
}

}  // namespace inccl::ports
