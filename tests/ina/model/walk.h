// Runs by chance, for jobs too large to search: more ranks, operations, losses and repairs.
//
// The first part of a run lets anything happen, mishaps more rarely than the rest. Then no further
// mishap but suspicion comes, and all ranks must finish. Everything follows from the seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ina/model/explorer.h"
#include "ina/model/trace.h"

namespace inccl::ina_model {

Scenario randomScenario(uint64_t seed);

struct Walk {
  Property broken = Property::kHolds;
  uint64_t events = 0;
  std::vector<std::string> trace;  // only where something broke
};
Walk walk(const Scenario& scenario, uint64_t seed);

// The same run, as switch and ranks would have written it down. Of several holders the lowest
// copies.
std::vector<TraceEvent> recordedWalk(const Scenario& scenario, uint64_t seed);

}  // namespace inccl::ina_model
