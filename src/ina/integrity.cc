#include "ina/integrity.h"

#include <sodium.h>

#include <cstring>
#include <numeric>

#include "reduce/weighted_sum.h"

namespace inccl::ina {
namespace {

using wire::LaneOp;
using wire::LaneType;

// What a pseudo-random number is for; two of each, one for each tag.
constexpr uint8_t kWeight = 1, kPresence = 3, kChunk = 5;

static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);

uint64_t belowPrime(uint64_t random) {
  return random % static_cast<uint64_t>(Integrity::kPrime - 1) + 1;  // not 0
}

// Odd ones lose no bit modulo 2^32.
int32_t oddBelowPrime(uint64_t random) {
  const uint64_t below = belowPrime(random);
  return static_cast<int32_t>(below % 2 == 0 ? below - 1 : below);
}

int64_t modulo(int64_t value) {
  const int64_t rest = value % Integrity::kPrime;
  return rest < 0 ? rest + Integrity::kPrime : rest;
}

}  // namespace

Integrity::Integrity(std::string_view secret, uint32_t session, uint32_t workers) {
  crypto_generichash_state state;
  constexpr std::string_view kLabel = "inccl ina 1";
  crypto_generichash_init(&state, nullptr, 0, key_.size());
  for (const std::string_view part : {kLabel, secret})
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  std::array<unsigned char, 4> number{};
  std::memcpy(number.data(), &session, sizeof session);
  crypto_generichash_update(&state, number.data(), number.size());
  crypto_generichash_final(&state, key_.data(), key_.size());
  for (size_t which = 0; which < 2; ++which) {
    for (size_t i = 0; i < wire::kMostElements; ++i)
      weights_[which].push_back(oddBelowPrime(random(static_cast<uint8_t>(kWeight + which), i)));
    for (uint32_t worker = 0; worker < workers; ++worker)
      presence_[which].push_back(
          belowPrime(random(static_cast<uint8_t>(kPresence + which), worker)));
    allPresent_[which] =
        std::accumulate(presence_[which].begin(), presence_[which].end(), uint64_t{0});
  }
}

// SipHash-2-4 of what it is for.
uint64_t Integrity::random(uint8_t what, uint64_t index) const {
  std::array<unsigned char, 9> input{what};
  std::memcpy(input.data() + 1, &index, sizeof index);
  uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), input.data(), input.size(),
                   key_.data());
  return hash;
}

Integrity::Arithmetic Integrity::arithmeticOf(LaneType type, LaneOp op) {
  if (type == LaneType::kFixed32 && op == LaneOp::kSum) return Arithmetic::kPrime;
  const bool integers = type == LaneType::kInt32 || type == LaneType::kUint32;
  // What one rank gives and nobody adds to is a sum too.
  return integers && (op == LaneOp::kSum || op == LaneOp::kNone) ? Arithmetic::kWrapping
                                                                 : Arithmetic::kPresence;
}

// `presence`: of whoever is counted in the values.
uint32_t Integrity::tagOf(size_t which, Arithmetic arithmetic, uint64_t presence, uint64_t chunk,
                          std::span<const std::byte> values) const {
  const uint64_t ofChunk = belowPrime(random(static_cast<uint8_t>(kChunk + which), chunk));
  const int32_t* const weights = weights_[which].data();
  const size_t count = values.size() / 4;
  if (arithmetic == Arithmetic::kWrapping)
    return reduce::weightedSumWrapping(values.data(), weights, count) +
           static_cast<uint32_t>(presence * ofChunk);
  const int64_t weighted = arithmetic == Arithmetic::kPrime && count > 0
                               ? modulo(reduce::weightedSum(values.data(), weights, count))
                               : 0;
  const auto there = static_cast<int64_t>(presence % static_cast<uint64_t>(kPrime) * ofChunk %
                                          static_cast<uint64_t>(kPrime));
  return static_cast<uint32_t>(modulo(weighted + there));
}

Integrity::Tags Integrity::tag(uint32_t worker, uint64_t chunk, LaneType type, LaneOp op,
                               std::span<const std::byte> payload) const {
  const Arithmetic arithmetic = arithmeticOf(type, op);
  return {tagOf(0, arithmetic, presence_[0][worker], chunk, payload),
          tagOf(1, arithmetic, presence_[1][worker], chunk, payload)};
}

bool Integrity::proves(uint64_t chunk, LaneType type, LaneOp op, std::span<const std::byte> sum,
                       const Tags& tags) const {
  const Arithmetic arithmetic = arithmeticOf(type, op);
  for (size_t which = 0; which < 2; ++which) {
    const uint32_t expected = tagOf(which, arithmetic, allPresent_[which], chunk, sum);
    const uint32_t got = arithmetic == Arithmetic::kWrapping
                             ? tags[which]
                             : tags[which] % static_cast<uint32_t>(kPrime);
    if (got != expected) return false;
  }
  return true;
}

}  // namespace inccl::ina
