// reduceMany over n sources gives the bits of n-1 calls of reduce, also when dst is one of them; in
// 16- and 8-bit floats those of n-1 operations on f32 and one rounding.
#include <memory>

#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

constexpr size_t kMaxSources = 9;
constexpr size_t kCounts[] = {0, 1, 5, 16, 63, 64, 67, 257, 4097};

template <typename T>
std::vector<std::vector<T>> sourcesOf(size_t sourceCount, size_t count) {
  std::vector<std::vector<T>> sources;
  for (size_t s = 0; s < sourceCount; ++s) {
    sources.push_back(mixedValues<T>(count, 100 * count + s));
    // Elements in whose chain no NaN turns up on the way, so that they show the order of sums.
    for (size_t i = 0; i < count; i += 2)
      sources[s][i] = ordinary<T>(static_cast<double>(i % 100 * 7 + s) * 0.37 - 3);
  }
  return sources;
}

// dst is the source of number `alias`, or memory of its own when there is no such source.
template <typename T>
void expectMany(RedOp op, const std::vector<std::vector<T>>& sources,
                const std::vector<T>& expected, size_t alias) {
  std::vector<std::unique_ptr<Guarded<T>>> memory;
  std::vector<const void*> pointers;
  for (size_t s = 0; s < sources.size(); ++s) {
    memory.push_back(std::make_unique<Guarded<T>>(sources[s], s % 4));
    pointers.push_back(memory.back()->data());
  }
  Guarded<T> own(sources[0].size(), 1);
  Guarded<T>& dst = alias < sources.size() ? *memory[alias] : own;
  find(typeOf<T>(), op).reduceMany(dst.data(), pointers.data(), pointers.size(), sources[0].size());
  ASSERT_EQ(dst.firstDifference(expected), -1)
      << name(op) << " of " << sources.size() << " sources of " << sources[0].size() << " onto "
      << alias;
  EXPECT_TRUE(dst.guardsIntact());
  for (size_t s = 0; s < sources.size(); ++s) {
    if (s == alias) continue;
    EXPECT_EQ(memory[s]->firstDifference(sources[s]), -1) << "source " << s;
  }
}

template <typename T>
class ReduceManyTest : public testing::Test {};
TYPED_TEST_SUITE(ReduceManyTest, AllElements);

TYPED_TEST(ReduceManyTest, EqualsTheContractOntoAnyPlace) {
  inEachInstructionSet([&] {
    for (const RedOp op : opsOf<TypeParam>()) {
      for (size_t sourceCount = 1; sourceCount <= kMaxSources; ++sourceCount) {
        for (const size_t count : kCounts) {
          const auto sources = sourcesOf<TypeParam>(sourceCount, count);
          const auto expected = expectedOf<TypeParam>(op, sources);
          for (size_t alias = 0; alias <= sourceCount; ++alias)
            expectMany(op, sources, expected, alias);
        }
      }
    }
  });
}

TYPED_TEST(ReduceManyTest, EqualsTheChainOfReduceUnlessThatRoundsMoreOften) {
  if constexpr (!kIsSmall<TypeParam>) {
    const auto sources = sourcesOf<TypeParam>(kMaxSources, 257);
    for (const RedOp op : opsOf<TypeParam>()) {
      const ReduceFn reduce = find(typeOf<TypeParam>(), op).reduce;
      std::vector<TypeParam> chain = sources[0];
      for (size_t s = 1; s < sources.size(); ++s)
        reduce(chain.data(), chain.data(), sources[s].data(), chain.size());
      expectMany(op, sources, chain, sources.size());
    }
  }
}

TEST(ReduceManyOrderTest, RoundsSmallFormatsOnce) {
  // 2048 + 1 lies half way between two halves; only 1 + 1 together reach the next.
  const Half big = Half::rounded(2048), one = Half::rounded(1);
  const void* const sources[] = {&big, &one, &one};
  const Kernels sum = find(DataType::kFloat16, RedOp::kSum);
  Half once, twice;
  sum.reduceMany(&once, sources, 3, 1);
  EXPECT_EQ(once.decoded(), 2050);
  sum.reduce(&twice, &big, &one, 1);
  sum.reduce(&twice, &twice, &one, 1);
  EXPECT_EQ(twice.decoded(), 2048);
}

TEST(ReduceManyOrderTest, AddsFromTheFirstSourceToTheLast) {
  // 1 is lost in 2^24 when added alone, but not when the ones come first.
  const float big = 16777216.0f;
  const float a[] = {1, big}, b[] = {1, 1}, c[] = {big, 1};
  const void* const sources[] = {a, b, c};
  float sum[2];
  find(DataType::kFloat32, RedOp::kSum).reduceMany(sum, sources, 3, 2);
  EXPECT_EQ(sum[0], big + 2);
  EXPECT_EQ(sum[1], big);
}

}  // namespace
}  // namespace inccl::reduce
