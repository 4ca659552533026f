#include "sim/timed_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "schedule/chunk_lengths.h"
#include "schedule/step_graph.h"
#include "schedule/validate.h"
#include "sim/aggregations.h"
#include "topo/validate.h"

namespace inccl::sim {
namespace {

using schedule::Schedule;
using schedule::Step;
using schedule::StepGraph;
using schedule::StepKind;
using topo::LinkIndex;
using topo::NodeIndex;
using topo::Topology;

uint32_t reducesOf(const Step& step) {
  switch (step.kind) {
    case StepKind::kReduce:
    case StepKind::kReduceMany:
      return static_cast<uint32_t>(step.sources.size() - 1);
    case StepKind::kRecvReduceCopy:
    case StepKind::kRecvReduceSend:
    case StepKind::kRecvReduceCopySend:
      return 1;
    case StepKind::kSend:
    case StepKind::kRecv:
    case StepKind::kCopy:
    case StepKind::kRecvCopySend:
    case StepKind::kAggregate:
    case StepKind::kNop:
      return 0;
  }
  return 0;
}

class Compiler {
 public:
  Compiler(const Schedule& schedule, const Topology& topology, TimedProgram& program)
      : schedule_(schedule), topology_(topology), program_(program) {}

  void addLanes(const StepGraph& graph, const std::vector<uint32_t>& lengths) {
    for (int rank = 0; rank < schedule_.rankCount; ++rank) {
      const auto firstLane = static_cast<uint32_t>(program_.lanes.size());
      const std::vector<schedule::Lane>& lanes = schedule_.ranks[rank].lanes;
      program_.lanesWithSteps.push_back(0);
      for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
        program_.lanesWithSteps.back() += lanes[lane].steps.empty() ? 0 : 1;
        addLane(rank, lane);
        for (uint32_t step = 0; step < lanes[lane].steps.size(); ++step)
          addStep(lanes[lane].steps[step], firstLane, lengths[graph.find({rank, lane, step})]);
      }
    }
  }

  Status addRoutes(const std::vector<NodeIndex>& nodes) {
    const topo::Routes routes(topology_, program_.options.routes);
    // Sender by sender, so that each rank's routes are searched once.
    std::stable_sort(ends_.begin(), ends_.end(), [](const auto& a, const auto& b) {
      return a.second.source < b.second.source;
    });
    int treeOf = -1;
    topo::RouteTree tree;
    for (const auto& [fifo, ends] : ends_) {
      if (ends.source != treeOf) tree = routes.from(nodes[ends.source]);
      treeOf = ends.source;
      if (!tree.reaches(nodes[ends.destination]))
        return invalidArgument(fmt::format("topology {}: there is no way from rank {} to rank {}",
                                           topology_.name, ends.source, ends.destination));
      const std::vector<LinkIndex> path = tree.to(nodes[ends.destination]);
      program_.fifos[fifo].firstHop = addChain(program_, path, Delivery::kToFifo, fifo);
      hopsOf_[fifo] = path.size();
    }
    hopsOfFifos_ = program_.hops.size();
    return {};
  }

  // A message makes an event at each hop but the first, and one where it arrives.
  void countEvents() {
    const Costs& costs = program_.options.costs;
    for (const TimedLane& lane : program_.lanes) {
      for (uint32_t i = 0; i < lane.stepCount; ++i) {
        const TimedStep& step = program_.steps[lane.firstStep + i];
        if (step.sends) program_.eventsPerSlice += hopsOf_[lane.sendFifo];
        if (costs.step > 0 || (costs.copy && step.copies > 0) || (costs.reduce && step.reduces > 0))
          ++program_.eventsPerSlice;
      }
    }
    // Each hop into and out of a switch, and each word that it sends.
    program_.eventsPerSlice += program_.hops.size() - hopsOfFifos_;
    for (const Aggregation& aggregation : program_.aggregations)
      program_.eventsPerSlice += aggregation.words.size();
    program_.eventsPerSlice = std::max<uint64_t>(1, program_.eventsPerSlice);
  }

 private:
  struct Ends {
    int source;
    int destination;
  };

  uint32_t fifoOf(int source, int destination, uint32_t channel) {
    const uint64_t pair =
        static_cast<uint64_t>(source) * schedule::kMaxRanks + static_cast<uint64_t>(destination);
    const auto [known, isNew] = fifos_.emplace(pair << 32 | channel, program_.fifos.size());
    if (isNew) {
      ends_.push_back({static_cast<uint32_t>(program_.fifos.size()), {source, destination}});
      program_.fifos.emplace_back();
      hopsOf_.push_back(0);
    }
    return known->second;
  }

  void addLane(int rank, uint32_t number) {
    const schedule::Lane& lane = schedule_.ranks[rank].lanes[number];
    TimedLane timed{static_cast<uint32_t>(rank),
                    number,
                    static_cast<uint32_t>(program_.steps.size()),
                    static_cast<uint32_t>(lane.steps.size()),
                    kNothing,
                    kNothing};
    const auto index = static_cast<uint32_t>(program_.lanes.size());
    const auto any = [&](bool (*does)(StepKind)) {
      return std::any_of(lane.steps.begin(), lane.steps.end(),
                         [&](const Step& step) { return does(step.kind); });
    };
    if (any(schedule::sends)) {
      timed.sendFifo = fifoOf(rank, lane.sendPeer, lane.channel);
      program_.fifos[timed.sendFifo].sender = index;
    }
    if (any(schedule::receives)) {
      timed.recvFifo = fifoOf(lane.recvPeer, rank, lane.channel);
      program_.fifos[timed.recvFifo].receiver = index;
    }
    program_.lanes.push_back(timed);
  }

  void addStep(const Step& step, uint32_t firstLane, uint32_t length) {
    TimedStep timed;
    timed.kind = step.kind;
    timed.sends = schedule::sends(step.kind);
    timed.receives = schedule::receives(step.kind);
    timed.lengthClass = length;
    timed.copies = step.kind == StepKind::kCopy ? 1 : 0;
    timed.reduces = reducesOf(step);
    timed.firstAfter = static_cast<uint32_t>(program_.after.size());
    timed.afterCount = static_cast<uint32_t>(step.after.size());
    for (const schedule::StepRef& ref : step.after)
      program_.after.push_back({firstLane + ref.lane, ref.step});
    program_.steps.push_back(timed);
  }

  const Schedule& schedule_;
  const Topology& topology_;
  TimedProgram& program_;
  std::unordered_map<uint64_t, uint32_t> fifos_;  // by (source, destination, channel)
  std::vector<std::pair<uint32_t, Ends>> ends_;
  std::vector<size_t> hopsOf_;  // by FIFO
  size_t hopsOfFifos_ = 0;
};

}  // namespace

Result<TimedProgram> TimedProgram::compile(const Schedule& schedule, const Topology& topology,
                                           const Options& options) {
  INCCL_TRY(schedule::validate(schedule).within(schedule.name));
  INCCL_TRY(topo::validate(topology).within(topology.name));
  if (options.slotsPerChannel == 0) return invalidArgument("a channel has no room at all");
  INCCL_TRY_ASSIGN(const std::vector<NodeIndex> nodes, rankNodes(topology, schedule.rankCount));
  INCCL_TRY_ASSIGN(const StepGraph graph, StepGraph::build(schedule));
  INCCL_TRY_ASSIGN(const std::vector<schedule::StepId> order, graph.order(options.slotsPerChannel));
  INCCL_TRY_ASSIGN(const std::vector<uint32_t> lengths, inferLengthClasses(graph, order));

  TimedProgram program;
  program.topology = &topology;
  program.options = options;
  program.name = schedule.name;
  program.isBarrier = schedule.collective == Collective::kBarrier;
  program.blockChunks = schedule::blockChunks(schedule);
  program.usesScratch = schedule.scratchChunks > 0;
  program.rankCount = static_cast<uint32_t>(schedule.rankCount);
  Compiler compiler(schedule, topology, program);
  compiler.addLanes(graph, lengths);
  INCCL_TRY(compiler.addRoutes(nodes));
  INCCL_TRY(addAggregations(schedule, nodes, program));
  compiler.countEvents();
  return program;
}

}  // namespace inccl::sim
