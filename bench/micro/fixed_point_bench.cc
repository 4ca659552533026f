// What the quantiser of in-network sums reaches: rates are bytes of f32 a second, of one core.
//
//   inccl-fixed-point-bench
//
// As in use: block by block of 256 elements, each with a scale of its own.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "reduce/fixed_point.h"

namespace {

namespace reduce = inccl::reduce;
constexpr size_t kBlock = reduce::kFixedPointBlock;
constexpr int kScale = 27;

struct Data {
  explicit Data(size_t bytes) : floats(bytes / 4), integers(bytes / 4) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> unit(-1, 1);
    for (float& x : floats) x = unit(random);
    reduce::toFixedPoint(integers.data(), floats.data(), floats.size(), kScale);
  }
  template <typename Body>
  void forEachBlock(Body body) {
    for (size_t first = 0; first < floats.size(); first += kBlock)
      body(first, std::min(kBlock, floats.size() - first));
  }
  std::vector<float> floats;
  std::vector<int32_t> integers;
};

template <typename Body>
void measure(benchmark::State& state, Body body) {
  Data data(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    data.forEachBlock([&](size_t first, size_t count) { body(data, first, count); });
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void exponents(benchmark::State& state) {
  measure(state, [](Data& data, size_t first, size_t count) {
    benchmark::DoNotOptimize(reduce::blockExponent(data.floats.data() + first, count));
  });
}
void quantise(benchmark::State& state) {
  measure(state, [](Data& data, size_t first, size_t count) {
    reduce::toFixedPoint(data.integers.data() + first, data.floats.data() + first, count, kScale);
  });
}
void dequantise(benchmark::State& state) {
  measure(state, [](Data& data, size_t first, size_t count) {
    reduce::fromFixedPoint(data.floats.data() + first, data.integers.data() + first, count, kScale);
  });
}

BENCHMARK(exponents)->Arg(16 << 10)->Arg(512 << 10)->Arg(64 << 20);
BENCHMARK(quantise)->Arg(16 << 10)->Arg(512 << 10)->Arg(64 << 20);
BENCHMARK(dequantise)->Arg(16 << 10)->Arg(512 << 10)->Arg(64 << 20);

}  // namespace

BENCHMARK_MAIN();
