// The registers that sum payloads: one 32-bit lane for each element of a packet.
//
// A lane array of a Tofino holds pairs of lanes, both of which may be written in a pass but only
// one read (SwitchML's configuration.p4). So a packet of 256 bytes is summed in one pass, and its
// sum is read in this and one more. A payload of 1 KiB visits four pipes to be summed, and its sum
// takes seven passes more. In profile `full` one bank has all lanes and a packet reads what it
// writes.
//
// Lanes lie side by side in memory for each entry, so that the emulator sums them with the
// library's SIMD kernels; the rules are those of single arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "reduce/reduce.h"
#include "switch/pipeline/pipeline.h"

namespace inccl::pipeline {

class LaneBanks {
 public:
  enum class Write : uint8_t { kNothing, kSet, kCombine };

  static constexpr size_t kLaneBytes = 4;

  // `lanes` for each of `entries`, from `firstStage` on of as many pipes as it takes.
  LaneBanks(Pipeline& pipeline, const std::string& name, uint32_t firstStage, uint32_t lanes,
            uint32_t entries);

  // Sums `in` (whole lanes) into the entry, or puts it there; then reads the first out.size() bytes
  // of it, which may be none. `combine` is not looked at unless it combines.
  void pass(Pass& pass, size_t entry, Write write, reduce::ReduceFn combine,
            std::span<const std::byte> in, std::span<std::byte> out);

  void clear() { memory_.assign(memory_.size(), 0); }
  [[nodiscard]] std::span<uint32_t> words() { return memory_; }

 private:
  struct Bank {
    Place place;
    Visit visit;
  };
  [[nodiscard]] uint32_t* lanesOf(size_t entry) { return memory_.data() + entry * lanes_; }
  void meet(Pass& pass, Bank& bank) { pass.meet(bank.place, bank.visit); }

  const uint32_t lanes_;
  const uint32_t lanesOfBank_;
  const uint32_t lanesReadInPass_;
  std::vector<Bank> banks_;  // by pipe
  std::vector<uint32_t> memory_;
};

}  // namespace inccl::pipeline
