#include "verify/expression.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"

namespace inccl::verify {
namespace {

constexpr size_t kLongestDescription = 160;

}  // namespace

size_t ExpressionPool::KeyHash::operator()(const std::vector<uint32_t>& key) const {
  uint64_t hash = key.size();
  for (const uint32_t word : key) hash = mixHash(hash, word);
  return hash;
}

ExpressionId ExpressionPool::intern(const std::vector<uint32_t>& key, Node node) {
  const auto [entry, isNew] = known_.try_emplace(key, static_cast<ExpressionId>(nodes_.size()));
  if (isNew) nodes_.push_back(std::move(node));
  return entry->second;
}

ExpressionId ExpressionPool::leaf(Contribution contribution) {
  // Keys of leaves begin with 0, those of sums with the number of terms, at least 2.
  return intern({0, static_cast<uint32_t>(contribution.rank), contribution.chunk},
                {contribution, {}});
}

ExpressionId ExpressionPool::sum(std::vector<ExpressionId> terms) {
  if (terms[0] > terms[1]) std::swap(terms[0], terms[1]);
  if (terms.size() > 2 && !roundsOnce_) {
    ExpressionId total = sum({terms[0], terms[1]});
    for (size_t i = 2; i < terms.size(); ++i) total = sum({total, terms[i]});
    return total;
  }
  std::vector<uint32_t> key{static_cast<uint32_t>(terms.size())};
  key.insert(key.end(), terms.begin(), terms.end());
  return intern(key, {{}, std::move(terms)});
}

std::vector<Contribution> ExpressionPool::contributions(ExpressionId id, size_t limit) const {
  std::vector<Contribution> found;
  std::vector<ExpressionId> open{id};
  while (!open.empty() && found.size() <= limit) {
    const Node& node = nodes_[open.back()];
    open.pop_back();
    if (node.terms.empty()) found.push_back(node.contribution);
    open.insert(open.end(), node.terms.rbegin(), node.terms.rend());
  }
  return found;
}

void ExpressionPool::describeInto(std::string& text, ExpressionId id, size_t limit) const {
  const Node& node = nodes_[id];
  if (node.terms.empty()) text += fmt::format("r{}", node.contribution.rank);
  if (node.terms.empty() || text.size() > limit) return;
  text += '(';
  for (size_t i = 0; i < node.terms.size() && text.size() <= limit; ++i) {
    if (i > 0) text += " + ";
    describeInto(text, node.terms[i], limit);
  }
  text += ')';
}

std::string ExpressionPool::describe(ExpressionId id) const {
  std::string text;
  describeInto(text, id, kLongestDescription);
  if (text.size() <= kLongestDescription) return text;
  text.resize(kLongestDescription);
  return text + " …";
}

}  // namespace inccl::verify
