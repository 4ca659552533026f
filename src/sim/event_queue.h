// What happens next, in an order without ties: by time, then by when it was foreseen.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "topo/rate.h"

namespace inccl::sim {

enum class EventKind : uint8_t {
  kHead,         // a message's head comes to its next hop: target is the message
  kArrived,      // a message is there as a whole: target is its FIFO
  kContributed,  // a contribution's head is at its switch: target is the message
  kAnswered,     // an aggregate step's answer is there: target is the lane
  kWorked,       // a lane's work is done: target is the lane
};

struct Event {
  topo::Picoseconds time = 0;
  uint64_t order = 0;
  uint32_t target = 0;
  EventKind kind = EventKind::kHead;
};

class EventQueue {
 public:
  void add(topo::Picoseconds time, EventKind kind, uint32_t target) {
    queue_.push({time, added_++, target, kind});
  }
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  Event take() {
    const Event next = queue_.top();
    queue_.pop();
    return next;
  }

 private:
  struct IsLater {
    bool operator()(const Event& a, const Event& b) const {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, IsLater> queue_;
  uint64_t added_ = 0;
};

}  // namespace inccl::sim
