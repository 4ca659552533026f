#include "verify/races.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace inccl::verify {
namespace {

using schedule::ChunkRef;
using schedule::Schedule;
using schedule::Step;
using schedule::StepGraph;
using schedule::StepId;
using schedule::StepPlace;
using schedule::StepRef;

struct Access {
  StepRef at;
  bool writes;
  ChunkRef chunk;
};

class RankRaces {
 public:
  RankRaces(const Schedule& schedule, const MemoryMap& memory, int rank)
      : schedule_(schedule),
        memory_(memory),
        rank_(rank),
        laneCount_(schedule.ranks[rank].lanes.size()) {
    for (const schedule::Lane& lane : schedule.ranks[rank].lanes) {
      firstOfLane_.push_back(stepCount_);
      stepCount_ += lane.steps.size();
    }
    clocks_.resize(stepCount_ * laneCount_, 0);
    accesses_.resize(memory.cellCount());
  }

  // Steps of this rank, in an order in which they can run.
  void add(StepRef at, const Step& step) {
    const std::span<uint32_t> mine = clock(at);
    if (at.step > 0) join(mine, {at.lane, at.step - 1});
    for (const StepRef& before : step.after) join(mine, before);
    if (memory_.touchesNothing(rank_, step)) return;
    for (const ChunkRef& source : step.sources) addAccess({at, false, source});
    if (step.destination) addAccess({at, true, *step.destination});
  }

  [[nodiscard]] Status check() const {
    for (const std::vector<Access>& accesses : accesses_) {
      for (const Access& write : accesses) {
        if (!write.writes) continue;
        for (const Access& other : accesses) {
          if (!areOrdered(write.at, other.at)) return refuse(write, other);
        }
      }
    }
    return {};
  }

 private:
  std::span<uint32_t> clock(StepRef at) {
    return {clocks_.data() + (firstOfLane_[at.lane] + at.step) * laneCount_, laneCount_};
  }
  void join(std::span<uint32_t> mine, StepRef before) {
    const std::span<uint32_t> its = clock(before);
    for (size_t lane = 0; lane < laneCount_; ++lane) mine[lane] = std::max(mine[lane], its[lane]);
    mine[before.lane] = std::max(mine[before.lane], before.step + 1);
  }
  void addAccess(Access access) { accesses_[memory_.cell(rank_, access.chunk)].push_back(access); }

  [[nodiscard]] bool precedes(StepRef a, StepRef b) const {
    return clocks_[(firstOfLane_[b.lane] + b.step) * laneCount_ + a.lane] > a.step;
  }
  [[nodiscard]] bool areOrdered(StepRef a, StepRef b) const {
    return a == b || precedes(a, b) || precedes(b, a);
  }
  [[nodiscard]] Status refuse(const Access& write, const Access& other) const {
    return invalidArgument(fmt::format(
        "{}: writes {} in no fixed order with {}, which {} {}",
        describe(schedule_, StepPlace{rank_, write.at.lane, write.at.step}), describe(write.chunk),
        describe(schedule_, StepPlace{rank_, other.at.lane, other.at.step}),
        other.writes ? "writes" : "reads", describe(other.chunk)));
  }

  const Schedule& schedule_;
  const MemoryMap& memory_;
  int rank_;
  size_t laneCount_;
  size_t stepCount_ = 0;
  std::vector<size_t> firstOfLane_;
  std::vector<uint32_t> clocks_;               // stepCount_ rows of laneCount_
  std::vector<std::vector<Access>> accesses_;  // by cell
};

}  // namespace

Status checkRaces(const StepGraph& graph, const std::vector<StepId>& order,
                  const MemoryMap& memory) {
  const Schedule& schedule = graph.schedule();
  std::vector<std::vector<StepId>> ofRank(schedule.rankCount);
  for (const StepId id : order) ofRank[graph.place(id).rank].push_back(id);
  for (int rank = 0; rank < schedule.rankCount; ++rank) {
    RankRaces races(schedule, memory, rank);
    for (const StepId id : ofRank[rank])
      races.add({graph.place(id).lane, graph.place(id).step}, graph.step(id));
    INCCL_TRY(races.check());
  }
  return {};
}

}  // namespace inccl::verify
