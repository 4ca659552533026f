// Weighted sums are exact in every instruction set, at every length and address.
#include "reduce/weighted_sum.h"

#include <random>

#include "reduce/reduction_oracle.h"

namespace inccl::reduce {
namespace {

TEST(WeightedSum, EqualsTheLoop) {
  std::mt19937 random(5);
  std::vector<int32_t> values(2049), weights(2049);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<int32_t>(random()) >> 1;
    weights[i] = static_cast<int32_t>(random() >> 11);
  }
  values[0] = 1 << 30, values[1] = -(1 << 30);
  std::vector<std::byte> odd(4 * values.size() + 1);
  std::memcpy(odd.data() + 1, values.data(), 4 * values.size());
  inEachInstructionSet([&] {
    int64_t exact = 0;
    uint32_t wrapped = 0;
    for (size_t count = 0; count <= values.size(); ++count) {
      ASSERT_EQ(weightedSum(odd.data() + 1, weights.data(), count), exact) << count;
      ASSERT_EQ(weightedSumWrapping(values.data(), weights.data(), count), wrapped) << count;
      if (count == values.size()) break;
      exact += int64_t{values[count]} * weights[count];
      wrapped += static_cast<uint32_t>(values[count]) * static_cast<uint32_t>(weights[count]);
    }
  });
}

}  // namespace
}  // namespace inccl::reduce
