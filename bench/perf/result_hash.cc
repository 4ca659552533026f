// Hashing at about the speed of memory.
#include "perf/result_hash.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "perf/mix.h"

namespace inccl::perf {

uint64_t hashOf(const Span& span) {
  uint64_t hash = mix(span.bytes);
  for (size_t at = 0; at < span.bytes; at += sizeof hash) {
    uint64_t word = 0;
    std::memcpy(&word, span.data + at, std::min(sizeof word, span.bytes - at));
    hash = mix(hash ^ word);
  }
  return std::max<uint64_t>(hash, 1);
}

ResultHash summarise(std::vector<uint64_t> ofRanks, bool sameOnAll) {
  ResultHash hash;
  hash.ofRanks = std::move(ofRanks);
  if (hash.ofRanks.empty()) return hash;
  if (sameOnAll) {
    const uint64_t first = hash.ofRanks.front();
    hash.all = first;
    hash.unequal = std::count_if(hash.ofRanks.begin(), hash.ofRanks.end(),
                                 [&](uint64_t other) { return other != first; });
    return hash;
  }
  for (const uint64_t one : hash.ofRanks) hash.all = mix(hash.all, one);
  return hash;
}

}  // namespace inccl::perf
