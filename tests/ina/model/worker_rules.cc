#include "ina/model/worker_rules.h"

#include "ina/model/switch_rules.h"

namespace inccl::ina_model {

bool hasChunk(const State& state, int worker, int chunk) {
  return (state.workers[worker].got >> chunk & 1) != 0;
}

bool hasReturned(const Job& job, const State& state, int worker, int operation) {
  const Worker& w = state.workers[worker];
  if (w.begun <= operation) return false;
  const unsigned first = job.firstChunk[worker][operation];
  const unsigned end = job.firstChunk[worker][operation + 1];
  const unsigned chunks = (1U << end) - (1U << first);
  return (w.got & chunks) == chunks;
}

bool isFinished(const Job& job, const State& state, int worker) {
  const Worker& w = state.workers[worker];
  return w.fate != Fate::kFine || w.got == (1U << job.chunks) - 1;
}

bool isSealed(const State& state, int worker) { return state.workers[worker].control % 2 != 0; }

int epochOf(const State& state, int worker) { return state.workers[worker].control / 2; }

int outstandingChunk(const Job& job, const State& state, int worker, int slot) {
  const Worker& w = state.workers[worker];
  const bool isOnHost = state.isHost != 0 && w.control == state.controlSent;
  if (w.fate != Fate::kFine || isSealed(state, worker) || isOnHost) return -1;
  for (int c = state.base[epochOf(state, worker)] + slot; c < job.chunks; c += job.slots) {
    if (job.operationOf[worker][c] >= w.begun) return -1;
    if (!hasChunk(state, worker, c)) return c;
  }
  return -1;
}

Value bufferPart(const Job& job, const State& state, int worker, int chunk) {
  const Operation& operation = job.operationWith(worker, chunk);
  if (!has(operation.contributors, worker)) return 0;
  const bool isOverwritten = hasChunk(state, worker, chunk) && has(operation.receivers, worker);
  const bool isUsers = hasReturned(job, state, worker, job.operationOf[worker][chunk]);
  if (isOverwritten || isUsers) return onlyPart(worker, kSpoilt);
  return ownContribution(worker, chunk);
}

bool mayCall(const Job& job, const State& state, int worker) {
  const Worker& w = state.workers[worker];
  return w.fate == Fate::kFine && w.begun < job.operations &&
         (job.scenario.overlaps || w.begun == 0 || hasReturned(job, state, worker, w.begun - 1));
}

void call(const Job& job, State& state, int worker) {
  const int operation = state.workers[worker].begun++;
  sendWindow(job, state, worker, job.firstChunk[worker][operation]);
}

void sendWindow(const Job& job, State& state, int worker, int fromChunk) {
  for (int slot = 0; slot < job.slots; ++slot) {
    const int chunk = outstandingChunk(job, state, worker, slot);
    if (chunk < fromChunk || chunk < 0) continue;
    post(job, state, packetFor(job, state, Kind::kData, worker, chunk));
  }
}

Packet packetFor(const Job& job, const State& state, Kind kind, int worker, int chunk) {
  const int epoch = epochOf(state, worker), number = chunk - state.base[epoch];
  const Value value = kind == Kind::kData ? bufferPart(job, state, worker, chunk) : 0;
  return {kind, worker, epoch + 1, number % job.slots, number / job.slots, value};
}

void takeResult(const Job& job, State& state, int worker, int chunk, Value value) {
  if (has(job.operationWith(worker, chunk).receivers, worker) &&
      (value != job.trueSum[chunk] || value == 0)) {
    state.isWrong = 1;
  }
  state.workers[worker].got |= onlyChunk(chunk);
}

void receiveAtWorker(const Job& job, State& state, Packet packet) {
  const int worker = packet.worker(), chunk = chunkOf(job, state, packet);
  switch (packet.kind()) {
    case Kind::kData:
    case Kind::kProbe:
      return;
    case Kind::kStatus:
      post(job, state, packetFor(job, state, Kind::kData, worker, chunk));
      return;
    case Kind::kMismatch:
      state.workers[worker].fate = Fate::kFailed;
      return;
    case Kind::kResult:
    case Kind::kHeader:
      takeResult(job, state, worker, chunk, packet.value());
      const int next = outstandingChunk(job, state, worker, packet.slot());
      if (next >= 0) post(job, state, packetFor(job, state, Kind::kData, worker, next));
      return;
  }
}

bool workerIgnores(const Job& job, const State& state, Packet packet) {
  const int worker = packet.worker();
  const Worker& w = state.workers[worker];
  if (w.fate != Fate::kFine || packet.session() != epochOf(state, worker) + 1) return true;
  const bool isResult = packet.kind() == Kind::kResult || packet.kind() == Kind::kHeader;
  const bool takesLate = job.mutant == Mutant::kResultsAfterReport && isResult;
  if (isSealed(state, worker) && !takesLate) return true;
  // Else the slot waits for that chunk: it was sent, since the switch speaks of it.
  return hasChunk(state, worker, chunkOf(job, state, packet));
}

}  // namespace inccl::ina_model
