// Slices and chunks cover a vector exactly, evenly, and fit into messages.
#include "exec/lanes/slicing.h"

#include <gtest/gtest.h>

namespace inccl::exec {
namespace {

TEST(SlicingTest, CoversEveryElementOnceInOrder) {
  for (const uint64_t count : {0, 1, 2, 3, 7, 64, 1000, 1009, 100003}) {
    for (const uint32_t chunks : {1, 2, 3, 8, 13}) {
      for (const size_t messageBytes : {8, 64, 100, 4096}) {
        const Slicing slicing(count, chunks, 8, messageBytes);
        uint64_t next = 0, shortest = UINT64_MAX, longest = 0;
        for (uint64_t slice = 0; slice < slicing.sliceCount(); ++slice) {
          for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
            const ElementRange part = slicing.chunks(slice).part(chunk);
            EXPECT_EQ(slicing.firstElement(slice) + part.first, next);
            next += part.length;
            shortest = std::min(shortest, part.length);
            longest = std::max(longest, part.length);
          }
        }
        EXPECT_EQ(next, count);
        EXPECT_EQ(longest, slicing.longestChunk());
        EXPECT_LE(longest * 8, messageBytes);
        EXPECT_LE(longest - shortest, 2u) << count << " " << chunks << " " << messageBytes;
      }
    }
  }
}

TEST(SlicingTest, TakesAsFewSlicesAsFit) {
  EXPECT_EQ(Slicing(0, 3, 8, 64).sliceCount(), 1u);
  EXPECT_EQ(Slicing(24, 3, 8, 64).sliceCount(), 1u);
  EXPECT_EQ(Slicing(25, 3, 8, 64).sliceCount(), 2u);
  EXPECT_EQ(Slicing(25, 3, 8, 71).sliceCount(), 2u);
  EXPECT_EQ(Slicing(1ull << 60, 1, 8, 8).sliceCount(), 1ull << 60);
}

TEST(SlicingTest, FirstPartsAreTheLongerOnes) {
  const EvenSplit split(11, 4);
  EXPECT_EQ(split.length(0), 3u);
  EXPECT_EQ(split.length(2), 3u);
  EXPECT_EQ(split.length(3), 2u);
  EXPECT_EQ(split.first(3), 9u);
}

}  // namespace
}  // namespace inccl::exec
