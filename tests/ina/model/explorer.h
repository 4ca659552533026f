// Every state that a scenario can reach, breadth first, and whether one of them breaks a property.
//
//   wrong   a worker took a result that is not the true sum of that chunk of that operation
//   apart   two ranks report a slot more than one use apart
//   stuck   from some state no sequence of events leads to an end, where each rank has all its
//           results, or an error, or is dead. That includes states without any event.
//
// Breadth first, so a counterexample is as short as can be. For the second property the edges are
// kept, and the ends' ancestors marked backwards over them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "ina/model/job.h"
#include "ina/model/state.h"

namespace inccl::ina_model {

enum class Property : uint8_t { kHolds, kWrongResult, kRanksApart, kStuck, kTooSmallBounds };
const char* propertyName(Property property);

struct Exploration {
  Property broken = Property::kHolds;
  bool isComplete = false;  // all states were seen, or a counterexample was
  uint64_t states = 0;
  uint64_t events = 0;  // between them
  int depth = 0;        // events from the beginning to the farthest state
  double seconds = 0;
  std::vector<std::string> trace;         // the counterexample
  std::set<std::vector<uint16_t>> views;  // what ranks saw of the states: chunks, calls, failures
};

// What is broken in this one state, kStuck apart.
Property brokenIn(const State& state);

struct Limits {
  uint64_t states = 200'000'000;
  bool checksProgress = true;
  bool collectsViews = false;
};

Exploration explore(const Job& job, const Limits& limits = {});

// "name: 1234 states, … holds", and the counterexample where there is one.
std::string report(const Scenario& scenario, const Exploration& exploration);

}  // namespace inccl::ina_model
