// Which kernels are found: supported pairs and no others, the instruction set's own, from any
// thread.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

TEST(FindTest, HasEveryPairThatTheBuildSupportsAndNoOther) {
  for (int type = -1; type <= 13; ++type) {
    for (int op = -1; op <= 6; ++op) {
      const auto t = static_cast<DataType>(type);
      const auto o = static_cast<RedOp>(op);
      const Kernels kernels = find(t, o);
      const bool supported = isSupported(t) && isSupported(o);
      EXPECT_EQ(kernels.reduce != nullptr, supported) << name(t) << " " << name(o);
      EXPECT_EQ(kernels.reduceMany != nullptr, supported) << name(t) << " " << name(o);
      EXPECT_EQ(kernels.reduceStreaming != nullptr, supported) << name(t) << " " << name(o);
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
