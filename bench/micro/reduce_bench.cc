// What the reduction kernels reach, from L1 to memory, in each instruction set of this machine.
//
// Rates are bytes of one buffer (dst) per second; with two threads, of both. Each thread has its
// own buffers, so two threads are the traffic of two ranks side by side. "plain" is a[i] + b[i]
// through the compiler's vectoriser, "memcpy" the C library's. Typical runs:
//   inccl-reduce-bench --benchmark_filter=sum
//   inccl-reduce-bench --benchmark_filter=large
#include <benchmark/benchmark.h>
#include <hwy/targets.h>

#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plain_sum.h"
#include "reduce/reduce.h"

namespace {

using inccl::DataType;
using inccl::RedOp;
namespace reduce = inccl::reduce;

constexpr int64_t kAllSizes[] = {64, 1 << 10, 12 << 10, 512 << 10, 4 << 20, 16 << 20, 64 << 20};
constexpr size_t kReadBlock = 8 << 10;
constexpr int64_t kLargeSizes[] = {4 << 20, 8 << 20, 16 << 20, 32 << 20, 64 << 20};

// dst and the sources of one thread, page aligned plus `offset` bytes.
class Buffers {
 public:
  Buffers(size_t sources, size_t bytes, size_t offset)
      : stride_((bytes + 2 * kPage) / kPage * kPage + kPage),
        memory_((sources + 1) * stride_ + kPage) {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    base_ = memory_.data() + (kPage - address % kPage) % kPage + offset;
    for (size_t s = 0; s < sources; ++s) sources_.push_back(base_ + (s + 1) * stride_);
  }
  [[nodiscard]] std::byte* dst() const { return base_; }
  [[nodiscard]] const void* source(size_t index) const { return sources_[index]; }
  [[nodiscard]] std::span<const void* const> sources() const { return sources_; }

 private:
  static constexpr size_t kPage = 4096;
  size_t stride_;
  std::vector<std::byte> memory_;
  std::byte* base_ = nullptr;
  std::vector<const void*> sources_;
};

template <typename Call>
void measure(benchmark::State& state, size_t bytes, Call&& call) {
  for (auto _ : state) {
    call();
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

void reduceTwo(benchmark::State& state, reduce::ReduceFn kernel, DataType type, size_t offset) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(2, bytes, offset);
  const size_t count = bytes / inccl::sizeOf(type);
  measure(state, bytes,
          [&] { kernel(buffers.dst(), buffers.source(0), buffers.source(1), count); });
}

void reduceInPlace(benchmark::State& state, reduce::ReduceFn kernel, DataType type) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(1, bytes, 0);
  const size_t count = bytes / inccl::sizeOf(type);
  measure(state, bytes, [&] { kernel(buffers.dst(), buffers.dst(), buffers.source(0), count); });
}

void reduceMany(benchmark::State& state, reduce::ReduceManyFn kernel, size_t sources) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(sources, bytes, 0);
  const auto list = buffers.sources();
  measure(state, bytes,
          [&] { kernel(buffers.dst(), list.data(), list.size(), bytes / sizeof(float)); });
}

// dst = a ⊕ b, then dst is read once, as whoever asked for it would.
void reduceThenRead(benchmark::State& state, reduce::ReduceFn kernel, reduce::ReduceFn reader) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(2, bytes, 0);
  std::vector<float> block(kReadBlock / sizeof(float));
  measure(state, bytes, [&] {
    kernel(buffers.dst(), buffers.source(0), buffers.source(1), bytes / sizeof(float));
    for (size_t at = 0; at < bytes; at += kReadBlock) {
      reader(block.data(), block.data(), buffers.dst() + at, kReadBlock / sizeof(float));
    }
  });
}

void copyStreaming(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(1, bytes, 0);
  measure(state, bytes, [&] { reduce::copyStreaming(buffers.dst(), buffers.source(0), bytes); });
}

void plain(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(2, bytes, 0);
  measure(state, bytes, [&] {
    plainSum(reinterpret_cast<float*>(buffers.dst()), static_cast<const float*>(buffers.source(0)),
             static_cast<const float*>(buffers.source(1)), bytes / sizeof(float));
  });
}

void copyWithMemcpy(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const Buffers buffers(1, bytes, 0);
  measure(state, bytes, [&] { std::memcpy(buffers.dst(), buffers.source(0), bytes); });
}

template <typename... Args>
void add(const std::string& name, std::span<const int64_t> sizes,
         void (*run)(benchmark::State&, Args...), Args... args) {
  for (const int threads : {1, 2}) {
    auto* entry = benchmark::RegisterBenchmark(
        name.c_str(), [=](benchmark::State& state) { run(state, args...); });
    for (const int64_t bytes : sizes) entry->Arg(bytes);
    entry->Threads(threads)->UseRealTime();
  }
}

// Every pair of type and operation in the machine's best instruction set; the f32 sum in all.
void addKernels() {
  std::string previous;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    const reduce::Kernels sum = reduce::find(DataType::kFloat32, RedOp::kSum);
    // A target that the kernels are not compiled for falls to the next lower one.
    if (std::exchange(previous, reduce::instructionSet()) == reduce::instructionSet()) continue;
    add(std::string("sum/float/") + reduce::instructionSet(), kAllSizes, reduceTwo, sum.reduce,
        DataType::kFloat32, size_t{0});
  }
  hwy::SetSupportedTargetsForTest(0);
  const reduce::Kernels sum = reduce::find(DataType::kFloat32, RedOp::kSum);
  add("sum/best/offset4", kAllSizes, reduceTwo, sum.reduce, DataType::kFloat32, size_t{4});
  add("sum/best/inplace", kAllSizes, reduceInPlace, sum.reduce, DataType::kFloat32);
  for (const size_t sources : {1, 2, 3, 4, 8}) {
    add("many/float/sum/sources" + std::to_string(sources), kAllSizes, reduceMany, sum.reduceMany,
        sources);
  }
  for (const DataType type : inccl::kDataTypes) {
    for (const RedOp op : inccl::kRedOps) {
      if (!inccl::isSupported(type, op)) continue;
      add("two/" + std::string(name(type)) + "/" + std::string(name(op)), kAllSizes, reduceTwo,
          reduce::find(type, op).reduce, type, size_t{0});
    }
  }
}

// Where it pays to write dst past the caches.
void addStreaming() {
  const reduce::Kernels sum = reduce::find(DataType::kFloat32, RedOp::kSum);
  add("large/sum/cached", kLargeSizes, reduceTwo, sum.reduce, DataType::kFloat32, size_t{0});
  add("large/sum/streaming", kLargeSizes, reduceTwo, sum.reduceStreaming, DataType::kFloat32,
      size_t{0});
  add("large/sum+read/cached", kLargeSizes, reduceThenRead, sum.reduce, sum.reduce);
  add("large/sum+read/streaming", kLargeSizes, reduceThenRead, sum.reduceStreaming, sum.reduce);
  add("large/inplace/cached", kLargeSizes, reduceInPlace, sum.reduce, DataType::kFloat32);
  add("large/inplace/streaming", kLargeSizes, reduceInPlace, sum.reduceStreaming,
      DataType::kFloat32);
  add("large/copy/memcpy", kLargeSizes, copyWithMemcpy);
  add("large/copy/streaming", kLargeSizes, copyStreaming);
}

}  // namespace

int main(int argc, char** argv) {
  add("plain/float/sum", kAllSizes, plain);
  add("memcpy", kAllSizes, copyWithMemcpy);
  addKernels();
  addStreaming();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
