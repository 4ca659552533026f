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
  if (!inTheDark_ && blackout_.direction != Blackout::Direction::kNone &&
      arrivals_ > blackout_.after)
    inTheDark_ = datagram.from;
  if (isDark(datagram.from, Blackout::Direction::kArriving)) {
    ++counts_.blackedOut;
    return;
  }
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

// What goes into the dark counts as sent.
Result<size_t> FaultyPort::send(std::span<const OutgoingDatagram> batch) {
  if (!inTheDark_) return port_->send(batch);
  const auto dark = [this](const OutgoingDatagram& datagram) {
    return isDark(datagram.to, Blackout::Direction::kLeaving);
  };
  for (size_t done = 0;;) {
    const auto rest = batch.subspan(done);
    const auto light = static_cast<size_t>(std::ranges::find_if(rest, dark) - rest.begin());
    if (light > 0) {
      INCCL_TRY_ASSIGN(const size_t sent, port_->send(rest.first(light)));
      done += sent;
      if (sent < light) return done;
    }
    if (light == rest.size()) return done;
    ++counts_.blackedOut;
    ++done;
  }
}

Result<size_t> FaultyPort::receive(std::span<IncomingDatagram> batch) {
  INCCL_TRY_ASSIGN(const size_t arrived, port_->receive(batch));
  const bool untouched = !rates_.any() && blackout_.direction == Blackout::Direction::kNone;
  if (waiting_.empty() && untouched) {  // nothing is copied where nothing is done
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
