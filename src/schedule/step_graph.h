// All steps of all ranks as one graph: who must finish before whom.
//
// Lanes, `after` and messages are edges; and since a channel holds only so many messages, so is the
// room in it: the (k+slots)-th send of a FIFO waits for its k-th receive. A step that receives and
// sends is one node, because it keeps its incoming slot until it has an outgoing one. Each FIFO has
// one sending and one receiving lane, so the order in which an executor happens to poll its lanes
// cannot change who waits for whom: a schedule stops in one execution exactly when it stops in all,
// and that is when this graph has a circle. Slices only add edges forward, from one run of the
// program to the next, so a circle never spans slices and looking at one slice is enough.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule {

using StepId = uint32_t;
constexpr StepId kNoStep = UINT32_MAX;

class StepGraph {
 public:
  // Matches sends with receives. `schedule` must be valid (validate.h) and outlive the graph. Fails
  // when a FIFO has a send without receive or the other way round.
  static Result<StepGraph> build(const Schedule& schedule);

  [[nodiscard]] const Schedule& schedule() const { return *schedule_; }
  [[nodiscard]] StepId stepCount() const { return static_cast<StepId>(places_.size()); }
  [[nodiscard]] const StepPlace& place(StepId id) const { return places_[id]; }
  [[nodiscard]] const Step& step(StepId id) const {
    const StepPlace& at = places_[id];
    return schedule_->ranks[at.rank].lanes[at.lane].steps[at.step];
  }
  [[nodiscard]] const Lane& lane(StepId id) const {
    return schedule_->ranks[places_[id].rank].lanes[places_[id].lane];
  }
  [[nodiscard]] StepId find(const StepPlace& place) const {
    return firstOfLane_[firstLaneOfRank_[place.rank] + place.lane] + place.step;
  }
  // The step whose message `receiver` takes; kNoStep when it takes none.
  [[nodiscard]] StepId senderOf(StepId receiver) const { return links_[receiver].sender; }

  // Calls visit(predecessor) for what must have finished before `id`: by order of its lane, by
  // `after`, and by its message.
  template <typename Visit>
  void forEachPredecessor(StepId id, Visit&& visit) const {
    const StepPlace& at = places_[id];
    if (at.step > 0) visit(id - 1);
    for (const StepRef& ref : step(id).after) visit(find({at.rank, ref.lane, ref.step}));
    if (links_[id].sender != kNoStep) visit(links_[id].sender);
  }

  // All steps in an order in which they can run with `slotsPerChannel` messages of room in each
  // FIFO, or the circle in which they wait.
  [[nodiscard]] Result<std::vector<StepId>> order(uint32_t slotsPerChannel) const;

 private:
  // A step's part in its FIFOs.
  struct Link {
    StepId sender = kNoStep;
    uint32_t sendFifo = UINT32_MAX;  // index of fifos_
    uint32_t sendIndex = 0;          // this is the FIFO's sendIndex-th message
  };
  struct Fifo {
    std::vector<StepId> receivers;
  };

  explicit StepGraph(const Schedule& schedule);
  Status matchMessages();
  Status matchFifo(const std::vector<StepId>& senders, std::vector<StepId> receivers);
  // The receive that makes room for the message of `id`; kNoStep when there is room from the start.
  [[nodiscard]] StepId makesRoomFor(StepId id, uint32_t slotsPerChannel) const;
  [[nodiscard]] std::string describeCircle(const std::vector<bool>& finished,
                                           uint32_t slotsPerChannel) const;
  template <typename Visit>
  void forEachWait(StepId id, uint32_t slotsPerChannel, Visit&& visit) const {
    forEachPredecessor(id, visit);
    if (const StepId room = makesRoomFor(id, slotsPerChannel); room != kNoStep) visit(room);
  }

  const Schedule* schedule_;
  std::vector<StepPlace> places_;
  std::vector<uint32_t> firstLaneOfRank_;
  std::vector<StepId> firstOfLane_;  // over all lanes of all ranks
  std::vector<Link> links_;
  std::vector<Fifo> fifos_;
};

}  // namespace inccl::schedule
