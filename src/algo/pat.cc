// PAT, parallel aggregated trees: for each rank's block one binomial tree, shifted so that it
// starts at its owner, all at once. Few steps like Bruck's, but the far messages carry one block
// and the near ones many, and memory does not grow with the number of ranks. (S. Jeaugey: "PAT: a
// new algorithm for all-gather and reduce-scatter operations at scale", 2025, used by NCCL
// from 2.23.)
//   all-gather       bytes sent per rank (n-1)·S for blocks of S, steps ceil(log2 n)
//   reduce-scatter   the same
//
// In the tree of a block a rank's label is its distance behind the owner. A label's parent is it
// without its lowest bit b, its children are label + b/2, b/4 … 1. So a rank talks to the ranks at
// distances 2^k only. Each lane takes from one distance and gives to the next: a block that came
// over distance 2d goes on over d without a stop (and, summing, the other way round).
//
// All ranks go through their labels in one order: nothing waits for a label that is later in it, so
// nobody waits in a circle, whatever room there is.
#include <algorithm>
#include <bit>

#include "algo/generators.h"
#include "schedule/builder.h"

namespace inccl::algo {

using schedule::ChunkRef;
using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;
using schedule::scratch;
using schedule::StepRef;

namespace {

// A rank's place in the trees of n ranks.
struct Place {
  int rank;
  int n;
  // Whose block it is in whose tree this rank has `label`.
  [[nodiscard]] int owner(int label) const { return (rank + n - label) % n; }
  [[nodiscard]] int above(int distance) const { return (rank + distance) % n; }
  [[nodiscard]] int below(int distance) const { return (rank + n - distance) % n; }
};

// How far label's parent is; for the owner itself, twice as far as its farthest child.
int parentDistance(int label, int n) {
  return label == 0 ? static_cast<int>(std::bit_ceil(static_cast<unsigned>(n))) : label & -label;
}

// The label's children, nearest first.
std::vector<int> childDistances(int label, int n) {
  std::vector<int> distances;
  for (int d = 1; d < parentDistance(label, n) && label + d < n; d *= 2) distances.push_back(d);
  return distances;
}

// Scratch chunks used in turn; each is written anew only when its content has been sent.
class SumPlaces {
 public:
  explicit SumPlaces(int n) : lastUse_(std::bit_width(static_cast<unsigned>(n - 1))) {}
  uint32_t take() { return used_++ % static_cast<uint32_t>(lastUse_.size()); }
  [[nodiscard]] const LaneBuilder::After& free(uint32_t place) const { return lastUse_[place]; }
  void sent(uint32_t place, StepRef step) { lastUse_[place] = {step}; }
  [[nodiscard]] uint32_t chunks() const {
    return std::min(used_, static_cast<uint32_t>(lastUse_.size()));
  }

 private:
  std::vector<LaneBuilder::After> lastUse_;
  uint32_t used_ = 0;
};

// Adds a rank's part in the tree in which it has `label`: its own and what its children bring goes
// to its parent, or, at the owner, stays.
void addSum(ScheduleBuilder& pat, const Place& at, int label, SumPlaces& places) {
  const int toParent = parentDistance(label, at.n);
  const std::vector<int> children = childDistances(label, at.n);
  // Takes from `distance` and gives to twice that.
  const auto lane = [&](int distance) {
    return pat.lane(at.rank, 0, 2 * distance < at.n ? at.below(2 * distance) : -1,
                    at.above(distance));
  };
  const auto sendOnly = [&] {
    return toParent == 1 ? pat.lane(at.rank, 0, at.below(1)) : lane(toParent / 2);
  };
  ChunkRef soFar = input(at.owner(label));
  LaneBuilder::After last;
  const auto goesOn = [&](int distance) { return label > 0 && 2 * distance == toParent; };
  const bool adds = label > 0 && !children.empty() && !goesOn(children.front());
  const uint32_t place = adds ? places.take() : 0;
  if (adds) last = places.free(place);
  StepRef sent;
  for (const int distance : children) {
    if (goesOn(distance)) {
      sent = lane(distance).recvReduceSend(soFar, last);
      break;
    }
    const ChunkRef sum = label == 0 ? output(0) : scratch(place);
    last = {lane(distance).recvReduceCopy(soFar, sum, last)};
    soFar = sum;
  }
  if (label > 0 && (children.empty() || !goesOn(children.back())))
    sent = sendOnly().send(soFar, last);
  if (adds) places.sent(place, sent);
}

// Adds a rank's part in the tree in which it has `label`: the block comes from its parent and goes
// to its children, the farthest first, which has the most to do.
void addSpread(ScheduleBuilder& pat, const Place& at, int label) {
  const int fromParent = parentDistance(label, at.n);
  std::vector<int> children = childDistances(label, at.n);
  std::reverse(children.begin(), children.end());
  // Takes from twice the distance and gives to `distance`.
  const auto lane = [&](int distance) {
    return pat.lane(at.rank, 0, at.above(distance),
                    2 * distance < at.n ? at.below(2 * distance) : -1);
  };
  if (label == 0) {
    for (const int distance : children) lane(distance).send(input(0));
    pat.lane(at.rank, 0).copy(input(0), output(at.rank));
    return;
  }
  const ChunkRef block = output(at.owner(label));
  LaneBuilder::After came;
  if (fromParent == 1) {
    pat.lane(at.rank, 0, -1, at.below(1)).recv(block);
  } else if (!children.empty() && 2 * children.front() == fromParent) {
    came = {lane(children.front()).recvCopySend(block)};
    children.erase(children.begin());
  } else {
    came = {lane(fromParent / 2).recv(block)};
  }
  for (const int distance : children) lane(distance).send(block, came);
}

}  // namespace

Result<Schedule> patAllGather(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder pat("pat", Collective::kAllGather, n);
  pat.chunks(1, n);
  for (int rank = 0; rank < n; ++rank) {
    for (int label = 0; label < n; ++label) addSpread(pat, {rank, n}, label);
  }
  return std::move(pat).build();
}

// From the highest label down, which is from the leaves to the owner; partial sums wait in no more
// than log2 n chunks.
Result<Schedule> patReduceScatter(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder pat("pat", Collective::kReduceScatter, n);
  uint32_t scratchChunks = 0;
  for (int rank = 0; rank < n; ++rank) {
    SumPlaces places(n);
    for (int label = n - 1; label >= 0; --label) addSum(pat, {rank, n}, label, places);
    scratchChunks = std::max(scratchChunks, places.chunks());
  }
  pat.chunks(n, 1, scratchChunks);
  return std::move(pat).build();
}

}  // namespace inccl::algo
