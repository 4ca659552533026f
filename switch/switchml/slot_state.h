// Which use of a slot is open, and who has contributed to it: the registers that make sums right.
//
// Each slot has two sets of registers, used in turn: while the next use fills one, the result of
// the last stays in the other for those who missed it. A published bit says whose turn it is; that
// is right only where nothing overtakes (a packet of use g that arrives when g + 2 is open looks
// like a contribution to it). Here each set stores the generation of its use, and a packet counts
// only for exactly that. A set goes on to generation g + 2, and to no other, when the one that it
// has is complete; so neither a late packet nor a broken worker can destroy a sum that is still
// filling.
//
// After a change of epoch nothing is cleared: `owner` stores the session of each set, and a set
// whose session differs is free for the first use of the new one, generation 0 or 1. Lost registers
// (all zero, and no session is 0) are the same case: a job in the middle cannot go on, which its
// workers notice as silence.
//
// Two arrays, each met once: `owner` in stage 1, `use` (generation and bitmap, one wide entry) in
// stage 2. That a set is complete is seen from its bitmap, so no counter is needed.
#pragma once

#include <cstdint>
#include <span>

#include "switch/pipeline/register_array.h"

namespace inccl::switchml {

enum class UseOutcome : uint8_t {
  kOpened,    // the first contribution
  kAdded,     // another one
  kRepeated,  // of a worker that has contributed
  kStale,     // the set is further, or another session's
  kTooEarly,  // the set's use is not complete
};

struct UseState {
  UseOutcome outcome = UseOutcome::kStale;
  bool complete = false;  // all have contributed
  [[nodiscard]] bool counts() const {
    return outcome == UseOutcome::kOpened || outcome == UseOutcome::kAdded;
  }
};

struct Contribution {
  size_t entry = 0;  // of the slot's set
  uint32_t session = 0;
  uint32_t generation = 0;
  uint32_t worker = 0;
  uint32_t fanIn = 0;
};

class SlotState {
 public:
  static constexpr uint32_t kOwnerStage = 1, kUseStage = 2;

  SlotState(pipeline::Pipeline& pipeline, uint32_t entries, uint32_t mostFanIn);

  [[nodiscard]] UseState contribute(pipeline::Pass& pass, const Contribution& mine);

  enum class Progress : uint8_t { kNotOpened, kOpen, kComplete, kOver };
  // What a probe asks; `bitmap` gets who has contributed (zero where the use is not open).
  [[nodiscard]] Progress look(pipeline::Pass& pass, const Contribution& asked,
                              std::span<uint32_t> bitmap);

  static uint32_t bitmapWords(uint32_t fanIn) { return (fanIn + 31) / 32; }
  void clear();
  [[nodiscard]] pipeline::RegisterArray& owners() { return owners_; }
  [[nodiscard]] pipeline::RegisterArray& uses() { return uses_; }

 private:
  pipeline::RegisterArray owners_;  // session
  pipeline::RegisterArray uses_;    // generation, bitmap …
};

}  // namespace inccl::switchml
