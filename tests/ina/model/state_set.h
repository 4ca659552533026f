// All states seen so far, as fingerprints, each with how it was reached.
//
// A state is 232 bytes and more, its fingerprint 80 bits: with 10^8 states the chance that two
// share one, and the search misses something, is below 10^-8. For a counterexample the states
// themselves are made anew, by the numbers of the events that led there.
#pragma once

#include <cstdint>
#include <vector>

#include "ina/model/state.h"

namespace inccl::ina_model {

struct Fingerprint {
  uint64_t high = 0;
  uint16_t low = 0;
  auto operator<=>(const Fingerprint&) const = default;
};

// Of the state alone, and of all states that differ only by the names of interchangeable ranks.
Fingerprint fingerprintOf(const State& state);
Fingerprint fingerprintOfOrbit(const Job& job, const State& state,
                               const std::vector<int>& interchangeable);

class StateSet {
 public:
  static constexpr uint32_t kNoParent = ~uint32_t{0};

  StateSet();
  // The state's number, and whether it is new.
  struct Place {
    uint32_t number;
    bool isNew;
  };
  Place insert(const Fingerprint& fingerprint, uint32_t parent, uint16_t event);
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(nodes_.size()); }
  [[nodiscard]] uint32_t parentOf(uint32_t number) const { return nodes_[number].parent; }
  [[nodiscard]] uint16_t eventOf(uint32_t number) const { return nodes_[number].event; }

 private:
  struct Node {
    uint64_t high;
    uint32_t parent;
    uint16_t event;
    uint16_t low;
  };
  void grow();

  std::vector<Node> nodes_;
  std::vector<uint32_t> table_;  // a number + 1, or 0
};

}  // namespace inccl::ina_model
