// Randomness that can be repeated: every random test takes its seed here, and prints it.
//
// INCCL_TEST_SEED fixes the seed, INCCL_TEST_TRIALS the number of repetitions (soak runs ask for
// many). Without them a test has a fresh seed each run and the few trials that it names itself.
#pragma once

#include <cstdint>
#include <random>

namespace inccl::test {

// The seed of this process: INCCL_TEST_SEED, or a random one. Printed to stderr at first use.
uint64_t testSeed();

// A generator for one trial: the same (seed, trial) gives the same numbers.
std::mt19937_64 trialRandom(uint64_t trial);

// INCCL_TEST_TRIALS, or `byDefault`. A value that is not a positive number ends the process.
int testTrials(int byDefault);

}  // namespace inccl::test
