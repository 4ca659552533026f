// States that cannot be told apart by anything that may still happen are made one.
//
// Done after every event, so a state is always in its reduced form:
//   - Packets without any effect, now or later, are taken away: answers to a worker that has the
//     chunk, has sealed the epoch or has failed; packets of a session that the switch will refuse
//     for ever; contributions to a use that is past, unless a crash may yet clear the registers.
//     Losing or delivering them is the same, so no behaviour goes with them.
//   - Registers of another session than the table's are those at birth: the switch looks at nothing
//     else of them than that the session differs.
//   - A session whose packets no worker will take any more has no packets and no registers.
//   - Of a rank that is dead or has failed only its last REPORT is kept; of a repaired chunk that
//     everybody has, nothing.
//   - Steps that only their own rank sees and that nobody can forestall (an operation returns; the
//     host hands out a sum that is ready; on the host, the next call) are taken at once.
// Besides, packets stand sorted, as a bag has no order; and where the scenario treats some ranks
// alike, a state stands for all that differ by which of them is which (orbitOf).
#pragma once

#include <vector>

#include "ina/model/state.h"

namespace inccl::ina_model {

void reduce(const Job& job, State& state);

// Pairs of ranks that may change places without anything but names changing.
std::vector<int> interchangeableRanks(const Job& job);

// The state after two ranks changed names.
State withSwapped(const Job& job, const State& state, int a, int b);

}  // namespace inccl::ina_model
