// Proof, at the receiver, that a sum is the sum: every rank counted once, this chunk, these values.
//
// Each contribution carries two tags, which the switch adds like any other lane:
//   t_w = (Σ r_i · q_w,i + a_w · b_c) mod p
// with pseudo-random weights r_i of each place, a_w of each worker and b_c of each chunk, all
// derived from a key that the ranks share and the switch does not know. The receiver knows Σ a_w,
// so it checks
//   Σ r_i · y_i + b_c · Σ a_w = Σ t   (mod p)
// in one pass over the sum y. An omitted or doubled worker is off by ± t_w, a stale contribution by
// a_w · (b_c - b_c'), a changed lane by r_i times the change; each is 0 mod p once in about p.
// p = 2^21 - 9 is prime, so for two independent tags that is once in 2^42, and 1,023 tags add up to
// less than 2^31: the switch needs no modulus. (Modulo 2^32 a flip of bit 31 in two lanes cancels
// half of the time.) This holds while sums do not wrap, as in fixed point. Integers of users may
// wrap and are tagged modulo 2^32, which is weaker. Minima, maxima, bit operations and exponents
// have no linear proof: their tags say only that every rank was counted once.
//
// It catches faults, not a rank that forges: ranks share the key. Immutable once made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wire/aggregation_packet.h"

namespace inccl::ina {

class Integrity {
 public:
  static constexpr int64_t kPrime = (1 << 21) - 9;
  using Tags = std::array<uint32_t, 2>;

  // `secret`: what only the ranks of the job know; `session`: of the epoch.
  Integrity(std::string_view secret, uint32_t session, uint32_t workers);

  // Of `worker`'s contribution to a chunk of the job. A payload of 32-bit integers, empty where it
  // has none.
  [[nodiscard]] Tags tag(uint32_t worker, uint64_t chunk, wire::LaneType type, wire::LaneOp op,
                         std::span<const std::byte> payload) const;
  // Whether `sum` is what all contributed whose tags add up to `tags`.
  [[nodiscard]] bool proves(uint64_t chunk, wire::LaneType type, wire::LaneOp op,
                            std::span<const std::byte> sum, const Tags& tags) const;

 private:
  enum class Arithmetic : uint8_t { kPrime, kWrapping, kPresence };
  static Arithmetic arithmeticOf(wire::LaneType type, wire::LaneOp op);
  [[nodiscard]] uint64_t random(uint8_t what, uint64_t index) const;
  [[nodiscard]] uint32_t tagOf(size_t which, Arithmetic arithmetic, uint64_t presence,
                               uint64_t chunk, std::span<const std::byte> values) const;

  std::array<unsigned char, 16> key_{};
  std::array<std::vector<int32_t>, 2> weights_;    // by place, odd, below the prime
  std::array<std::vector<uint64_t>, 2> presence_;  // by worker, below the prime, not 0
  std::array<uint64_t, 2> allPresent_{};           // their sum
};

}  // namespace inccl::ina
