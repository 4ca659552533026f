#include "switch/switchml/slot_state.h"

#include <algorithm>

namespace inccl::switchml {
namespace {

using Words = std::span<uint32_t>;

// The first use of each set in an epoch.
constexpr bool isFirst(uint32_t generation) { return generation <= 1; }

bool isFull(Words bitmap, uint32_t fanIn) {
  for (uint32_t word = 0; word < SlotState::bitmapWords(fanIn); ++word) {
    const uint32_t left = fanIn - 32 * word;
    if (bitmap[word] != (left >= 32 ? UINT32_MAX : (1u << left) - 1)) return false;
  }
  return true;
}

UseState open(Words use, const Contribution& mine) {
  use[0] = mine.generation;
  const Words bitmap = use.subspan(1);
  std::ranges::fill(bitmap, 0);
  bitmap[mine.worker / 32] = 1u << mine.worker % 32;
  return {UseOutcome::kOpened, isFull(bitmap, mine.fanIn)};
}

UseState change(Words use, const Contribution& mine, bool isFresh) {
  if (isFresh) return open(use, mine);
  const Words bitmap = use.subspan(1);
  if (use[0] == mine.generation) {
    uint32_t& word = bitmap[mine.worker / 32];
    const uint32_t bit = 1u << mine.worker % 32;
    const bool isNew = (word & bit) == 0;
    word |= bit;
    return {isNew ? UseOutcome::kAdded : UseOutcome::kRepeated, isFull(bitmap, mine.fanIn)};
  }
  const bool isNext = mine.generation == use[0] + 2;
  if (isNext && isFull(bitmap, mine.fanIn)) return open(use, mine);
  // Generations are compared around the end of their numbers.
  const bool isLater = static_cast<int32_t>(mine.generation - use[0]) > 0;
  return {isLater ? UseOutcome::kTooEarly : UseOutcome::kStale, false};
}

}  // namespace

SlotState::SlotState(pipeline::Pipeline& pipeline, uint32_t entries, uint32_t mostFanIn)
    : owners_(pipeline, "owner", {0, kOwnerStage}, entries, 1),
      uses_(pipeline, "use", {0, kUseStage}, entries, 1 + bitmapWords(mostFanIn)) {}

UseState SlotState::contribute(pipeline::Pass& pass, const Contribution& mine) {
  enum class Owner : uint8_t { kMine, kFresh, kOther };
  const Owner owner = owners_.update(pass, mine.entry, [&](Words session) {
    if (session[0] == mine.session) return Owner::kMine;
    // A later use may not claim the set: its own registers would never follow.
    if (!isFirst(mine.generation)) return Owner::kOther;
    session[0] = mine.session;
    return Owner::kFresh;
  });
  if (owner == Owner::kOther) return {UseOutcome::kTooEarly, false};
  return uses_.update(pass, mine.entry,
                      [&](Words use) { return change(use, mine, owner == Owner::kFresh); });
}

SlotState::Progress SlotState::look(pipeline::Pass& pass, const Contribution& asked,
                                    std::span<uint32_t> bitmap) {
  std::ranges::fill(bitmap, 0);
  const bool owned =
      owners_.update(pass, asked.entry, [&](Words session) { return session[0] == asked.session; });
  return uses_.update(pass, asked.entry, [&](Words use) {
    if (!owned) return Progress::kNotOpened;
    if (use[0] != asked.generation) {
      const bool isLater = static_cast<int32_t>(asked.generation - use[0]) > 0;
      return isLater ? Progress::kNotOpened : Progress::kOver;
    }
    const Words contributed = use.subspan(1, bitmapWords(asked.fanIn));
    std::ranges::copy(contributed, bitmap.begin());
    return isFull(contributed, asked.fanIn) ? Progress::kComplete : Progress::kOpen;
  });
}

void SlotState::clear() {
  owners_.clear();
  uses_.clear();
}

}  // namespace inccl::switchml
