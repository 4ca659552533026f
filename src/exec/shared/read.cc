#include "exec/shared/read.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace inccl::exec {
namespace {

using transport::Progress;

}  // namespace

// Large ones: a call costs more than the misses that smaller pieces save (a reduce of 512 KiB takes
// 29.7 us in one piece, 30.8 in two, 37.3 in eight; two cores).
size_t ReadOperation::pieceToReduce(const transport::MultiGroupShape& group, size_t elementBytes) {
  const size_t room = group.slotBytes * group.slotCount / (group.memberCount - 1);
  return room / elementBytes * elementBytes;
}

bool ReadOperation::offer(const void* data) {
  if (offered_) return true;
  const uint64_t address = reinterpret_cast<uintptr_t>(data);
  if (!group_.contribution().post(&address, sizeof address, tag_)) return false;
  group_.ringOthers();
  ++moves_;
  return offered_ = true;
}

bool ReadOperation::isReturned() {
  if (!offered_) return true;
  return returned_ = group_.contribution().drained();
}

SharedOperation::Head ReadOperation::offerOf(uint32_t member, uint64_t& address) {
  const transport::SlotView view = group_.contributionOf(member).head();
  const Head head = look(view, member);
  if (head == Head::kMine) std::memcpy(&address, view.data, sizeof address);
  return head;
}

Progress ReadOperation::awaitOffers() {
  for (; nextOffer_ < memberCount(); ++nextOffer_) {
    if (nextOffer_ == me()) continue;
    const Head head = offerOf(nextOffer_, addresses_[nextOffer_]);
    if (head == Head::kAbsent) return Progress::kPending;
    if (head == Head::kForeign) return Progress::kMismatch;
  }
  return Progress::kDone;
}

Progress ReadOperation::read(uint32_t member, uint64_t address, void* to, size_t bytes) {
  failure_ = memory_.read(member, address, to, bytes);
  if (!failure_.ok()) [[unlikely]] {
    blamed_ = static_cast<int>(member);
    return Progress::kBroken;
  }
  ++moves_;
  return Progress::kDone;
}

void ReadOperation::letGo(uint32_t member) {
  group_.contributionOf(member).release();
  group_.doorbell(member).ring();
}

Progress SharedRead::step() {
  if (offers(me()) && !offer(input_)) return Progress::kPending;
  if (!begun_) copyOwn();
  begun_ = true;
  if (visited_ + 1 < memberCount()) {
    const Progress verdict = readAll();
    if (verdict != Progress::kDone) return verdict;
  }
  return isReturned() ? Progress::kDone : Progress::kPending;
}

// What this rank would read from itself.
void SharedRead::copyOwn() const {
  if (!offers(me()) && shape_.onlyReader != me()) return;
  if (!reads()) return;
  const bool gathers = shape_.onlyReader == me();
  const std::byte* const from = gathers ? input_ : input_ + shape_.offset;
  std::byte* const to = output_ + shape_.stride * me();
  if (to != from) std::memcpy(to, from, shape_.bytes);
}

// Begins behind this rank, so that not all read the same one.
Progress SharedRead::readAll() {
  size_t left = kBytesPerStep;
  while (visited_ + 1 < memberCount()) {
    const uint32_t member = (me() + 1 + visited_) % memberCount();
    if (offers(member) && !reads()) {
      group_.contributionOf(member).skip(1);
      group_.doorbell(member).ring();
    } else if (offers(member)) {
      if (left == 0) return Progress::kPending;
      const size_t before = done_;
      const Progress verdict = readPart(member);
      if (verdict != Progress::kDone) return verdict;
      left -= std::min(left, done_ - before);
      if (done_ < shape_.bytes) continue;
      letGo(member);
      done_ = 0;
    }
    ++visited_;
  }
  return Progress::kDone;
}

Progress SharedRead::readPart(uint32_t member) {
  uint64_t address = 0;
  const Head head = offerOf(member, address);
  if (head == Head::kAbsent) return Progress::kPending;
  if (head == Head::kForeign) return Progress::kMismatch;
  const size_t bytes = std::min(kMostBytesPerRead, shape_.bytes - done_);
  const Progress verdict = read(member, address + shape_.offset + done_,
                                output_ + shape_.stride * member + done_, bytes);
  if (verdict == Progress::kDone) done_ += bytes;
  return verdict;
}

Progress SharedReadReduce::step() {
  if (me() != root_) return giveToRoot();
  const Progress offers = awaitOffers();
  if (offers != Progress::kDone) return offers;
  const size_t until = reduced_ + kBytesPerStep;
  while (reduced_ < bytes_) {
    if (reduced_ >= until) return Progress::kPending;
    const Progress verdict = reducePiece();
    if (verdict != Progress::kDone) return verdict;
  }
  return Progress::kDone;
}

Progress SharedReadReduce::giveToRoot() {
  awaited_ = static_cast<int>(root_);
  if (!offer(input_)) return Progress::kPending;
  for (uint32_t member = 0; !begun_ && member < memberCount(); ++member) {
    if (member == root_ || member == me()) continue;
    group_.contributionOf(member).skip(1);
    group_.doorbell(member).ring();
  }
  begun_ = true;
  return isReturned() ? Progress::kDone : Progress::kPending;
}

Progress SharedReadReduce::reducePiece() {
  const size_t piece = std::min(bytes_ - reduced_, pieceToReduce(group_.shape(), elementBytes_));
  const void* sources[transport::kMostGroupMembers];
  // The first one's piece needs no other room than the output, unless that is our input.
  std::byte* place = output_ == input_ ? nullptr : output_ + reduced_;
  // Whoever offers has seen all that was published before, so nobody needs the root's slots now.
  std::byte* room = group_.contribution().allSlots();
  if (!room) return Progress::kPending;
  for (uint32_t member = 0; member < memberCount(); ++member) {
    if (member == me()) {
      sources[member] = input_ + reduced_;
      continue;
    }
    if (!place) {
      place = room;
      room += piece;
    }
    const Progress verdict = read(member, addresses_[member] + reduced_, place, piece);
    if (verdict != Progress::kDone) return verdict;
    sources[member] = std::exchange(place, nullptr);
  }
  // The others may go while we add.
  for (uint32_t member = 0; reduced_ + piece == bytes_ && member < memberCount(); ++member) {
    if (member != me()) letGo(member);
  }
  reduceMany_(output_ + reduced_, sources, memberCount(), piece / elementBytes_);
  reduced_ += piece;
  return Progress::kDone;
}

}  // namespace inccl::exec
