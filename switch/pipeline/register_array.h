// Registers: one entry for each slot, changed by one read-modify-write of a packet's pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "switch/pipeline/pipeline.h"

namespace inccl::pipeline {

// Entries of whole 32-bit words, all zero at first.
class RegisterArray {
 public:
  RegisterArray(Pipeline& pipeline, std::string name, Place place, uint32_t entries, uint32_t words)
      : place_(place), words_(words), memory_(size_t{entries} * words) {
    pipeline.declare({std::move(name), place, 1, entries, 32 * words, false});
  }

  // change(words of the entry), and what it returns.
  template <typename Change>
  auto update(Pass& pass, size_t entry, Change&& change) {
    pass.meet(place_, visit_);
    return change(std::span<uint32_t>(memory_).subspan(entry * words_, words_));
  }

  // All registers as after power has been switched on.
  void clear() { memory_.assign(memory_.size(), 0); }
  // For tests that damage registers: not a packet's way.
  [[nodiscard]] std::span<uint32_t> words() { return memory_; }

 private:
  const Place place_;
  const uint32_t words_;
  std::vector<uint32_t> memory_;
  Visit visit_;
};

}  // namespace inccl::pipeline
