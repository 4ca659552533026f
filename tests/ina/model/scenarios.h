// The scenarios that are searched: small enough to be exhausted, together covering the protocol.
//
// One scenario with everything in it would be too large for every build, so the bounds are spread:
// losses and duplicates against the switch alone, then repair with crash and death over one slot,
// then two slots with packets that are never used up (any number of losses and duplicates at once,
// and few states, since nothing is counted; but no time-outs, so progress is not asked there).
#pragma once

#include <string>
#include <vector>

#include "ina/model/job.h"

namespace inccl::ina_model {

// "reduce@1:2,all-reduce": operations by name, @root and :chunks where they are not 0 and 1. Empty
// where the text cannot be read.
std::vector<Operation> operationsFrom(const std::string& text, int workers);

std::vector<Scenario> testScenarios();  // two workers; about half a minute
std::vector<Scenario> soakScenarios();  // three workers, and two with wider bounds; minutes

// One in which the mutant is found out.
Scenario mutantScenario(Mutant mutant);

}  // namespace inccl::ina_model
