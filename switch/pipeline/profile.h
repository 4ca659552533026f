// What a switch can do: the budgets that a program must keep.
//
// A real aggregating switch is a pipeline of stages with a few register arrays each, and a packet
// meets each array once. Programs that ignore this look fine in an emulator and run nowhere. So the
// emulator counts: `tofino` has the published limits of the first Tofino as SwitchML uses it
// (configuration.p4 and the README of its repository), and a program that needs more is refused
// when it is loaded; `full` is what a software switch can do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace inccl::pipeline {

struct Profile {
  static constexpr uint32_t kUnlimited = UINT32_MAX;

  std::string_view name;
  uint32_t stages = kUnlimited;  // of a pipe
  uint32_t arraysOfStage = kUnlimited;
  uint32_t entriesOfArray = kUnlimited;
  uint32_t bitsOfEntry = kUnlimited;  // a pair of two words is written as one
  uint32_t lanesOfPipe = kUnlimited;  // that sum, with all its register arrays
  bool readsPairs = true;             // both words of a pair in one pass, not only writes them
  uint32_t pipes = 1;                 // that a packet may be sent through, one after the other
  uint32_t mostFanIn = 1023;
  size_t mostPayloadBytes = 8192;

  // With `foldedPipes` the ports of the other three pipes are loops, for payloads of 1 KiB.
  static Profile tofino(bool foldedPipes = false);
  static Profile full();
  // "tofino", "tofino4" (folded) or "full".
  static std::optional<Profile> byName(std::string_view name);
};

}  // namespace inccl::pipeline
