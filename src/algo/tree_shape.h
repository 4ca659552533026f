// Trees over the ranks, as shapes: who is whose parent. What flows along them is tree.cc's and
// tree_blocks.cc's business.
//
// All shapes are described by labels 0 … n-1 with the root at 0; label l is rank (root + l) mod n,
// so every root is as good as any other.
#pragma once

#include <array>
#include <vector>

namespace inccl::algo {

struct Tree {
  int root = 0;
  std::vector<int> parents;                // by rank; -1 at the root
  std::vector<std::vector<int>> children;  // by rank; smaller subtrees first
  // The ranks below and including `rank`: itself, then what is below each child, in their order.
  [[nodiscard]] std::vector<int> subtree(int rank) const;
};

// Label l has the children 2l + 1 and 2l + 2: height floor(log2 n).
Tree binaryTree(int rankCount, int root);

// Label l's parent is l without its lowest digit other than 0, in base `radix`. A round of the flow
// serves radix - 1 children at a time: height ceil(log_radix n). Radix 2 is the binomial tree.
Tree knomialTree(int rankCount, int root, int radix);

// Two binary trees of height ceil(log2 n), both hanging by one edge from the root, in which every
// other rank is a leaf of one tree at least. So with half the vector flowing through each, a rank
// that passes on two halves in one tree passes on none in the other.
// (Sanders, Speck, Träff: "Two-tree algorithms for full bandwidth broadcast, reduction and scan",
// 2009.)
std::array<Tree, 2> twoTrees(int rankCount, int root);

}  // namespace inccl::algo
