// Which slots have waited too long: a list for each number of questions asked, oldest first.
//
// All slots of one list wait equally long, so the first of a list is due first: arming, disarming
// and looking are all O(1), whatever the number of slots. (When the measured round trip shrinks, a
// slot may be noticed as late as the one before it, which costs a little time and nothing else.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace inccl::ina {

class TimeoutLists {
 public:
  static constexpr uint32_t kLevels = 12, kNone = UINT32_MAX;

  explicit TimeoutLists(uint32_t slots) : nodes_(slots) {}

  // The slot is due at `due`; `level` is how often it was already asked about.
  void arm(uint32_t slot, uint32_t level, Nanos due) {
    disarm(slot);
    Node& node = nodes_[slot];
    node.level = std::min(level, kLevels - 1);
    node.due = due;
    node.armed = true;
    List& list = lists_[node.level];
    node.before = list.last;
    node.after = kNone;
    (list.last == kNone ? list.first : nodes_[list.last].after) = slot;
    list.last = slot;
  }
  void disarm(uint32_t slot) {
    Node& node = nodes_[slot];
    if (!node.armed) return;
    List& list = lists_[node.level];
    (node.before == kNone ? list.first : nodes_[node.before].after) = node.after;
    (node.after == kNone ? list.last : nodes_[node.after].before) = node.before;
    node.armed = false;
  }
  // A slot that is due, taken off its list; kNone when none is.
  uint32_t takeDue(Nanos now) {
    for (const List& list : lists_) {
      if (list.first == kNone || nodes_[list.first].due > now) continue;
      const uint32_t slot = list.first;
      disarm(slot);
      return slot;
    }
    return kNone;
  }
  // When the next is due; `otherwise` when nothing is armed.
  [[nodiscard]] Nanos next(Nanos otherwise) const {
    Nanos soonest = otherwise;
    for (const List& list : lists_) {
      if (list.first != kNone) soonest = std::min(soonest, nodes_[list.first].due);
    }
    return soonest;
  }

 private:
  struct Node {
    uint32_t before = kNone, after = kNone;
    uint32_t level = 0;
    bool armed = false;
    Nanos due = 0;
  };
  struct List {
    uint32_t first = kNone, last = kNone;
  };
  std::vector<Node> nodes_;
  List lists_[kLevels];
};

}  // namespace inccl::ina
