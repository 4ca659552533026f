// In-network: the switch that all ranks hang on sums, and replicates what it summed.
//
// Each block is one step at each rank: what a rank contributes goes to the switch once, what it
// receives comes from there once. So the bytes of a rank do not grow with the number of ranks:
//   all_reduce S out and S in, against 2S(n-1)/n of a ring; steps 1.
// A step's group is its block, so that steps of different blocks are told apart.
#include <algorithm>
#include <numeric>

#include "algo/generators.h"
#include "schedule/builder.h"

namespace inccl::algo {
namespace {

using schedule::Aggregate;
using schedule::AggregateMode;
using schedule::ChunkRef;
using schedule::input;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;
using schedule::Step;
using schedule::StepKind;

constexpr const char* kName = "ina";

std::vector<int> allRanks(int n) {
  std::vector<int> ranks(static_cast<size_t>(n));
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

std::vector<int> allBut(int n, int rank) {
  std::vector<int> ranks = allRanks(n);
  ranks.erase(ranks.begin() + rank);
  return ranks;
}

bool isIn(const std::vector<int>& ranks, int rank) {
  return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
}

// One step of `block` at each member, each on a lane of its own.
void aggregate(ScheduleBuilder& schedule, int n, const Aggregate& what, ChunkRef from,
               const std::vector<ChunkRef>& to) {
  for (int rank = 0; rank < n; ++rank) {
    Step step;
    step.kind = StepKind::kAggregate;
    step.aggregate = what;
    if (isIn(what.contributors, rank)) step.sources = {from};
    if (isIn(what.receivers, rank)) step.destination = to[static_cast<size_t>(rank)];
    if (step.sources.empty() && !step.destination) continue;
    schedule.lane(rank, what.group).add(std::move(step));
  }
}

std::vector<ChunkRef> everywhere(int n, ChunkRef chunk) {
  return std::vector<ChunkRef>(static_cast<size_t>(n), chunk);
}

}  // namespace

Result<Schedule> inNetworkAllReduce(int n, const std::string& switchId) {
  ScheduleBuilder schedule(kName, Collective::kAllReduce, n);
  schedule.chunks(1, 1);
  aggregate(schedule, n, {AggregateMode::kBoth, switchId, 0, allRanks(n), allRanks(n)}, input(0),
            everywhere(n, output(0)));
  return std::move(schedule).build();
}

Result<Schedule> inNetworkReduce(int n, int root, const std::string& switchId) {
  ScheduleBuilder schedule(kName, Collective::kReduce, n);
  schedule.root(root).chunks(1, 1);
  aggregate(schedule, n, {AggregateMode::kReduce, switchId, 0, allRanks(n), {root}}, input(0),
            everywhere(n, output(0)));
  return std::move(schedule).build();
}

Result<Schedule> inNetworkBroadcast(int n, int root, const std::string& switchId) {
  ScheduleBuilder schedule(kName, Collective::kBroadcast, n);
  schedule.root(root).chunks(1, 1);
  aggregate(schedule, n, {AggregateMode::kMulticast, switchId, 0, {root}, allBut(n, root)},
            input(0), everywhere(n, output(0)));
  schedule.lane(root, 1).copy(input(0), output(0));
  return std::move(schedule).build();
}

Result<Schedule> inNetworkReduceScatter(int n, const std::string& switchId) {
  ScheduleBuilder schedule(kName, Collective::kReduceScatter, n);
  schedule.chunks(static_cast<uint32_t>(n), 1);
  for (int block = 0; block < n; ++block) {
    const auto number = static_cast<uint32_t>(block);
    aggregate(schedule, n, {AggregateMode::kReduce, switchId, number, allRanks(n), {block}},
              input(number), everywhere(n, output(0)));
  }
  return std::move(schedule).build();
}

Result<Schedule> inNetworkAllGather(int n, const std::string& switchId) {
  ScheduleBuilder schedule(kName, Collective::kAllGather, n);
  schedule.chunks(1, static_cast<uint32_t>(n));
  for (int block = 0; block < n; ++block) {
    const auto number = static_cast<uint32_t>(block);
    aggregate(schedule, n, {AggregateMode::kMulticast, switchId, number, {block}, allBut(n, block)},
              input(0), everywhere(n, output(number)));
    schedule.lane(block, static_cast<uint32_t>(n)).copy(input(0), output(number));
  }
  return std::move(schedule).build();
}

}  // namespace inccl::algo
