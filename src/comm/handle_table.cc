#include "comm/handle_table.h"

#include <fmt/format.h>

#include "comm/communicator.h"

namespace inccl::comm {
namespace {

constexpr uint32_t kSlotBits = 12;  // kSlots = 4096

Handle toHandle(uint32_t slot, uint32_t generation) {
  return Handle{generation} << (kSlotBits + 1) | slot << 1 | 1;
}

}  // namespace

HandleTable& HandleTable::instance() {
  static HandleTable* const table = new HandleTable;  // never destroyed: calls may come during exit
  return *table;
}

Result<Handle> HandleTable::add(std::unique_ptr<Communicator> communicator) {
  for (uint32_t index = 0; index < kSlots; ++index) {
    Slot& slot = slots_[index];
    uint64_t expected = kFree;
    if (!slot.word.compare_exchange_strong(expected, kFilling)) continue;
    slot.communicator = communicator.release();
    const Handle handle = toHandle(index, slot.generation.load());
    // Calls with stale handles may have raised the count for a moment: change the state bits only.
    slot.word.fetch_and(~kDying);
    return handle;
  }
  return invalidUsage(fmt::format("more than {} communicators in one process", kSlots));
}

CommunicatorRef HandleTable::enter(Handle handle, bool alsoRetired) {
  const auto index = static_cast<uint32_t>(handle >> 1) & (kSlots - 1);
  Slot& slot = slots_[index];
  const uint64_t before = slot.word.fetch_add(1, std::memory_order_acquire);
  // A retired communicator cannot go any more once this call is counted.
  const uint64_t state = before & kStateMask;
  if ((state == kLive || (alsoRetired && state == kDying)) &&
      toHandle(index, slot.generation.load(std::memory_order_relaxed)) == handle)
    return CommunicatorRef(index, slot.communicator);
  leave(index);
  return {};
}

bool HandleTable::retire(const CommunicatorRef& reference) {
  Slot& slot = slots_[reference.slot_];
  uint64_t word = slot.word.load();
  while ((word & kStateMask) == kLive) {
    if (slot.word.compare_exchange_weak(word, (word & ~kStateMask) | kDying)) return true;
  }
  return false;
}

void HandleTable::leave(uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.word.fetch_sub(1, std::memory_order_acq_rel) - 1 != kDying) return;
  // The last one out of a retired slot; a late caller with a stale handle may try this as well, and
  // by now the slot may have another communicator, retired too. Whoever wins the slot takes what is
  // in it then.
  uint64_t expected = kDying;
  if (!slot.word.compare_exchange_strong(expected, kFilling)) return;
  Communicator* const communicator = std::exchange(slot.communicator, nullptr);
  slot.generation.fetch_add(1);
  slot.word.fetch_and(~kFilling);
  delete communicator;
}

void CommunicatorRef::leave() { HandleTable::instance().leave(slot_); }

uint32_t CommunicatorRef::callsInside() const {
  return static_cast<uint32_t>(
      HandleTable::instance().slots_[slot_].word.load(std::memory_order_acquire));
}

}  // namespace inccl::comm
