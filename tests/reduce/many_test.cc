// reduceMany over n sources gives the bits of n-1 calls of reduce, also when dst is one of them.
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
      sources[s][i] = static_cast<T>(static_cast<double>(i * 7 + s) * 0.37 - 3);
  }
  return sources;
}

template <typename T>
std::vector<T> chain(RedOp op, const std::vector<std::vector<T>>& sources) {
  const ReduceFn reduce = find(typeOf<T>(), op).reduce;
  std::vector<T> result = sources[0];
  for (T& value : result) value = canonicalIfNan(value);
  for (size_t s = 1; s < sources.size(); ++s) {
    reduce(result.data(), result.data(), sources[s].data(), result.size());
  }
  return result;
}

// dst is the source of number `alias`, or memory of its own when there is no such source.
template <typename T>
void expectManyIsChain(RedOp op, const std::vector<std::vector<T>>& sources, size_t alias) {
  std::vector<std::unique_ptr<Guarded<T>>> memory;
  std::vector<const void*> pointers;
  for (size_t s = 0; s < sources.size(); ++s) {
    memory.push_back(std::make_unique<Guarded<T>>(sources[s], s % 4));
    pointers.push_back(memory.back()->data());
  }
  Guarded<T> own(sources[0].size(), 1);
  Guarded<T>& dst = alias < sources.size() ? *memory[alias] : own;
  find(typeOf<T>(), op).reduceMany(dst.data(), pointers.data(), pointers.size(), sources[0].size());
  ASSERT_EQ(dst.firstDifference(chain(op, sources)), -1)
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
using Elements = testing::Types<int32_t, int64_t, float, double>;
TYPED_TEST_SUITE(ReduceManyTest, Elements);

TYPED_TEST(ReduceManyTest, EqualsTheChainOfReduceOntoAnyPlace) {
  inEachInstructionSet([&] {
    for (const RedOp op : kOps) {
      for (size_t sourceCount = 1; sourceCount <= kMaxSources; ++sourceCount) {
        for (const size_t count : kCounts) {
          const auto sources = sourcesOf<TypeParam>(sourceCount, count);
          for (size_t alias = 0; alias <= sourceCount; ++alias)
            expectManyIsChain(op, sources, alias);
        }
      }
    }
  });
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
