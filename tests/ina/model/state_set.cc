#include "ina/model/state_set.h"

#include <algorithm>
#include <cstring>

#include "ina/model/reductions.h"

namespace inccl::ina_model {
namespace {

uint64_t mixed(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33;
}

}  // namespace

Fingerprint fingerprintOf(const State& state) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&state);
  uint64_t a = 0x9e3779b97f4a7c15ULL, b = 0xd1b54a32d192ed03ULL;
  for (size_t at = 0, end = usedBytes(state); at < end; at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    a = (a ^ word) * 0x9fb21c651e98df25ULL;
    a ^= a >> 32;
    b = (b + word) * 0xc2b2ae3d27d4eb4fULL;
    b ^= b >> 29;
  }
  return {mixed(a), static_cast<uint16_t>(mixed(b))};
}

Fingerprint fingerprintOfOrbit(const Job& job, const State& state,
                               const std::vector<int>& interchangeable) {
  Fingerprint least = fingerprintOf(state);
  if (interchangeable.size() < 2) return least;
  std::vector<int> order(interchangeable.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  while (std::next_permutation(order.begin(), order.end())) {
    State other = copyOf(state);
    std::vector<int> at = order;  // a permutation as a product of transpositions
    for (size_t i = 0; i < at.size(); ++i) {
      while (at[i] != static_cast<int>(i)) {
        const auto j = static_cast<size_t>(at[i]);
        other = withSwapped(job, other, interchangeable[i], interchangeable[j]);
        std::swap(at[i], at[j]);
      }
    }
    least = std::min(least, fingerprintOf(other));
  }
  return least;
}

StateSet::StateSet() : table_(1U << 16) {}

StateSet::Place StateSet::insert(const Fingerprint& fingerprint, uint32_t parent, uint16_t event) {
  if (nodes_.size() * 2 >= table_.size()) grow();
  const uint64_t mask = table_.size() - 1;
  for (uint64_t at = fingerprint.high & mask;; at = (at + 1) & mask) {
    if (table_[at] == 0) {
      nodes_.push_back({fingerprint.high, parent, event, fingerprint.low});
      table_[at] = size();
      return {size() - 1, true};
    }
    const Node& node = nodes_[table_[at] - 1];
    if (node.high == fingerprint.high && node.low == fingerprint.low)
      return {table_[at] - 1, false};
  }
}

void StateSet::grow() {
  table_.assign(table_.size() * 2, 0);
  const uint64_t mask = table_.size() - 1;
  for (uint32_t i = 0; i < size(); ++i) {
    uint64_t at = nodes_[i].high & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = i + 1;
  }
}

}  // namespace inccl::ina_model
