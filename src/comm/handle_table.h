// Communicator handles: ids that may be wrong, stale or foreign without doing harm.
//
// A handle is the number of a slot and the slot's generation; nothing is read through it before
// both were checked. A slot counts the calls that are inside its communicator. Retiring a handle
// (destroy, abort) lets nobody in any more but an abort; the communicator goes when the last call
// has left. The whole of it is one word per slot: state in the high bits, calls in the low ones, so
// that entering and leaving cost one atomic addition each.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/status.h"

namespace inccl::comm {

class Communicator;

// A communicator that cannot go while this lives. Empty when the handle was not good.
class CommunicatorRef {
 public:
  CommunicatorRef() = default;
  CommunicatorRef(CommunicatorRef&& other) noexcept
      : slot_(std::exchange(other.slot_, kNone)),
        communicator_(std::exchange(other.communicator_, nullptr)) {}
  CommunicatorRef& operator=(CommunicatorRef&& other) noexcept {
    std::swap(slot_, other.slot_);
    std::swap(communicator_, other.communicator_);
    return *this;
  }
  ~CommunicatorRef() {
    if (communicator_) leave();
  }
  explicit operator bool() const { return communicator_ != nullptr; }
  Communicator* operator->() const { return communicator_; }
  Communicator& operator*() const { return *communicator_; }
  // Calls inside this communicator, this one included.
  [[nodiscard]] uint32_t callsInside() const;

 private:
  friend class HandleTable;
  static constexpr uint32_t kNone = ~0u;
  CommunicatorRef(uint32_t slot, Communicator* communicator)
      : slot_(slot), communicator_(communicator) {}
  void leave();

  uint32_t slot_ = kNone;
  Communicator* communicator_ = nullptr;
};

using Handle = uintptr_t;  // never 0

class HandleTable {
 public:
  // Communicators that one process may have.
  static constexpr uint32_t kSlots = 4096;

  // The process's table.
  static HandleTable& instance();

  Result<Handle> add(std::unique_ptr<Communicator> communicator);
  // Empty for a handle that is not, or no longer, good.
  [[nodiscard]] CommunicatorRef enter(Handle handle) { return enter(handle, false); }
  // The same, but also after retire() as long as calls are inside: what ends them must get in.
  [[nodiscard]] CommunicatorRef enterUntilGone(Handle handle) { return enter(handle, true); }
  // Lets nobody in any more. False when somebody else did that first.
  bool retire(const CommunicatorRef& reference);

 private:
  friend class CommunicatorRef;
  static constexpr uint64_t kFree = 0, kLive = uint64_t{1} << 62, kDying = uint64_t{1} << 63,
                            kFilling = kLive | kDying, kStateMask = kFilling;
  struct alignas(64) Slot {
    std::atomic<uint64_t> word{kFree};
    std::atomic<uint32_t> generation{1};
    Communicator* communicator = nullptr;
  };
  CommunicatorRef enter(Handle handle, bool alsoRetired);
  void leave(uint32_t slot);

  Slot slots_[kSlots];
};

}  // namespace inccl::comm
