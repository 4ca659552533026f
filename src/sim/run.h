// One simulation: the state of all ranks, and the loop over events.
//
// A lane goes through its steps as far as it can at one moment and then waits for one thing: a
// message, room in a channel, another lane, a slice's scratch, its own work or a switch. Whoever
// makes that true puts the lane on the list of the ready, which is emptied before time goes on; no
// lane calls another, so the stack stays flat however long the chain of wakings.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/event_queue.h"
#include "sim/servers.h"
#include "sim/simulator.h"
#include "sim/timed_program.h"
#include "sim/trace.h"

namespace inccl::sim {

// Lengths of a vector's chunks, as the executor cuts it: slices as even as possible, of them
// chunks as even as possible, in elements.
struct Slices {
  uint64_t count = 1;  // of slices
  uint64_t shorter = 0, longerSlices = 0;
  uint64_t chunks = 1;
  uint64_t elementBytes = 1;

  static Slices cut(const Workload& workload, uint32_t chunks, bool isBarrier);
  [[nodiscard]] uint64_t chunkBytes(uint64_t slice, uint32_t chunk) const {
    const uint64_t elements = shorter + (slice < longerSlices ? 1 : 0);
    return (elements / chunks + (chunk < elements % chunks ? 1 : 0)) * elementBytes;
  }
};

class Run {
 public:
  // Simulates the first `sliceCount` slices.
  Run(const TimedProgram& program, const Slices& slices, uint64_t sliceCount, bool trace);

  // To the end; fails when lanes are left that wait for ever.
  Status run();

  [[nodiscard]] const std::vector<Picoseconds>& finish() const { return finish_; }
  // By slice: when all ranks had ended it.
  [[nodiscard]] const std::vector<Picoseconds>& sliceEnds() const { return sliceEnds_; }
  [[nodiscard]] const Servers& servers() const { return servers_; }
  [[nodiscard]] uint64_t events() const { return events_; }
  [[nodiscard]] std::string trace() const { return trace_.json(program_); }

 private:
  enum class Phase : uint8_t { kWaiting, kWorking, kInNetwork, kReady };
  struct LaneState {
    uint64_t slice = 0;
    uint32_t step = 0;  // in the slice
    Phase phase = Phase::kWaiting;
    bool sliceOpen = false;
    uint64_t finishedSteps = 0;       // over all slices
    Picoseconds since = 0;            // when the step before was done
    uint32_t firstWaiter = kNothing;  // lanes that wait for this one to get on, oldest first
    uint32_t lastWaiter = kNothing;
    uint32_t nextWaiter = kNothing;  // in the list in which this one stands
    uint64_t awaitedSteps = 0;       // of the lane for which this one waits
  };
  struct FifoState {
    uint64_t sent = 0, arrived = 0, taken = 0;
    bool senderWaits = false, receiverWaits = false;
  };
  struct RankState {
    uint64_t oldestSlice = 0;    // that not all lanes have ended
    uint32_t lanesInSlice[2]{};  // that have not ended it, and the next one
    Picoseconds workUntil = 0;
    std::vector<uint32_t> waitForScratch;
  };
  struct Message {
    uint32_t hop = 0;
    uint64_t bytes = 0;
    Picoseconds tail = 0;
  };
  struct AggregationState {
    uint32_t entered = 0;
    uint32_t contributed = 0;
    Picoseconds tail = 0;
    uint64_t bytes = 0;
  };

  void handle(const Event& event);
  void advance(uint32_t lane);
  bool openSlice(uint32_t lane);
  bool mayStart(uint32_t lane, const TimedStep& step);
  void awaitSteps(uint32_t lane, uint32_t other, uint64_t steps);
  void wakeWaiters(uint32_t lane);
  bool isWorking(uint32_t lane, const TimedStep& step, uint64_t bytes);
  void complete(uint32_t lane, const TimedStep& step, uint64_t bytes);
  void closeStep(uint32_t lane, const TimedStep& step);
  void closeSlice(uint32_t lane);
  void enterNetwork(uint32_t lane, const TimedStep& step, uint64_t bytes);
  void contribute(uint32_t message);
  void answer(uint32_t aggregation);
  void launch(uint32_t hop, uint64_t bytes, Picoseconds tail, uint32_t sendingRank);
  Picoseconds passHop(uint32_t message);
  uint32_t newMessage(const Message& message);

  const TimedProgram& program_;
  const Slices slices_;
  const uint64_t sliceCount_;
  const bool hasCosts_;
  Picoseconds now_ = 0;
  uint64_t events_ = 0;
  uint32_t lanesLeft_ = 0;
  EventQueue queue_;
  Servers servers_;
  std::vector<LaneState> lanes_;
  std::vector<FifoState> fifos_;
  std::vector<RankState> ranks_;
  std::vector<AggregationState> aggregations_;
  std::vector<Message> messages_;
  std::vector<uint32_t> freeMessages_;
  std::vector<uint32_t> ready_;  // lanes, in the order in which they were woken
  std::vector<Picoseconds> finish_;
  std::vector<uint32_t> lanesLeftInSlice_;
  std::vector<Picoseconds> sliceEnds_;
  Trace trace_;
};

}  // namespace inccl::sim
