// The replaced operator new: the chosen allocation fails, in every form of new, and no other.
#include "support/fail_nth_allocation.h"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace inccl::test {
namespace {

struct alignas(128) Wide {
  char bytes[128];
};

// True when the allocation failed. The pointer escapes through a volatile, so that the compiler
// may not leave the pair of new and delete out.
template <typename T>
bool allocationFails() {
  try {
    T* volatile block = new T;
    delete block;
    return false;
  } catch (const std::bad_alloc&) {
    return true;
  }
}

TEST(FailNthAllocation, OnlyTheChosenAllocationFails) {
  bool failed[3] = {};
  uint64_t count = 0;
  {
    const FailNthAllocation failing(2);
    for (bool& f : failed) f = allocationFails<int>();
    count = failing.allocations();
  }
  EXPECT_FALSE(failed[0]);
  EXPECT_TRUE(failed[1]);
  EXPECT_FALSE(failed[2]);
  EXPECT_EQ(count, 3u);
}

TEST(FailNthAllocation, AlignedAndNothrowFormsFailToo) {
  bool aligned = false;
  {
    const FailNthAllocation failing(1);
    aligned = allocationFails<Wide>();
  }
  EXPECT_TRUE(aligned);
  int* volatile block = nullptr;
  bool fired = false;
  {
    const FailNthAllocation failing(1);
    block = new (std::nothrow) int;
    fired = failing.fired();
  }
  EXPECT_EQ(block, nullptr);
  EXPECT_TRUE(fired);
}

TEST(FailNthAllocation, AlignedBlocksAreAligned) {
  for (int i = 0; i < 10; ++i) {
    const auto block = std::make_unique<Wide>();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.get()) % alignof(Wide), 0u);
  }
}

TEST(FailNthAllocation, OtherThreadsAreLeftAloneWhenAsked) {
  bool otherFailed = true, ownFailed = false;
  std::thread other;
  uint64_t countBefore = 0;
  {
    // Starting a thread allocates, so that is done with allocations counted but not failing.
    const FailNthAllocation counting(0, true);
    other = std::thread([&] { otherFailed = allocationFails<int>(); });
    countBefore = counting.allocations();
    other.join();
    EXPECT_EQ(counting.allocations(), countBefore);
  }
  {
    const FailNthAllocation failing(1, true);
    ownFailed = allocationFails<int>();
  }
  EXPECT_FALSE(otherFailed);
  EXPECT_TRUE(ownFailed);
}

TEST(ForEachFailingAllocation, WalksThroughEveryAllocationAndThenStops) {
  std::vector<bool> outcomes;
  bool completed = false;
  const uint64_t walked = forEachFailingAllocation(
      [&] {
        completed = false;
        try {
          const std::vector<std::string> texts{std::string(100, 'a'), std::string(100, 'b')};
          completed = texts.size() == 2;
        } catch (const std::bad_alloc&) {
        }
      },
      [&](uint64_t, bool fired) {
        EXPECT_EQ(completed, !fired);
        outcomes.push_back(fired);
      });
  // Two initial strings, the vector's array, two copies.
  EXPECT_EQ(walked, 5u);
  EXPECT_EQ(outcomes, (std::vector<bool>{true, true, true, true, true, false}));
}

}  // namespace
}  // namespace inccl::test
