// Which kernels are found: supported pairs and no others, the instruction set's own, from any
// thread. And that it does not matter which: the same bits from all of them.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "reduce/convert.h"
#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

TEST(FindTest, HasEveryPairThatTheBuildSupportsAndNoOther) {
  for (int type = -1; type <= 130; ++type) {
    for (int op = -1; op <= 130; ++op) {
      const auto t = static_cast<DataType>(type);
      const auto o = static_cast<RedOp>(op);
      const Kernels kernels = find(t, o);
      const bool supported = isSupported(t, o);
      EXPECT_EQ(kernels.reduce != nullptr, supported) << name(t) << " " << name(o);
      EXPECT_EQ(kernels.reduceMany != nullptr, supported) << name(t) << " " << name(o);
      EXPECT_EQ(kernels.reduceStreaming != nullptr, supported) << name(t) << " " << name(o);
      EXPECT_EQ(kernels.finish != nullptr, supported && o == RedOp::kAvg) << name(t);
      EXPECT_EQ(kernels.premultiply != nullptr, supported && o == RedOp::kPreMulSum) << name(t);
    }
  }
}

TEST(FindTest, GivesEachInstructionSetItsOwnKernels) {
  std::set<ReduceFn> seen;
  size_t sets = 0;
  inEachInstructionSet([&] {
    ++sets;
    seen.insert(find(DataType::kFloat32, RedOp::kSum).reduce);
  });
  EXPECT_GE(sets, 1u);
  EXPECT_EQ(seen.size(), sets);
}

TEST(FindTest, TakesTheBestInstructionSetOfTheMachine) {
  hwy::SetSupportedTargetsForTest(0);
  const std::string chosen = instructionSet();
  std::string best;
  inEachInstructionSet([&] {
    if (best.empty()) best = instructionSet();  // Highway lists the best first
  });
  EXPECT_EQ(chosen, best);
}

TEST(FindTest, FallsToAnotherInstructionSetWhenOneIsNotCompiled) {
#if HWY_ARCH_X86
  hwy::SetSupportedTargetsForTest(HWY_SSSE3);
  const float a = 2, b = 3;
  float product = 0;
  find(DataType::kFloat32, RedOp::kProd).reduce(&product, &a, &b, 1);
  hwy::SetSupportedTargetsForTest(0);
  EXPECT_EQ(product, 6);
#else
  GTEST_SKIP() << "no instruction set of this architecture is left out";
#endif
}

// Everything that the kernels of a type make of `sources`, one after the other.
std::vector<std::byte> allResults(DataType type,
                                  const std::vector<std::vector<std::byte>>& sources) {
  const size_t bytes = sources[0].size(), count = bytes / sizeOf(type);
  std::vector<const void*> pointers;
  for (const auto& source : sources) pointers.push_back(source.data());
  std::vector<std::byte> all, result(bytes);
  const auto keep = [&] { all.insert(all.end(), result.begin(), result.end()); };
  for (const RedOp op : kRedOps) {
    const Kernels kernels = find(type, op);
    if (!kernels.reduce) continue;
    kernels.reduce(result.data(), pointers[0], pointers[1], count);
    keep();
    kernels.reduceMany(result.data(), pointers.data(), pointers.size(), count);
    keep();
    if (kernels.finish) kernels.finish(result.data(), count, 7);
    if (kernels.premultiply) kernels.premultiply(result.data(), pointers[0], count, pointers[1]);
    keep();
  }
  if (const Conversions conversions = conversionsOf(type); conversions.toFloat) {
    std::vector<float> wide(count);
    conversions.toFloat(wide.data(), pointers[0], count);
    conversions.fromFloat(result.data(), static_cast<const float*>(pointers[1]), bytes / 4);
    keep();
    const auto* first = reinterpret_cast<const std::byte*>(wide.data());
    all.insert(all.end(), first, first + 4 * count);
  }
  return all;
}

TEST(FindTest, EveryInstructionSetGivesTheSameBits) {
  constexpr size_t kBytes = 16 * 4099;
  for (const DataType type : kDataTypes) {
    std::vector<std::vector<std::byte>> sources;
    for (uint64_t seed = 0; seed < 5; ++seed) {
      std::mt19937_64 random(seed);
      std::vector<std::byte>& source = sources.emplace_back(kBytes);
      for (std::byte& byte : source) byte = static_cast<std::byte>(random());
    }
    std::vector<std::byte> best;
    inEachInstructionSet([&] {
      const std::vector<std::byte> here = allResults(type, sources);
      if (best.empty()) best = here;
      EXPECT_TRUE(here == best) << name(type);
    });
  }
}

TEST(FindTest, FirstCallsFromManyThreadsAgree) {
  constexpr int kThreads = 8, kRounds = 50;
  for (int round = 0; round < kRounds; ++round) {
    hwy::SetSupportedTargetsForTest(0);  // forgets the choice
    std::atomic<int> ready{0};
    ReduceFn found[kThreads] = {};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        ready.fetch_add(1);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
        while (ready.load() < kThreads && std::chrono::steady_clock::now() < end)
          std::this_thread::yield();
        found[t] = find(DataType::kFloat64, RedOp::kMax).reduce;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_NE(found[0], nullptr);
    EXPECT_EQ(std::count(found, found + kThreads, found[0]), kThreads);
    EXPECT_EQ(found[0], find(DataType::kFloat64, RedOp::kMax).reduce);
  }
}

}  // namespace
}  // namespace inccl::reduce
