// A schedule made ready to be timed: flat arrays, every message with its way through the topology.
//
// Ways are trees of hops. An ordinary message has a chain, at whose end it is delivered to its
// FIFO; what a switch replicates has one hop for each link, however many receivers lie behind it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"
#include "sim/simulator.h"
#include "topo/topology.h"

namespace inccl::sim {

constexpr uint32_t kNothing = UINT32_MAX;

struct TimedStep {
  schedule::StepKind kind = schedule::StepKind::kNop;
  bool sends = false;
  bool receives = false;
  uint32_t lengthClass = 0;
  uint32_t copies = 0;   // chunks that are copied
  uint32_t reduces = 0;  // chunks that are added
  uint32_t firstAfter = 0, afterCount = 0;
  uint32_t aggregation = kNothing;
  uint32_t firstUpHop = kNothing;  // of an aggregate step that contributes
};

// Step `step` of lane `lane`, counted over all ranks.
struct TimedAfter {
  uint32_t lane = 0;
  uint32_t step = 0;
};

struct TimedLane {
  uint32_t rank = 0;
  uint32_t numberInRank = 0;
  uint32_t firstStep = 0, stepCount = 0;
  uint32_t sendFifo = kNothing, recvFifo = kNothing;
};

struct TimedFifo {
  uint32_t firstHop = kNothing;
  uint32_t sender = kNothing, receiver = kNothing;  // lanes
};

enum class Delivery : uint8_t {
  kNowhere,       // the message goes on
  kToFifo,        // whole, `target`
  kToAggregator,  // its head, `target` is the aggregation
  kToReceiver,    // whole, `target` is the lane whose aggregate step waits
};

struct Hop {
  topo::LinkIndex link = 0;
  uint32_t firstNext = 0, nextCount = 0;  // in TimedProgram::nextHops
  Delivery delivery = Delivery::kNowhere;
  uint32_t target = kNothing;
};

// What one switch does once in a slice, for the ranks that name it together.
struct Aggregation {
  uint32_t members = 0;
  uint32_t contributors = 0;
  uint32_t firstRoot = 0, rootCount = 0;  // in nextHops: the first hops of what comes out
  // Members that get no data, only word that they may go on: lane and the way's latency.
  struct Word {
    uint32_t lane = 0;
    Picoseconds alpha = 0;
  };
  std::vector<Word> words;
  uint32_t lengthClass = 0;
};

struct TimedProgram {
  const topo::Topology* topology = nullptr;
  Options options;
  std::string name;
  bool isBarrier = false;
  uint32_t blockChunks = 1;
  bool usesScratch = false;
  uint32_t rankCount = 0;
  std::vector<uint32_t> lanesWithSteps;  // by rank
  std::vector<TimedLane> lanes;
  std::vector<TimedStep> steps;
  std::vector<TimedAfter> after;
  std::vector<TimedFifo> fifos;
  std::vector<Hop> hops;
  std::vector<uint32_t> nextHops;
  std::vector<Aggregation> aggregations;
  uint64_t eventsPerSlice = 0;

  static Result<TimedProgram> compile(const schedule::Schedule& schedule,
                                      const topo::Topology& topology, const Options& options);
};

}  // namespace inccl::sim
