// Sizes as people write them ("64K", "1.5M") and the sequence of sizes that -b -e -i -f ask for.
//
// The sequence is computed once, before any rank exists, so that a range which would never end
// (-b 0 -f 2, -i 0) or which overflows is refused instead of running for ever.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "perf/outcome.h"

namespace inccl::perf {

// A number, perhaps with a fraction, and perhaps one of K, M, G (powers of 1024, either case).
Outcome<uint64_t> parseSize(std::string_view text);

struct SizeRange {
  uint64_t minBytes = 32ull << 20;
  uint64_t maxBytes = 32ull << 20;
  uint64_t stepBytes = 1ull << 20;
  uint64_t stepFactor = 1;  // 1 = add stepBytes
};

Outcome<std::vector<uint64_t>> sizesOf(const SizeRange& range);

// "8", "64K", "1M", "1.5M": the shortest of its exact forms, for progress and labels.
std::string shortSize(uint64_t bytes);

}  // namespace inccl::perf
