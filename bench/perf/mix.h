// A hash of a few integers: the source of all pseudo-random data of the tool.
//
// Stateless, so that every rank can compute every other rank's data from (seed, rank, index)
// without exchanging any. The mixing step is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace inccl::perf {

constexpr uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

constexpr uint64_t mix(uint64_t first, uint64_t second) { return mix(mix(first) ^ second); }

}  // namespace inccl::perf
