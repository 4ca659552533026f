#include "support/seed.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace inccl::test {
namespace {

// A test that runs with another seed than asked for would mislead, so a bad value ends the process.
std::optional<uint64_t> numberFrom(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  uint64_t value = 0;
  const char* const end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    std::fprintf(stderr, "%s is '%s'; expected a whole number\n", variable, text);
    std::exit(2);
  }
  return value;
}

uint64_t chooseSeed() {
  std::random_device device;
  const uint64_t fresh = uint64_t{device()} << 32 | device();
  const uint64_t seed = numberFrom("INCCL_TEST_SEED").value_or(fresh);
  std::fprintf(stderr, "seed: INCCL_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace

uint64_t testSeed() {
  static const uint64_t seed = chooseSeed();
  return seed;
}

std::mt19937_64 trialRandom(uint64_t trial) {
  const uint64_t seed = testSeed();
  std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                         static_cast<uint32_t>(trial), static_cast<uint32_t>(trial >> 32)};
  return std::mt19937_64(sequence);
}

int testTrials(int byDefault) {
  const uint64_t trials =
      numberFrom("INCCL_TEST_TRIALS").value_or(static_cast<uint64_t>(byDefault));
  if (trials < 1 || trials > 1000000) {
    std::fprintf(stderr, "INCCL_TEST_TRIALS is %llu; expected 1 to 1000000\n",
                 static_cast<unsigned long long>(trials));
    std::exit(2);
  }
  return static_cast<int>(trials);
}

}  // namespace inccl::test
