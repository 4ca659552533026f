#include "ina/repair_desk.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace inccl::ina {
namespace {

template <typename Message>
std::optional<Message> read(std::span<const std::byte> note) {
  auto message = wire::decodeRepair<Message>(note);
  if (!message.ok()) return std::nullopt;
  return std::move(message).value();
}

}  // namespace

void RepairDesk::onNote(int from, std::span<const std::byte> note) {
  if (note.empty()) return;
  const auto kind = static_cast<wire::RepairKind>(note[0]);
  if (kind == wire::RepairKind::kDone) {
    const auto done = read<wire::RepairDone>(note);
    const std::lock_guard lock(mutex_);
    if (done) done_[static_cast<size_t>(from)] = done->operations;
    return;
  }
  if (from != kCoordinator || over_.load()) return;
  if (kind == wire::RepairKind::kSeal) {
    if (const auto seal = read<wire::RepairSeal>(note)) {
      const std::lock_guard lock(mutex_);
      why_ = seal->why;
    }
    sealed_.store(true);
    return serveIfFree();
  }
  if (kind == wire::RepairKind::kFetch) {
    if (auto fetch = read<wire::RepairFetch>(note)) {
      const std::lock_guard lock(mutex_);
      asked_.push_back(std::move(*fetch));
    }
    return serveIfFree();
  }
  const std::lock_guard lock(mutex_);
  if (kind == wire::RepairKind::kValue) {
    if (auto value = read<wire::RepairValue>(note)) {
      const uint16_t slot = value->slot;
      values_[slot] = std::move(*value);
    }
  } else if (kind == wire::RepairKind::kCommit) {
    commit_ = read<wire::RepairCommit>(note);
    if (!commit_) commit_ = wire::RepairCommit{"a COMMIT that cannot be read", 0, {}};
    sealed_.store(true);
    over_.store(true);
  }
}

// The service thread has it for microseconds.
void RepairDesk::enter() {
  Owner found = Owner::kNobody;
  while (!owner_.compare_exchange_weak(found, Owner::kCaller) && found != Owner::kCaller) {
    found = Owner::kNobody;
    std::this_thread::yield();
  }
}

void RepairDesk::leave() {
  owner_.store(Owner::kNobody);
  if (sealed_.load()) [[unlikely]]
    serveIfFree();
}

void RepairDesk::suspect(const std::string& why) {
  if (!std::exchange(suspected_, true)) post(kCoordinator, wire::RepairSuspect{why});
}

// What comes while somebody else has the window is for whoever frees it: each looks again after
// that.
void RepairDesk::serveIfFree() {
  while (isAsked()) {
    Owner nobody = Owner::kNobody;
    if (!owner_.compare_exchange_strong(nobody, Owner::kService)) return;
    // Also when there is no memory for an answer.
    struct Release {
      std::atomic<Owner>& owner;
      ~Release() { owner.store(Owner::kNobody); }
    } const release{owner_};
    serve();
  }
}

bool RepairDesk::isAsked() const {
  const std::lock_guard lock(mutex_);
  return !over_.load() && ((sealed_.load() && !reported_) || !asked_.empty());
}

void RepairDesk::serve() {
  const std::lock_guard lock(mutex_);
  if (!over_.load()) serveLocked();
}

void RepairDesk::serveLocked() {
  if (sealed_.load() && !std::exchange(reported_, true)) {
    wire::RepairReport report;
    report.operations = window_.operations();
    report.inside = !window_.done();
    report.opTag = report.inside ? window_.opTag() : 0;
    for (uint32_t slot = 0; slot < window_.slots(); ++slot) {
      report.uses.push_back(window_.uses(slot));
      report.hasSum.push_back(window_.retained().isSum(slot) ? 1 : 0);
    }
    post(kCoordinator, report);
  }
  for (const wire::RepairFetch& fetch : std::exchange(asked_, {})) {
    const size_t count = std::min(fetch.slots.size(), fetch.uses.size());
    for (size_t i = 0; i < count; ++i) give(fetch.slots[i], fetch.uses[i]);
  }
}

void RepairDesk::give(uint16_t slot, uint32_t use) {
  wire::RepairGive gift;
  gift.slot = slot;
  if (slot < window_.slots()) {
    const bool taken = window_.uses(slot) > use;
    const Contribution what = taken ? window_.retained().of(slot) : window_.contribution(slot);
    gift.type = what.shape.type;
    gift.op = what.shape.op;
    gift.payload.assign(what.payload.begin(), what.payload.end());
    gift.exponents.assign(what.exponents.begin(), what.exponents.end());
  }
  post(kCoordinator, gift);
}

const wire::RepairValue* RepairDesk::value(uint16_t slot) const {
  const auto found = values_.find(slot);
  return found == values_.end() ? nullptr : &found->second;
}

void RepairDesk::sayDone() { post(kToAllRanks, wire::RepairDone{window_.operations()}); }

bool RepairDesk::othersAreDone() const {
  const std::lock_guard lock(mutex_);
  for (size_t rank = 0; rank < done_.size(); ++rank) {
    if (static_cast<int>(rank) == rank_) continue;
    if (!done_[rank] || *done_[rank] < window_.operations()) return false;
  }
  return true;
}

}  // namespace inccl::ina
