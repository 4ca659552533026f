// Whether the protocol allows what was recorded: accepts(trace).
//
// Each event is tried on the same rules that the search uses. The network is not part of it: a
// packet may arrive at any time after it was sent, often or never, so what is asked is only that it
// was sent. Refused is what a party may not do: a switch that answers otherwise, a rank that sends
// what no slot waits for, contributes again without a STATUS that lacks it, takes a result of a
// sealed epoch, or returns too early.
//
// The job must fit the model: at most 8 workers, 3 slots, 12 chunks, 4 epochs.
#pragma once

#include <string>
#include <vector>

#include "ina/model/job.h"
#include "ina/model/trace.h"

namespace inccl::ina_model {

struct Verdict {
  bool isAccepted = true;
  size_t event = 0;    // the first that is not allowed
  std::string reason;  // … and why
};

// Of `scenario` only workers, slots, operations and whether they overlap count. Tags are learnt
// from the calls: the same operation has the same tag for all.
Verdict accepts(const Scenario& scenario, const std::vector<TraceEvent>& trace);

}  // namespace inccl::ina_model
