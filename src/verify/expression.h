// Sums as trees, each different tree once.
//
// A value is a contribution (rank, chunk) or a sum of values in a certain order. Equal trees get
// equal ids (hash-consing), so "the same expression on every rank" is a comparison of two numbers,
// however large the trees are. The operands that a sum begins with are sorted, since ⊕ commutes.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace inccl::verify {

using ExpressionId = uint32_t;
constexpr ExpressionId kUndefined = UINT32_MAX;

struct Contribution {
  int rank = 0;
  uint32_t chunk = 0;
  auto operator<=>(const Contribution&) const = default;
};

class ExpressionPool {
 public:
  // roundsOnce: a sum of several terms is rounded once at its end (16- and 8-bit floats), so
  // (a ⊕ b) ⊕ c in two steps is another tree than a, b, c in one. Otherwise they are the same.
  explicit ExpressionPool(bool roundsOnce) : roundsOnce_(roundsOnce) {}

  ExpressionId leaf(Contribution contribution);
  // terms[0] ⊕ terms[1] ⊕ …, from the left; two terms at least.
  ExpressionId sum(std::vector<ExpressionId> terms);

  // The contributions in a tree, with repetition, left to right. Gives up behind `limit` of them,
  // so that doubling over and over cannot take for ever.
  [[nodiscard]] std::vector<Contribution> contributions(ExpressionId id, size_t limit) const;

  // "((r0 + r1) + r2)", cut to a length fit for a message.
  [[nodiscard]] std::string describe(ExpressionId id) const;

 private:
  struct Node {
    Contribution contribution;        // of a leaf
    std::vector<ExpressionId> terms;  // empty for a leaf
  };
  struct KeyHash {
    size_t operator()(const std::vector<uint32_t>& key) const;
  };

  ExpressionId intern(const std::vector<uint32_t>& key, Node node);
  void describeInto(std::string& text, ExpressionId id, size_t limit) const;

  bool roundsOnce_;
  std::vector<Node> nodes_;
  std::unordered_map<std::vector<uint32_t>, ExpressionId, KeyHash> known_;
};

}  // namespace inccl::verify
