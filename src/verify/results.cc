#include "verify/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "verify/expression.h"

namespace inccl::verify {
namespace {

using schedule::Buffer;
using schedule::ChunkRef;
using schedule::kNoStep;
using schedule::Schedule;
using schedule::Step;
using schedule::StepGraph;
using schedule::StepId;
using schedule::StepKind;

// What an output chunk must hold in the end. A further collective is a further line in demandOf().
struct Demand {
  enum class Kind { kNothing, kContribution, kSumOverRanks } kind = Kind::kNothing;
  Contribution contribution;  // kContribution: this one; kSumOverRanks: its chunk, of every rank
};

Demand demandOf(const Schedule& schedule, int rank, uint32_t outputChunk) {
  const uint32_t block = schedule::blockChunks(schedule);
  const uint32_t own = block * static_cast<uint32_t>(rank);  // this rank's block of an input
  const int from = static_cast<int>(outputChunk / block);
  if (!schedule::hasOutput(schedule, rank)) return {};
  switch (schedule.collective) {
    case Collective::kAllReduce:
    case Collective::kReduce:
      return {Demand::Kind::kSumOverRanks, {0, outputChunk}};
    case Collective::kBroadcast:
      return {Demand::Kind::kContribution, {schedule.root, outputChunk}};
    case Collective::kAllGather:
    case Collective::kGather:
      return {Demand::Kind::kContribution, {from, outputChunk % block}};
    case Collective::kReduceScatter:
      return {Demand::Kind::kSumOverRanks, {0, own + outputChunk}};
    case Collective::kScatter:
      return {Demand::Kind::kContribution, {schedule.root, own + outputChunk}};
    case Collective::kAllToAll:
      return {Demand::Kind::kContribution, {from, own + outputChunk % block}};
    case Collective::kBarrier:
    case Collective::kSend:
    case Collective::kRecv:
      break;
  }
  return {};
}

// Several terms in one step are rounded once only in types narrower than 32 bits.
bool roundsOnce(const Schedule& schedule) {
  const auto isNarrowFloat = [](DataType type) {
    return type == DataType::kFloat16 || type == DataType::kBfloat16 ||
           type == DataType::kFloat8e4m3 || type == DataType::kFloat8e5m2;
  };
  return schedule.types.empty() ||
         std::any_of(schedule.types.begin(), schedule.types.end(), isNarrowFloat);
}

class SymbolicRun {
 public:
  SymbolicRun(const StepGraph& graph, const MemoryMap& memory)
      : graph_(graph),
        schedule_(graph.schedule()),
        memory_(memory),
        pool_(roundsOnce(schedule_)),
        cells_(memory.cellCount() * schedule_.rankCount, {kUndefined, kNoStep}),
        sent_(graph.stepCount(), kUndefined) {
    for (int rank = 0; rank < schedule_.rankCount; ++rank) {
      if (!schedule::hasInput(schedule_, rank)) continue;
      for (uint32_t chunk = 0; chunk < schedule_.inputChunks; ++chunk)
        content(rank, {Buffer::kInput, chunk}).value = pool_.leaf({rank, chunk});
    }
  }

  Status run(StepId id) {
    const Step& step = graph_.step(id);
    const int rank = graph_.place(id).rank;
    if (memory_.touchesNothing(rank, step)) return {};
    std::vector<ExpressionId> terms;
    for (const ChunkRef& source : step.sources) {
      terms.push_back(content(rank, source).value);
      if (terms.back() == kUndefined)
        return refuse(id,
                      fmt::format("reads {}, which holds nothing yet", schedule::describe(source)));
    }
    if (receives(step.kind)) terms.push_back(sent_[graph_.senderOf(id)]);
    if (terms.empty()) return {};
    const ExpressionId value = terms.size() == 1 ? terms[0] : pool_.sum(std::move(terms));
    if (step.destination && step.destination->buffer == Buffer::kOutput &&
        !schedule::hasOutput(schedule_, rank))
      return refuse(id, "writes to an output, which only the root has");
    if (step.destination) content(rank, *step.destination) = {value, id};
    if (sends(step.kind)) sent_[id] = value;
    return {};
  }

  // One output chunk on all ranks, so that trees can be compared.
  Status checkOutput(uint32_t chunk, bool equalTrees) {
    std::optional<int> firstSummingRank;
    for (int rank = 0; rank < schedule_.rankCount; ++rank) {
      const Demand demand = demandOf(schedule_, rank, chunk);
      const Content& held = content(rank, {Buffer::kOutput, chunk});
      switch (demand.kind) {
        case Demand::Kind::kNothing:
          break;
        case Demand::Kind::kContribution:
          INCCL_TRY(checkContributions(rank, chunk, {demand.contribution}));
          break;
        case Demand::Kind::kSumOverRanks:
          // Each rank of a reduce-scatter sums something else.
          if (!firstSummingRank || schedule_.collective == Collective::kReduceScatter)
            firstSummingRank = rank;
          // A tree that was found right on one rank need not be looked at again.
          if (held.value == content(*firstSummingRank, {Buffer::kOutput, chunk}).value &&
              rank != *firstSummingRank)
            break;
          INCCL_TRY(checkContributions(rank, chunk, ofAllRanks(demand.contribution.chunk)));
          if (equalTrees && rank != *firstSummingRank)
            return refuseTrees(rank, *firstSummingRank, chunk);
          break;
      }
    }
    return {};
  }

 private:
  struct Content {
    ExpressionId value;
    StepId writer;
  };

  Content& content(int rank, const ChunkRef& chunk) {
    return cells_[memory_.cellCount() * rank + memory_.cell(rank, chunk)];
  }

  [[nodiscard]] std::vector<Contribution> ofAllRanks(uint32_t chunk) const {
    std::vector<Contribution> all;
    for (int rank = 0; rank < schedule_.rankCount; ++rank) all.push_back({rank, chunk});
    return all;
  }

  // `expected` is sorted.
  Status checkContributions(int rank, uint32_t chunk, const std::vector<Contribution>& expected) {
    const Content& held = content(rank, {Buffer::kOutput, chunk});
    if (held.value == kUndefined) return refuseOutput(rank, chunk, "is never written");
    std::vector<Contribution> found = pool_.contributions(held.value, expected.size());
    std::sort(found.begin(), found.end());
    if (found == expected) return {};
    // Too many first: `found` may have been cut short, and then what seems missing need not be.
    if (const auto twice = std::adjacent_find(found.begin(), found.end()); twice != found.end())
      return refuseOutput(rank, chunk, fmt::format("holds {} more than once", describe(*twice)));
    for (const Contribution& stranger : found) {
      if (!std::binary_search(expected.begin(), expected.end(), stranger))
        return refuseOutput(
            rank, chunk, fmt::format("holds {}, which does not belong there", describe(stranger)));
    }
    const auto missing = std::find_if(expected.begin(), expected.end(), [&](const auto& wanted) {
      return !std::binary_search(found.begin(), found.end(), wanted);
    });
    return refuseOutput(rank, chunk, fmt::format("lacks {}", describe(*missing)));
  }

  static std::string describe(const Contribution& it) {
    return fmt::format("input chunk {} of rank {}", it.chunk, it.rank);
  }
  [[nodiscard]] Status refuse(StepId id, std::string_view reason) const {
    return invalidArgument(
        fmt::format("{}: {}", schedule::describe(schedule_, graph_.place(id)), reason));
  }

  Status refuseOutput(int rank, uint32_t chunk, std::string_view reason) {
    const StepId writer = content(rank, {Buffer::kOutput, chunk}).writer;
    if (writer == kNoStep)
      return invalidArgument(fmt::format("rank {}: output chunk {} {}", rank, chunk, reason));
    return refuse(writer, fmt::format("output chunk {}, written last here, {}", chunk, reason));
  }

  Status refuseTrees(int rank, int firstRank, uint32_t chunk) {
    const auto tree = [&](int of) {
      return pool_.describe(content(of, {Buffer::kOutput, chunk}).value);
    };
    return refuseOutput(
        rank, chunk,
        fmt::format("is summed in another order than on rank {}: {} against {}; floating-point "
                    "sums and products would differ between ranks, so limit the schedule to "
                    "integers or to min and max",
                    firstRank, tree(rank), tree(firstRank)));
  }

  const StepGraph& graph_;
  const Schedule& schedule_;
  const MemoryMap& memory_;
  ExpressionPool pool_;
  std::vector<Content> cells_;      // cellCount() of each rank
  std::vector<ExpressionId> sent_;  // by sending step
};

}  // namespace

Status checkResults(const StepGraph& graph, const std::vector<StepId>& order,
                    const MemoryMap& memory, bool equalTrees) {
  SymbolicRun run(graph, memory);
  for (const StepId id : order) INCCL_TRY(run.run(id));
  for (uint32_t chunk = 0; chunk < graph.schedule().outputChunks; ++chunk)
    INCCL_TRY(run.checkOutput(chunk, equalTrees));
  return {};
}

}  // namespace inccl::verify
