// An oracle for the verifier: runs a schedule with numbers, one element per chunk, in a random
// order of all steps that could run next, and looks at the result.
//
// It is written apart from the verifier and the executors, from schedule.h alone, and as plainly as
// possible. One run proves nothing but that this order went well; a schedule that the verifier
// accepts must go well in every order.
#pragma once

#include <random>
#include <string>

#include "schedule/schedule.h"

namespace inccl::verify {

// "" when the result was right (for sums of doubles: the same bits on every rank), else what was
// not.
std::string runInRandomOrder(const schedule::Schedule& schedule, bool inPlace,
                             std::mt19937_64& random);

}  // namespace inccl::verify
