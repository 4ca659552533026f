// What happened when, as trace events that Perfetto shows (ui.perfetto.dev, chrome://tracing).
//
// A step's bar begins where the step before it ended, so waiting is part of it: the lanes show what
// each rank waits for, the links whether that is because they are full.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "sim/timed_program.h"

namespace inccl::sim {

class Trace {
 public:
  explicit Trace(bool wanted) : wanted_(wanted) {}

  void addStep(uint32_t lane, schedule::StepKind kind, uint64_t slice, Picoseconds begin,
               Picoseconds end) {
    if (wanted_) steps_.push_back({lane, kind, slice, begin, end});
  }
  void addTransfer(topo::LinkIndex link, uint64_t bytes, Picoseconds begin, Picoseconds end) {
    if (wanted_) transfers_.push_back({link, bytes, begin, end});
  }
  // Empty when not wanted.
  [[nodiscard]] std::string json(const TimedProgram& program) const;

 private:
  struct StepBar {
    uint32_t lane;
    schedule::StepKind kind;
    uint64_t slice;
    Picoseconds begin, end;
  };
  struct TransferBar {
    topo::LinkIndex link;
    uint64_t bytes;
    Picoseconds begin, end;
  };
  bool wanted_;
  std::vector<StepBar> steps_;
  std::vector<TransferBar> transfers_;
};

}  // namespace inccl::sim
