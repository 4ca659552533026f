// How long does a schedule take on a topology?
//
// The model, with its formulas in docs/topology.md. A message of b bytes takes alpha + b / rate on
// a link. Whatever has a rate (a link, which is also a port; a group of links) serves its messages
// one after the other, in the order in which their heads come. Hosts, NICs and switches cut
// through: a message's head goes on when it has come, its tail follows at the slowest rate so far.
// Ranks store and forward, chunk by chunk: a step starts when its message is there as a whole. A
// channel has room for a few messages; a send is over when its message has a place there, and the
// links take it on from that moment. A rank does its copies and sums one after the other. Long
// vectors are cut into slices, as the executor cuts them.
//
// Everything is counted in whole picoseconds and in an order that depends on nothing but the
// arguments, so that ranks that plan apart come to the same answer; and effort is limited by a
// number of events, never by a clock. Where the events do not suffice for all slices, the first
// ones are simulated, and the rest is added at their pace.
//
// Why not a formula for each algorithm: nobody has one for an imported or a synthesised plan. Why
// not fair sharing of links: it costs a solution of a flow problem at each event, and in pieces as
// short as ours, one after the other comes to the same.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"
#include "topo/routes.h"
#include "topo/topology.h"

namespace inccl::sim {

using topo::addTimes;
using topo::Picoseconds;

// What a rank's own work costs, besides what its links take; nothing by default.
struct Costs {
  Picoseconds step = 0;                // of each step
  std::optional<topo::Rate> copy{};    // bytes copied by `copy`
  std::optional<topo::Rate> reduce{};  // bytes added by `reduce`, `reduceMany` and recvReduce…
};

struct Options {
  Costs costs{};
  uint32_t slotsPerChannel = 2;  // what the verifier assumes, the fewest that an executor has
  topo::RouteOptions routes{};
};

struct Workload {
  // Of a block (schedule.h): what one rank brings or gets. A barrier's messages are empty, whatever
  // stands here.
  uint64_t bytes = 0;
  uint64_t messageBytes = 0;  // the most that a message carries, which makes the slices; 0: any
  uint64_t elementBytes = 1;  // chunks are whole elements
  uint64_t mostEvents = uint64_t{1} << 26;
  bool trace = false;  // fill Report::trace
};

struct Load {
  uint64_t bytes = 0;
  Picoseconds busy = 0;  // bytes at the full rate
};

struct Report {
  Picoseconds total = 0;
  std::vector<Picoseconds> finish;  // by rank: its last step is done, its last message has left
  std::vector<Load> links;          // by topo::LinkIndex
  std::vector<Load> groups;
  topo::LinkIndex busiestLink = topo::kNone;  // the longest busy; kNone when nothing moved
  uint64_t slices = 1;
  uint64_t simulatedSlices = 1;  // fewer than slices: times and loads are continued from these
  uint64_t events = 0;
  // Trace events for Perfetto or chrome://tracing: a process for each rank with its lanes as
  // threads, one for the links.
  std::string trace;
};

struct TimedProgram;

// A schedule bound to a topology; made once, then asked for any number of sizes.
class Simulator {
 public:
  // Fails when the schedule is invalid or stops, when a rank has no node, when there is no way
  // between two ranks that talk, when a switch is to do what it cannot. Keeps copies of names
  // only; the topology must outlive the simulator.
  static Result<Simulator> create(const schedule::Schedule& schedule,
                                  const topo::Topology& topology, const Options& options = {});

  // Fails when `bytes` is above 2^48, when even three slices need more than `mostEvents`, or the
  // time exceeds topo::kForever.
  [[nodiscard]] Result<Report> run(const Workload& workload) const;

  // Of one slice, at most.
  [[nodiscard]] uint64_t eventsPerSlice() const;

 private:
  explicit Simulator(std::shared_ptr<const TimedProgram> program) : program_(std::move(program)) {}

  std::shared_ptr<const TimedProgram> program_;
};

Result<Report> simulate(const schedule::Schedule& schedule, const topo::Topology& topology,
                        const Workload& workload, const Options& options = {});

}  // namespace inccl::sim
