#include "ina/model/events.h"

#include <cstring>

#include "ina/model/reductions.h"
#include "ina/model/repair_rules.h"
#include "ina/model/switch_rules.h"
#include "ina/model/worker_rules.h"

namespace inccl::ina_model {
namespace {

bool isUnderWay(const State& state, Packet about) {
  constexpr uint64_t kUse = 0x7ff8;  // worker, session, slot, generation
  for (int i = 0; i < state.packetCount; ++i) {
    if (((state.packets[i].bits ^ about.bits) & kUse) == 0) return true;
  }
  return false;
}

bool isEarly(const Job& job, const State& state, int worker, int slot) {
  const int chunk = outstandingChunk(job, state, worker, slot);
  return isUnderWay(state, packetFor(job, state, Kind::kProbe, worker, chunk));
}

void listPackets(const State& state, std::vector<Event>& events) {
  for (int i = 0; i < state.packetCount; ++i) {
    if (i > 0 && state.packets[i] == state.packets[i - 1]) continue;
    const auto index = static_cast<uint8_t>(i);
    const Kind kind = state.packets[i].kind();
    // A second copy of these changes nothing.
    const bool isOnce = kind == Kind::kResult || kind == Kind::kHeader || kind == Kind::kMismatch;
    events.push_back({EventKind::kArrive, 0, index});
    if (state.left.duplicates > 0 && !isOnce) {
      events.push_back({EventKind::kArriveAndStay, 0, index});
    }
    if (state.left.losses > 0) events.push_back({EventKind::kLose, 0, index});
  }
}

void listOfWorker(const Job& job, const State& state, int worker, std::vector<Event>& events) {
  const auto w = static_cast<uint8_t>(worker);
  for (int slot = 0; slot < job.slots && !job.scenario.isEverlasting; ++slot) {
    if (outstandingChunk(job, state, worker, slot) < 0) continue;
    if (isEarly(job, state, worker, slot) && state.left.earlyTimeouts == 0) continue;
    events.push_back({EventKind::kTimeout, w, static_cast<uint8_t>(slot)});
  }
  if (!job.scenario.hasControl) return;
  if (mayCall(job, state, worker)) events.push_back({EventKind::kCall, w});
  if (mayTakeControl(state, worker)) events.push_back({EventKind::kTakeControl, w});
  if (mayLearnOfFailure(job, state, worker)) events.push_back({EventKind::kLearnOfFailure, w});
  if (state.left.deaths > 0 && state.workers[worker].fate != Fate::kDead) {
    events.push_back({EventKind::kDie, w});
  }
}

void listOfSwitchAndCoordinator(const Job& job, const State& state, std::vector<Event>& events) {
  if (maySeal(job, state)) events.push_back({EventKind::kSeal});
  for (uint8_t byHighest = 0; mayDecide(job, state) && byHighest < (job.workers > 2 ? 2 : 1);
       ++byHighest) {
    events.push_back({EventKind::kDecideHost, 0, byHighest});
    if (state.controlSent / 2 + 1 < job.scenario.epochs) {
      events.push_back({EventKind::kDecideNetwork, 0, byHighest});
    }
  }
  if (state.newest > state.installed) events.push_back({EventKind::kInstall});
  if (state.left.crashes > 0) {
    events.push_back({EventKind::kLoseRegisters});
    events.push_back({EventKind::kLoseRegistersAndTable});
  }
}

void arrive(const Job& job, State& state, Packet packet) {
  if (!packet.isForSwitch()) {
    if (!workerIgnores(job, state, packet)) receiveAtWorker(job, state, packet);
    return;
  }
  const Reply reply = receiveAtSwitch(job, state, packet);
  answer(job, state, packet, reply, [&](Packet sent) { post(job, state, sent); });
}

void arriveByIndex(const Job& job, State& state, Event event) {
  const Packet packet = state.packets[event.index];
  const bool stays = event.kind == EventKind::kArriveAndStay || job.scenario.isEverlasting;
  if (event.kind == EventKind::kArriveAndStay) --state.left.duplicates;
  if (!stays) removePacket(state, event.index);
  arrive(job, state, packet);
}

void timeOut(const Job& job, State& state, Event event) {
  if (isEarly(job, state, event.worker, event.index)) --state.left.earlyTimeouts;
  const int chunk = outstandingChunk(job, state, event.worker, event.index);
  post(job, state, packetFor(job, state, Kind::kProbe, event.worker, chunk));
}

void crash(State& state, bool losesTable) {
  --state.left.crashes;
  state.uses = {};
  if (losesTable) state.table = 0;
}

void apply(const Job& job, State& state, Event event) {
  switch (event.kind) {
    case EventKind::kArrive:
    case EventKind::kArriveAndStay:
      return arriveByIndex(job, state, event);
    case EventKind::kLose:
      --state.left.losses;
      return removePacket(state, event.index);
    case EventKind::kTimeout:
      return timeOut(job, state, event);
    case EventKind::kCall:
      call(job, state, event.worker);
      return contributeCalled(job, state, event.worker);
    case EventKind::kSeal:
      return sendSeal(state);
    case EventKind::kDecideNetwork:
      return decide(job, state, false, event.index != 0);
    case EventKind::kDecideHost:
      return decide(job, state, true, event.index != 0);
    case EventKind::kTakeControl:
      return takeControl(job, state, event.worker);
    case EventKind::kInstall:
      state.table = state.installed = state.newest;
      return;
    case EventKind::kLoseRegisters:
      return crash(state, false);
    case EventKind::kLoseRegistersAndTable:
      return crash(state, true);
    case EventKind::kDie:
      --state.left.deaths;
      state.workers[event.worker].fate = Fate::kDead;
      return;
    case EventKind::kLearnOfFailure:
      state.workers[event.worker].fate = Fate::kFailed;
      return;
  }
}

}  // namespace

State initialState(const Job& job) {
  State state;
  state.left = job.scenario.budget;
  reduce(job, state);
  return state;
}

bool isTerminal(const Job& job, const State& state) {
  for (int w = 0; w < job.workers; ++w) {
    if (!isFinished(job, state, w)) return false;
  }
  return true;
}

void listEvents(const Job& job, const State& state, std::vector<Event>& events) {
  events.clear();
  if (isTerminal(job, state)) return;
  listPackets(state, events);
  for (int w = 0; w < job.workers; ++w) listOfWorker(job, state, w, events);
  listOfSwitchAndCoordinator(job, state, events);
}

State after(const Job& job, const State& state, Event event) {
  State next = copyOf(state);
  apply(job, next, event);
  reduce(job, next);
  return next;
}

bool isMishap(const Job& job, const State& state, Event event) {
  switch (event.kind) {
    case EventKind::kArriveAndStay:
    case EventKind::kLose:
    case EventKind::kSeal:
    case EventKind::kLoseRegisters:
    case EventKind::kLoseRegistersAndTable:
    case EventKind::kDie:
      return true;
    case EventKind::kTimeout:
      return isEarly(job, state, event.worker, event.index);
    case EventKind::kArrive:
    case EventKind::kCall:
    case EventKind::kDecideNetwork:
    case EventKind::kDecideHost:
    case EventKind::kTakeControl:
    case EventKind::kInstall:
    case EventKind::kLearnOfFailure:
      return false;
  }
  return false;
}

}  // namespace inccl::ina_model
