#include "ina/model/repair_rules.h"

#include <algorithm>

#include "ina/model/worker_rules.h"

namespace inccl::ina_model {
namespace {

bool isFine(const State& state, int worker) { return state.workers[worker].fate == Fate::kFine; }

// The newest chunk whose RESULT the worker took in its epoch through the slot of `chunk`, or -1.
int retainedChunk(const Job& job, const State& state, int worker, int chunk) {
  const int base = state.base[epochOf(state, worker)];
  int last = -1;
  for (int c = base + (chunk - base) % job.slots; c < job.chunks; c += job.slots) {
    if (hasChunk(state, worker, c)) last = c;
  }
  return last;
}

Value contributionToHost(const Job& job, const State& state, int worker, int chunk) {
  const Operation& operation = job.operationWith(worker, chunk);
  const bool hadHeader = hasChunk(state, worker, chunk) && !has(operation.receivers, worker);
  const bool isOneOfTheRight =
      job.mutant == Mutant::kNone || job.mutant > Mutant::kRedoLackingChunks;
  if (hadHeader && has(operation.contributors, worker) && isOneOfTheRight &&
      job.mutant != Mutant::kNoRetainedContributions &&
      retainedChunk(job, state, worker, chunk) == chunk) {
    return ownContribution(worker, chunk);
  }
  return bufferPart(job, state, worker, chunk);
}

void contribute(const Job& job, State& state, int worker, int chunk) {
  Repair& repair = state.repairs[chunk];
  const Operation& operation = job.operationWith(worker, chunk);
  if (repair.plan != Plan::kHost || has(repair.contributed, worker)) return;
  for (int w = 0; w < job.workers; ++w) {
    // A host schedule's header names the operation.
    if (!has(repair.contributed, w) || job.operationWith(w, chunk).tag == operation.tag) continue;
    state.workers[worker].fate = Fate::kFailed;
    return;
  }
  const Value given = contributionToHost(job, state, worker, chunk);
  const Value right = has(operation.contributors, worker) ? ownContribution(worker, chunk) : 0;
  if (given != right) repair.isSpoilt = 1;
  repair.contributed |= onlyWorker(worker);
  const WorkerSet wanted = operation.contributors;
  if ((repair.contributed & wanted) == wanted) repair.isSent = 1;
}

void sendCopy(const Job& job, State& state, int worker, int chunk) {
  Repair& repair = state.repairs[chunk];
  if (repair.plan != Plan::kCopy || repair.holder != worker || repair.isSent != 0) return;
  const bool isRight = job.mutant == Mutant::kNoRetainedResults
                           ? !hasReturned(job, state, worker, job.operationOf[worker][chunk])
                           : retainedChunk(job, state, worker, chunk) == chunk;
  repair.isSent = 1;
  if (!isRight) repair.isSpoilt = 1;
}

bool isCalled(const Job& job, const State& state, int worker, int chunk) {
  return job.operationOf[worker][chunk] < state.workers[worker].begun;
}

// The mutant that starts the whole operation again, where the rank is still in it.
void forgetOperation(const Job& job, State& state, int worker, int commit) {
  const int last = state.workers[worker].begun - 1;
  if (last < 0 || hasReturned(job, state, worker, last)) return;
  for (int c = job.firstChunk[worker][last]; c < job.firstChunk[worker][last + 1]; ++c) {
    if (state.repairs[c].commit == commit && state.repairs[c].plan == Plan::kHost) {
      state.workers[worker].got &= static_cast<ChunkSet>(~onlyChunk(c));
    }
  }
}

void applyCommit(const Job& job, State& state, int worker) {
  const int commit = (state.workers[worker].control + 1) / 2;
  for (int c = 0; c < job.chunks; ++c) {
    if (state.repairs[c].commit != commit) continue;
    sendCopy(job, state, worker, c);
    if (isCalled(job, state, worker, c)) contribute(job, state, worker, c);
  }
  if (job.mutant == Mutant::kRedoOperation) forgetOperation(job, state, worker, commit);
  ++state.workers[worker].control;
  sendWindow(job, state, worker, 0);
}

// Who reported to have `chunk`.
WorkerSet reportedHolders(const Job& job, const State& state, int chunk) {
  WorkerSet holders = 0;
  for (int w = 0; w < job.workers; ++w) {
    if ((state.workers[w].reported >> chunk & 1) != 0) holders |= onlyWorker(w);
  }
  return holders;
}

bool isOperationWhole(const Job& job, const State& state, int chunk) {
  const int operation = job.operationOf[0][chunk];
  for (int c = job.firstChunk[0][operation]; c < job.firstChunk[0][operation + 1]; ++c) {
    if (reportedHolders(job, state, c) != job.everybody) return false;
  }
  return true;
}

Repair planFor(const Job& job, const State& state, int chunk, bool byHighest) {
  const WorkerSet holders = reportedHolders(job, state, chunk);
  Repair repair;
  if (job.mutant == Mutant::kRedoOperation || job.mutant == Mutant::kRedoLackingChunks) {
    const bool isDone = job.mutant == Mutant::kRedoOperation ? isOperationWhole(job, state, chunk)
                                                             : holders == job.everybody;
    repair.plan = isDone ? Plan::kDone : Plan::kHost;
    return repair;
  }
  const WorkerSet receivers = job.operationWith(0, chunk).receivers;
  const auto withValue = static_cast<WorkerSet>(receivers & holders);
  if (withValue == receivers) {
    repair.plan = Plan::kDone;
  } else if (withValue != 0) {
    repair.plan = Plan::kCopy;
    for (int w = 0; w < job.workers; ++w) {
      if (!has(withValue, w)) continue;
      repair.holder = static_cast<uint8_t>(w);
      if (!byHighest) break;
    }
  } else {
    repair.plan = Plan::kHost;
  }
  return repair;
}

// Whether the descriptors in the reports contradict each other.
bool isMismatchReported(const Job& job, const State& state) {
  for (int o = 0; o < job.operations; ++o) {
    int first = -1;
    for (int w = 0; w < job.workers; ++w) {
      if (state.workers[w].reportedBegun <= o) continue;
      if (first < 0) first = w;
      if (job.operation(w, o).tag != job.operation(first, o).tag) return true;
    }
  }
  return false;
}

// Whether some slot is more than one use further in one report than in another: what a rank may
// leave out of its REPORT, and how much has to be retained, stands on that.
bool areReportsApart(const Job& job, const State& state, int base) {
  for (int slot = 0; slot < job.slots; ++slot) {
    int least = job.chunks, most = 0;
    for (int w = 0; w < job.workers; ++w) {
      int uses = 0;
      for (int c = base + slot; c < job.chunks; c += job.slots) {
        uses += state.workers[w].reported >> c & 1;
      }
      least = std::min(least, uses);
      most = std::max(most, uses);
    }
    if (most > least + 1) return true;
  }
  return false;
}

// What COMMIT has for a rank that lacks `chunk`: true once the rank may go on without waiting.
bool isReadyFor(const Job& job, const State& state, int worker, int chunk) {
  const Repair& repair = state.repairs[chunk];
  const Operation& operation = job.operationWith(worker, chunk);
  switch (repair.plan) {
    case Plan::kNone:
      return false;
    case Plan::kDone:
      return true;
    case Plan::kCopy:
      return repair.isSent != 0 || !has(operation.receivers, worker);
    case Plan::kHost:
      return repair.isSent != 0 ||
             (!has(operation.receivers, worker) && has(repair.contributed, worker));
  }
  return false;
}

}  // namespace

bool maySeal(const Job& job, const State& state) {
  return job.scenario.hasControl && isFine(state, kCoordinator) && state.isHost == 0 &&
         state.controlSent % 2 == 0 && state.workers[kCoordinator].control == state.controlSent;
}

void sendSeal(State& state) { ++state.controlSent; }

bool mayDecide(const Job& job, const State& state) {
  return state.controlSent % 2 != 0 && isFine(state, kCoordinator) &&
         state.reports == job.everybody;
}

void decide(const Job& job, State& state, bool toHost, bool byHighest) {
  if (isMismatchReported(job, state)) {
    state.workers[kCoordinator].fate = Fate::kFailed;  // and so do all, who learn of it
    return;
  }
  const int epoch = state.controlSent / 2;
  if (areReportsApart(job, state, state.base[epoch])) state.isApart = 1;
  int boundary = 0;
  for (int w = 0; w < job.workers; ++w) {
    boundary = std::max<int>(boundary, state.workers[w].reportedBegun);
  }
  const int firstNew = job.firstChunk[0][boundary];
  for (int c = state.base[epoch]; c < (toHost ? job.chunks : firstNew); ++c) {
    Repair repair;
    repair.plan = Plan::kHost;
    if (c < firstNew) repair = planFor(job, state, c, byHighest);
    repair.commit = static_cast<uint8_t>(epoch + 1);
    state.repairs[c] = repair;
  }
  if (toHost) {
    state.isHost = 1;
  } else {
    state.base[epoch + 1] = static_cast<uint8_t>(firstNew);
    state.newest = static_cast<uint8_t>(epoch + 2);
  }
  for (Worker& w : state.workers) w.reported = w.reportedBegun = 0;
  state.reports = 0;
  ++state.controlSent;
}

bool mayTakeControl(const State& state, int worker) {
  return isFine(state, worker) && state.workers[worker].control < state.controlSent;
}

void takeControl(const Job& job, State& state, int worker) {
  Worker& w = state.workers[worker];
  if (isSealed(state, worker)) return applyCommit(job, state, worker);
  ++w.control;
  w.reported = w.got;
  w.reportedBegun = w.begun;
  state.reports |= onlyWorker(worker);
}

void contributeCalled(const Job& job, State& state, int worker) {
  const Worker& w = state.workers[worker];
  const int operation = w.begun - 1;
  for (int c = job.firstChunk[worker][operation]; c < job.firstChunk[worker][operation + 1]; ++c) {
    // Also when the next epoch is sealed already: what an earlier COMMIT asked for stays owed.
    if (state.repairs[c].commit <= w.control / 2) contribute(job, state, worker, c);
  }
}

bool isRepairThere(const Job& job, const State& state, int worker, int chunk) {
  const Repair& repair = state.repairs[chunk];
  return isFine(state, worker) && repair.plan != Plan::kNone && !hasChunk(state, worker, chunk) &&
         isCalled(job, state, worker, chunk) &&
         state.workers[worker].control >= 2 * repair.commit &&
         isReadyFor(job, state, worker, chunk);
}

void takeRepair(const Job& job, State& state, int worker, int chunk) {
  const bool isSpoilt = state.repairs[chunk].isSpoilt != 0;
  takeResult(job, state, worker, chunk, isSpoilt ? onlyPart(worker, kSpoilt) : job.trueSum[chunk]);
}

void deliverRepairs(const Job& job, State& state) {
  for (int w = 0; w < job.workers; ++w) {
    for (int c = 0; c < job.chunks; ++c) {
      if (isRepairThere(job, state, w, c)) takeRepair(job, state, w, c);
    }
  }
}

bool mayLearnOfFailure(const Job& job, const State& state, int worker) {
  if (!job.scenario.hasControl || isFinished(job, state, worker)) return false;
  return std::any_of(state.workers.begin(), state.workers.begin() + job.workers,
                     [](const Worker& w) { return w.fate != Fate::kFine; });
}

}  // namespace inccl::ina_model
