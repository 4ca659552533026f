// Hashes for fingerprints and signatures, not for secrets (those use libsodium in bootstrap).
#pragma once

#include <cstdint>
#include <string_view>

namespace inccl {

// Two words to one by multiplication and folding, as in splitmix64's finaliser (Steele, Lea and
// Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, Fig. 16).
constexpr uint64_t mixHash(uint64_t a, uint64_t b) {
  uint64_t x = a ^ (b * 0x9e3779b97f4a7c15ULL);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// FNV-1a over bytes, then mixed, so that the high bits are good too.
constexpr uint64_t hashBytes(std::string_view bytes, uint64_t seed = 0) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return mixHash(hash, bytes.size());
}

}  // namespace inccl
