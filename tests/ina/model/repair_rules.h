// Repair: seal, report, decide, commit, and what the host then carries.
//
// The coordinator, rank 0, sends SEAL and COMMIT to all; each rank takes them in that order at its
// own time, so one counter per rank says how far it is. A sealed rank drops all packets of that
// epoch for ever, and its REPORT says which chunks it has and which operations it has called. When
// all reports are there, each chunk of the operations that somebody had called is either done, or
// copied by the lowest rank that holds its result, or reduced on the host out of contributions. The
// next epoch, or the host, begins with the first operation that nobody had called, numbering from
// 0.
//
// Retained, per slot, is what came with the last RESULT: the sum, or, for a rank that got the
// header alone, its own contribution. Without the latter a root whose result was lost cannot be
// helped, as the others have returned (Mutant::kNoRetainedContributions).
#pragma once

#include "ina/model/state.h"

namespace inccl::ina_model {

inline constexpr int kCoordinator = 0;

bool maySeal(const Job& job, const State& state);
void sendSeal(State& state);

bool mayDecide(const Job& job, const State& state);
// COMMIT goes out: to the next epoch, or to the host. Of several holders the lowest copies, or the
// highest: the protocol takes the lowest, but where ranks are interchangeable (reductions.h) a rule
// that looks at their names has to be there in both directions.
void decide(const Job& job, State& state, bool toHost, bool byHighest);

bool mayTakeControl(const State& state, int worker);
// The next SEAL or COMMIT for this rank.
void takeControl(const Job& job, State& state, int worker);

// The rank's part in the chunks of the operation that it just called, where the host has them.
void contributeCalled(const Job& job, State& state, int worker);

// Whether a copy or the host's sum of `chunk` is there for a rank that lacks it, or it need not
// wait.
bool isRepairThere(const Job& job, const State& state, int worker, int chunk);
void takeRepair(const Job& job, State& state, int worker, int chunk);
// Hands out whatever the host has ready. Such data are reliable, final and awaited by nobody else,
// so that they may as well come at once.
void deliverRepairs(const Job& job, State& state);

// Rank or rank's peer known to have failed: it may learn so at any time.
bool mayLearnOfFailure(const Job& job, const State& state, int worker);

}  // namespace inccl::ina_model
