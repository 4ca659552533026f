// Gather and scatter along k-nomial trees: blocks of many ranks pass through few, so the root talks
// to (k-1)·log_k n ranks instead of n - 1.
//   bytes through the root (n-1)·S for blocks of S, as always; through an inner rank the blocks of
//   its subtree; rounds ceil(log_k n).
//
// Blocks have no names on their way: both ends of an edge list the subtree below it in the same
// order. A rank between keeps what passes in a few scratch chunks, used in turn, so its memory does
// not grow with its subtree; a chunk is received only when the one before it in that place has been
// sent on. Nothing here waits for what is nearer to the end of its way, so nobody waits in a
// circle.
#include <algorithm>

#include "algo/generators.h"
#include "algo/tree_shape.h"
#include "schedule/builder.h"

namespace inccl::algo {

using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;
using schedule::scratch;
using schedule::StepRef;

namespace {

constexpr size_t kPlacesOfAChild = 2;     // gather
constexpr size_t kPlacesOfTheParent = 4;  // scatter

// The blocks that pass through a rank from one of its peers, in `places` scratch chunks from
// `first`.
class PassingBlocks {
 public:
  PassingBlocks(uint32_t first, size_t places) : first_(first), places_(places) {}
  // Adds the steps of the next one.
  void pass(LaneBuilder from, LaneBuilder to) {
    const auto place = scratch(first_ + static_cast<uint32_t>(sent_.size() % places_));
    LaneBuilder::After free;
    if (sent_.size() >= places_) free = {sent_[sent_.size() - places_]};
    const StepRef came = from.recv(place, std::move(free));
    sent_.push_back(to.send(place, {came}));
  }

 private:
  uint32_t first_;
  size_t places_;
  std::vector<StepRef> sent_;
};

}  // namespace

// Each rank sends its own block first, then what its children send, the smallest subtree first.
Result<Schedule> knomialGather(std::string name, int rankCount, int root, int radix) {
  const int n = rankCount;
  const Tree tree = knomialTree(n, root, radix);
  ScheduleBuilder builder(std::move(name), Collective::kGather, n);
  uint32_t scratchChunks = 0;
  for (int rank = 0; rank < n; ++rank) {
    if (rank == root) continue;
    LaneBuilder up = builder.lane(rank, 0, tree.parents[rank]);
    up.send(input(0));
    uint32_t first = 0;
    for (const int child : tree.children[rank]) {
      const size_t blocks = tree.subtree(child).size();
      const size_t places = std::min(blocks, kPlacesOfAChild);
      PassingBlocks passing(first, places);
      for (size_t block = 0; block < blocks; ++block)
        passing.pass(builder.lane(rank, 0, -1, child), up);
      first += static_cast<uint32_t>(places);
    }
    scratchChunks = std::max(scratchChunks, first);
  }
  for (const int child : tree.children[root]) {
    for (const int rank : tree.subtree(child)) builder.lane(root, 0, -1, child).recv(output(rank));
  }
  builder.lane(root, 0).copy(input(0), output(root));
  builder.root(root).chunks(1, n, scratchChunks);
  return std::move(builder).build();
}

// The other way round: the blocks with the longest way first, a rank's own block last.
Result<Schedule> knomialScatter(std::string name, int rankCount, int root, int radix) {
  const int n = rankCount;
  const Tree tree = knomialTree(n, root, radix);
  ScheduleBuilder builder(std::move(name), Collective::kScatter, n);
  uint32_t scratchChunks = 0;
  for (int rank = 0; rank < n; ++rank) {
    if (rank == root) continue;
    LaneBuilder down = builder.lane(rank, 0, -1, tree.parents[rank]);
    const size_t places = std::min(tree.subtree(rank).size() - 1, kPlacesOfTheParent);
    PassingBlocks passing(0, places);
    const std::vector<int>& children = tree.children[rank];
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      for (size_t left = tree.subtree(*child).size(); left > 0; --left)
        passing.pass(down, builder.lane(rank, 0, *child));
    }
    down.recv(output(0));
    scratchChunks = std::max(scratchChunks, static_cast<uint32_t>(places));
  }
  for (const int child : tree.children[root]) {
    std::vector<int> ranks = tree.subtree(child);
    std::reverse(ranks.begin(), ranks.end());
    for (const int rank : ranks) builder.lane(root, 0, child).send(input(rank));
  }
  builder.lane(root, 0).copy(input(root), output(0));
  builder.root(root).chunks(n, 1, scratchChunks);
  return std::move(builder).build();
}

}  // namespace inccl::algo
