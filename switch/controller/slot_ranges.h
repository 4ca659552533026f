// Which slots are free: ranges for jobs, given out from the lowest place where they fit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace inccl::controller {

class SlotRanges {
 public:
  explicit SlotRanges(uint32_t slots) { free_[0] = slots; }

  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  // `wanted`, or the most that is free in one piece, but not less than `least`.
  std::optional<Range> take(uint32_t wanted, uint32_t least) {
    auto best = free_.end();
    for (auto at = free_.begin(); at != free_.end(); ++at) {
      if (at->second >= wanted) {
        best = at;
        break;
      }
      if (best == free_.end() || at->second > best->second) best = at;
    }
    if (best == free_.end() || best->second < std::max(least, 1u)) return std::nullopt;
    const Range range{best->first, std::min(wanted, best->second)};
    const uint32_t left = best->second - range.count;
    free_.erase(best);
    if (left > 0) free_[range.first + range.count] = left;
    return range;
  }
  void giveBack(Range range) {
    const auto after = free_.lower_bound(range.first);
    if (after != free_.end() && range.first + range.count == after->first) {
      range.count += after->second;
      free_.erase(after);
    }
    const auto next = free_.lower_bound(range.first);
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == range.first) {
        before->second += range.count;
        return;
      }
    }
    free_[range.first] = range.count;
  }
  [[nodiscard]] uint32_t free() const {
    uint32_t all = 0;
    for (const auto& [first, count] : free_) all += count;
    return all;
  }

 private:
  std::map<uint32_t, uint32_t> free_;  // first slot, how many
};

}  // namespace inccl::controller
