// The kernels of two sources: bits, lengths, places, in every instruction set.
#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

struct Offsets {
  size_t dst, a, b;
};
constexpr Offsets kOffsets[] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 2}, {3, 3, 3}, {15, 5, 9}};

std::vector<size_t> lengths() {
  std::vector<size_t> all = {1000, 4097};
  for (size_t n = 0; n <= 67; ++n) all.push_back(n);
  return all;
}

template <typename T>
void expectReduced(ReduceFn kernel, RedOp op, const std::vector<T>& a, const std::vector<T>& b,
                   const std::vector<T>& expected, Offsets offsets) {
  Guarded<T> dst(a.size(), offsets.dst), left(a, offsets.a), right(b, offsets.b);
  kernel(dst.data(), left.data(), right.data(), a.size());
  ASSERT_EQ(dst.firstDifference(expected), -1) << name(op) << " of " << a.size();
  EXPECT_TRUE(dst.guardsIntact()) << name(op) << " of " << a.size();
  EXPECT_EQ(left.firstDifference(a), -1);
  EXPECT_EQ(right.firstDifference(b), -1);
}

template <typename T>
class ReduceKernelsTest : public testing::Test {};
TYPED_TEST_SUITE(ReduceKernelsTest, AllElements);

TYPED_TEST(ReduceKernelsTest, CombinesEveryPairOfSpecialValues) {
  std::vector<TypeParam> a, b;
  for (const TypeParam x : specialValues<TypeParam>()) {
    for (const TypeParam y : specialValues<TypeParam>()) {
      a.push_back(x);
      b.push_back(y);
    }
  }
  inEachInstructionSet([&] {
    for (const RedOp op : opsOf<TypeParam>()) {
      const Kernels kernels = find(typeOf<TypeParam>(), op);
      const auto expected = expectedOf<TypeParam>(op, {a, b});
      expectReduced(kernels.reduce, op, a, b, expected, {0, 0, 0});
      expectReduced(kernels.reduceStreaming, op, a, b, expected, {0, 0, 0});
      for (size_t i = 0; i < a.size(); ++i) {  // alone: the way of a short call
        expectReduced<TypeParam>(kernels.reduce, op, {a[i]}, {b[i]}, {expected[i]}, {0, 0, 0});
      }
    }
  });
}

TYPED_TEST(ReduceKernelsTest, ReducesEveryLengthAtEveryPlaceAndNothingBeside) {
  inEachInstructionSet([&] {
    for (const RedOp op : opsOf<TypeParam>()) {
      const Kernels kernels = find(typeOf<TypeParam>(), op);
      for (const size_t count : lengths()) {
        const auto a = mixedValues<TypeParam>(count, 2 * count + 1);
        const auto b = mixedValues<TypeParam>(count, 2 * count + 2);
        const auto expected = expectedOf<TypeParam>(op, {a, b});
        for (const Offsets offsets : kOffsets) {
          expectReduced(kernels.reduce, op, a, b, expected, offsets);
          expectReduced(kernels.reduceStreaming, op, a, b, expected, offsets);
        }
      }
    }
  });
}

TYPED_TEST(ReduceKernelsTest, WritesOntoEitherSource) {
  inEachInstructionSet([&] {
    for (const RedOp op : opsOf<TypeParam>()) {
      const Kernels kernels = find(typeOf<TypeParam>(), op);
      for (const ReduceFn kernel : {kernels.reduce, kernels.reduceStreaming}) {
        for (const size_t count : {1, 7, 64, 67, 1000, 4097}) {
          const auto a = mixedValues<TypeParam>(count, count);
          const auto b = mixedValues<TypeParam>(count, count + 1);
          Guarded<TypeParam> onA(a, 1), otherB(b, 2), otherA(a, 3), onB(b, 1), both(a, 1);
          kernel(onA.data(), onA.data(), otherB.data(), count);
          kernel(onB.data(), otherA.data(), onB.data(), count);
          kernel(both.data(), both.data(), both.data(), count);
          const auto expected = expectedOf<TypeParam>(op, {a, b});
          const auto twice = expectedOf<TypeParam>(op, {a, a});
          ASSERT_EQ(onA.firstDifference(expected), -1) << name(op) << " of " << count;
          ASSERT_EQ(onB.firstDifference(expected), -1) << name(op) << " of " << count;
          ASSERT_EQ(both.firstDifference(twice), -1) << name(op) << " of " << count;
          EXPECT_TRUE(onA.guardsIntact() && onB.guardsIntact() && both.guardsIntact());
        }
      }
    }
  });
}

TEST(CopyStreamingTest, CopiesEveryLengthAtEveryPlaceAndNothingBeside) {
  inEachInstructionSet([&] {
    for (const size_t bytes : lengths()) {
      const auto values = mixedValues<int32_t>(bytes / 4 + 1, bytes);
      std::vector<uint8_t> source(bytes);
      if (bytes > 0) std::memcpy(source.data(), values.data(), bytes);
      for (const Offsets offsets : kOffsets) {
        Guarded<uint8_t> dst(bytes, offsets.dst), src(source, offsets.a);
        copyStreaming(dst.data(), src.data(), bytes);
        ASSERT_EQ(dst.firstDifference(source), -1) << bytes << " bytes";
        EXPECT_TRUE(dst.guardsIntact()) << bytes << " bytes";
      }
    }
  });
}

TEST(CopyStreamingTest, AcceptsNothing) { copyStreaming(nullptr, nullptr, 0); }

}  // namespace
}  // namespace inccl::reduce
