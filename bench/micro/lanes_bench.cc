// What the interpreter of schedules and the look-up of plans cost a call, without any data.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "comm/plan_table.h"
#include "exec/lanes/lanes_operation.h"
#include "schedule/builder.h"

namespace {

using namespace inccl;

// One rank alone, `lanes` lanes of nops; the first step of each lane waits for the last one.
schedule::Schedule nops(int lanes, int steps) {
  schedule::Schedule schedule;
  schedule.name = "nops";
  schedule.collective = Collective::kAllReduce;
  schedule.rankCount = 1;
  schedule.inputChunks = schedule.outputChunks = 1;
  schedule.ranks.resize(1);
  for (int lane = 0; lane < lanes; ++lane) {
    schedule::Lane& made = schedule.ranks[0].lanes.emplace_back();
    made.steps.resize(static_cast<size_t>(steps));
    if (lane > 0) made.steps[0].after = {{static_cast<uint32_t>(lane - 1), 0}};
  }
  return schedule;
}

void interpretNops(benchmark::State& state) {
  const int lanes = static_cast<int>(state.range(0)), steps = static_cast<int>(state.range(1));
  auto program = std::make_shared<const exec::CompiledProgram>(
      exec::CompiledProgram::compile(nops(lanes, steps), 0).value());
  const auto operation = exec::LanesOperation::create(program, {}, {}, 65536).value();
  alignas(64) std::byte scratch[64];
  float value = 1;
  exec::LanesCall call;
  call.input = call.output = &value;
  call.scratch = scratch;
  call.count = 1;
  call.elementBytes = sizeof value;
  uint32_t sequence = 0;
  for (auto _ : state) {
    call.tag = OpTag(++sequence, 1);
    if (!operation->begin(call).ok()) return state.SkipWithError("cannot begin");
    while (operation->step() == transport::Progress::kPending) {
    }
  }
  state.SetItemsProcessed(state.iterations() * lanes * steps);
  state.counters["per_step"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * lanes * steps,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(interpretNops)->Args({1, 1000})->Args({4, 250})->Args({16, 16});

void lookUpPlan(benchmark::State& state) {
  comm::PlanTable plans;
  std::vector<std::pair<Collective, size_t>> calls(1024);
  std::mt19937_64 random(1);
  for (auto& [collective, bytes] : calls) {
    collective = static_cast<Collective>(1 + random() % 11);
    bytes = random() >> (random() % 64);
  }
  size_t next = 0;
  for (auto _ : state) {
    const auto& [collective, bytes] = calls[next++ % calls.size()];
    benchmark::DoNotOptimize(plans.at(collective, bytes).chosen);
  }
}
BENCHMARK(lookUpPlan);

}  // namespace

BENCHMARK_MAIN();
