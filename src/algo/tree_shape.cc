#include "algo/tree_shape.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace inccl::algo {
namespace {

// Sorts the children below `rank` by the size of their subtrees, which it returns.
int sortChildren(Tree& tree, int rank) {
  std::vector<std::pair<int, int>> sized;
  int size = 1;
  for (const int child : tree.children[rank]) {
    sized.emplace_back(sortChildren(tree, child), child);
    size += sized.back().first;
  }
  std::stable_sort(sized.begin(), sized.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < sized.size(); ++i) tree.children[rank][i] = sized[i].second;
  return size;
}

// From the parent of each label, 1 … n-1.
template <typename ParentOf>
Tree fromParents(int rankCount, int root, ParentOf parentOf) {
  Tree tree{root, std::vector<int>(rankCount, -1), std::vector<std::vector<int>>(rankCount)};
  const auto rankOf = [&](int label) { return (root + label) % rankCount; };
  for (int label = 1; label < rankCount; ++label) {
    const int parent = rankOf(parentOf(label));
    tree.parents[rankOf(label)] = parent;
    tree.children[parent].push_back(rankOf(label));
  }
  sortChildren(tree, root);
  return tree;
}

// The tree over 1 … most in which odd labels are leaves and each label lies between its subtrees: a
// label with lowest bit b has its children at distance b/2. Its root hangs from label 0.
int inOrderParent(int label, int most) {
  const int lowestBit = label & -label;
  const int above = (label ^ lowestBit) | (lowestBit << 1);
  return above <= most ? above : label ^ lowestBit;
}

}  // namespace

std::vector<int> Tree::subtree(int rank) const {
  std::vector<int> ranks{rank};
  for (const int child : children[rank]) {
    const std::vector<int> below = subtree(child);
    ranks.insert(ranks.end(), below.begin(), below.end());
  }
  return ranks;
}

Tree binaryTree(int rankCount, int root) {
  return fromParents(rankCount, root, [](int label) { return (label - 1) / 2; });
}

Tree knomialTree(int rankCount, int root, int radix) {
  return fromParents(rankCount, root, [&](int label) {
    int64_t unit = 1;
    while (label % (unit * radix) == 0) unit *= radix;
    return static_cast<int>(label - label % (unit * radix));
  });
}

// The second tree is the first one with other labels, such that its leaves have even ones: mirrored
// if the number of labels is even, else moved on by one.
std::array<Tree, 2> twoTrees(int rankCount, int root) {
  const int most = rankCount - 1;
  const auto there = [&](int label) {
    if (label == 0) return 0;
    return most % 2 == 0 ? most + 1 - label : label % most + 1;
  };
  const auto back = [&](int label) {
    return most % 2 == 0 ? most + 1 - label : (label + most - 2) % most + 1;
  };
  return {
      fromParents(rankCount, root, [&](int label) { return inOrderParent(label, most); }),
      fromParents(rankCount, root,
                  [&](int label) { return there(inOrderParent(back(label), most)); }),
  };
}

}  // namespace inccl::algo
