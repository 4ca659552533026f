// Trees for broadcast, reduce and all-reduce: sums flow up, results flow down.
//
// One set of functions serves all shapes (tree_shape.h). The vector is cut into pieces, which
// follow each other through the tree, so that a long vector costs about its own time, and the
// height of the tree once, for a piece.
//   binary tree     bytes through an inner rank 2·S in, S out; steps height (+ pieces - 1)
//   two trees       bytes through a rank S in, S out (all-reduce: twice that); the same steps
//   k-nomial tree   whole vectors in ceil(log_k n) rounds: for short ones
//
// A rank adds what its children send to its own, the smallest subtree first, which is done first.
// The sum is made at the root and copied from there, so trees are equal everywhere. In place: what
// comes down is written only after this rank's sum went up, and that is its last use.
#include <algorithm>

#include "algo/generators.h"
#include "algo/tree_shape.h"
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

// Trees that share the vector: piece p flows through tree p mod trees.size(), each on a channel of
// its own, because two ranks may be parent and child in one and child and parent in the other.
struct Forest {
  std::vector<Tree> trees;
  uint32_t pieces;
  [[nodiscard]] const Tree& treeOf(uint32_t piece) const { return trees[piece % trees.size()]; }
  [[nodiscard]] uint32_t channelOf(uint32_t piece) const {
    return piece % static_cast<uint32_t>(trees.size());
  }
};

// Adds what `rank` does to sum one piece, its own sum so far lying at `sum`. Returns the last step:
// at the root `sum` is complete, elsewhere it is on its way to the parent.
StepRef sumUp(ScheduleBuilder& builder, const Forest& forest, uint32_t piece, int rank,
              ChunkRef sum) {
  const Tree& tree = forest.treeOf(piece);
  const uint32_t channel = forest.channelOf(piece);
  const int parent = tree.parents[rank];
  const std::vector<int>& children = tree.children[rank];
  if (children.empty()) return builder.lane(rank, channel, parent).send(input(piece));
  ChunkRef soFar = input(piece);
  LaneBuilder::After last;
  for (const int child : children) {
    if (child == children.back() && parent >= 0)
      return builder.lane(rank, channel, parent, child).recvReduceSend(soFar, last);
    last = {builder.lane(rank, channel, -1, child).recvReduceCopy(soFar, sum, last)};
    soFar = sum;
  }
  return last.front();
}

// Adds what `rank` does to pass one piece on, the largest subtree first. The root sends `whole`;
// nothing is sent by it, or written by others, before `ready`.
void handDown(ScheduleBuilder& builder, const Forest& forest, uint32_t piece, int rank,
              ChunkRef whole, const LaneBuilder::After& ready) {
  const Tree& tree = forest.treeOf(piece);
  const uint32_t channel = forest.channelOf(piece);
  const int parent = tree.parents[rank];
  std::vector<int> children(tree.children[rank].rbegin(), tree.children[rank].rend());
  LaneBuilder::After came = ready;
  if (parent >= 0) {
    whole = output(piece);
    const int first = children.empty() ? -1 : children.front();
    LaneBuilder lane = builder.lane(rank, channel, first, parent);
    came = {first < 0 ? lane.recv(whole, ready) : lane.recvCopySend(whole, ready)};
    if (first >= 0) children.erase(children.begin());
  }
  for (const int child : children) builder.lane(rank, channel, child).send(whole, came);
}

Result<Schedule> broadcastDown(std::string name, const Forest& forest) {
  const int root = forest.trees[0].root;
  const auto n = static_cast<int>(forest.trees[0].parents.size());
  ScheduleBuilder builder(std::move(name), Collective::kBroadcast, n);
  builder.root(root).chunks(forest.pieces, forest.pieces);
  for (int rank = 0; rank < n; ++rank) {
    for (uint32_t piece = 0; piece < forest.pieces; ++piece)
      handDown(builder, forest, piece, rank, input(piece), {});
  }
  for (uint32_t piece = 0; piece < forest.pieces; ++piece)
    builder.lane(root, 0).copy(input(piece), output(piece));
  return std::move(builder).build();
}

Result<Schedule> reduceUp(std::string name, const Forest& forest) {
  const int root = forest.trees[0].root;
  const auto n = static_cast<int>(forest.trees[0].parents.size());
  ScheduleBuilder builder(std::move(name), Collective::kReduce, n);
  // A rank with one child adds on the way; only the root has an output to add in.
  bool needsScratch = false;
  for (const Tree& tree : forest.trees) {
    for (int rank = 0; rank < n; ++rank)
      needsScratch = needsScratch || (rank != root && tree.children[rank].size() > 1);
  }
  builder.root(root).chunks(forest.pieces, forest.pieces, needsScratch ? forest.pieces : 0);
  for (int rank = 0; rank < n; ++rank) {
    for (uint32_t piece = 0; piece < forest.pieces; ++piece)
      sumUp(builder, forest, piece, rank, rank == root ? output(piece) : scratch(piece));
  }
  return std::move(builder).build();
}

Result<Schedule> reduceUpAndBroadcastDown(std::string name, const Forest& forest) {
  const auto n = static_cast<int>(forest.trees[0].parents.size());
  ScheduleBuilder builder(std::move(name), Collective::kAllReduce, n);
  builder.chunks(forest.pieces, forest.pieces);
  for (int rank = 0; rank < n; ++rank) {
    std::vector<StepRef> up;
    for (uint32_t piece = 0; piece < forest.pieces; ++piece)
      up.push_back(sumUp(builder, forest, piece, rank, output(piece)));
    for (uint32_t piece = 0; piece < forest.pieces; ++piece)
      handDown(builder, forest, piece, rank, output(piece), {up[piece]});
  }
  return std::move(builder).build();
}

// Enough for a vector that fits into one slice to flow; a longer one flows in slices anyway.
Forest binary(int rankCount, int root, uint32_t pieces) {
  return {{binaryTree(rankCount, root)}, pieces == 0 ? 4 : pieces};
}

Forest doubled(int rankCount, int root, uint32_t pieces) {
  std::array<Tree, 2> trees = twoTrees(rankCount, root);
  const uint32_t even = pieces == 0 ? 4 : pieces + pieces % 2;
  return {{std::move(trees[0]), std::move(trees[1])}, even};
}

Forest knomial(int rankCount, int root, int radix) {
  return {{knomialTree(rankCount, root, radix)}, 1};
}

}  // namespace

Result<Schedule> treeAllReduce(int rankCount, uint32_t pieces) {
  return reduceUpAndBroadcastDown("tree", binary(rankCount, 0, pieces));
}
Result<Schedule> treeReduce(int rankCount, int root, uint32_t pieces) {
  return reduceUp("tree", binary(rankCount, root, pieces));
}
Result<Schedule> treeBroadcast(int rankCount, int root, uint32_t pieces) {
  return broadcastDown("tree", binary(rankCount, root, pieces));
}

Result<Schedule> doubleTreeAllReduce(int rankCount, uint32_t pieces) {
  return reduceUpAndBroadcastDown("double_tree", doubled(rankCount, 0, pieces));
}
Result<Schedule> doubleTreeReduce(int rankCount, int root, uint32_t pieces) {
  return reduceUp("double_tree", doubled(rankCount, root, pieces));
}
Result<Schedule> doubleTreeBroadcast(int rankCount, int root, uint32_t pieces) {
  return broadcastDown("double_tree", doubled(rankCount, root, pieces));
}

Result<Schedule> knomialReduce(std::string name, int rankCount, int root, int radix) {
  return reduceUp(std::move(name), knomial(rankCount, root, radix));
}
Result<Schedule> knomialBroadcast(std::string name, int rankCount, int root, int radix) {
  return broadcastDown(std::move(name), knomial(rankCount, root, radix));
}

}  // namespace inccl::algo
