// A run of the model written down as a trace, as switch and ranks would write theirs.
//
// For the judge's own test: whatever the search may do, accepts() must allow.
#pragma once

#include <cstdint>
#include <vector>

#include "ina/model/events.h"
#include "ina/model/trace.h"

namespace inccl::ina_model {

class Recorder {
 public:
  explicit Recorder(const Job& job);
  // What `event` is, and what followed from it at once.
  void record(const State& before, Event event, const State& now);
  [[nodiscard]] const std::vector<TraceEvent>& trace() const { return trace_; }

 private:
  void add(TraceKind kind, int worker = 0);
  void addPacket(TraceKind kind, Packet packet, const State& state);
  void recordEvent(const State& before, Event event, const State& now);
  void recordArrival(const State& before, Packet packet);
  void recordCallsAndRepairs(const State& before, const State& now, ChunkSet byResult,
                             int receiver);
  void recordSends(const State& now);
  void recordReturns(const State& before, const State& now);

  const Job& job_;
  std::vector<TraceEvent> trace_;
  std::vector<uint64_t> sent_;
};

}  // namespace inccl::ina_model
