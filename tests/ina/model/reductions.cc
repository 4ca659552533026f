#include "ina/model/reductions.h"

#include <algorithm>
#include <utility>

#include "ina/model/repair_rules.h"
#include "ina/model/switch_rules.h"
#include "ina/model/worker_rules.h"

namespace inccl::ina_model {
namespace {

// No worker takes a packet of `session`, now or later.
bool isOver(const Job& job, const State& state, int session) {
  for (int w = 0; w < job.workers; ++w) {
    if (state.workers[w].fate != Fate::kFine || epochOf(state, w) + 1 > session) continue;
    if (epochOf(state, w) + 1 < session || !isSealed(state, w) ||
        job.mutant == Mutant::kResultsAfterReport) {
      return false;
    }
  }
  return true;
}

bool isInert(const Job& job, const State& state, Packet packet) {
  if (isOver(job, state, packet.session())) return true;
  if (!packet.isForSwitch()) return workerIgnores(job, state, packet);
  if (isRefusedForEver(state, packet)) return true;
  const Packet answered(Kind::kResult, packet.worker(), packet.session(), packet.slot(),
                        packet.generation());
  return leavesRegistersAlone(job, state, packet) && workerIgnores(job, state, answered);
}

void dropInertPackets(const Job& job, State& state) {
  int kept = 0;
  for (int i = 0; i < state.packetCount; ++i) {
    if (!isInert(job, state, state.packets[i])) state.packets[kept++] = state.packets[i];
  }
  state.packetCount = static_cast<uint8_t>(kept);
}

void forgetRegisters(const Job& job, State& state) {
  const bool isTableOver = state.table == 0 || isOver(job, state, state.table);
  for (auto& sets : state.uses) {
    for (Use& use : sets) {
      if (job.mutant == Mutant::kNoGenerationCheck && !isTableOver) continue;
      if (isTableOver || use.session != state.table) use = Use{};
    }
  }
  if (state.isHost != 0 && isOver(job, state, state.newest)) {
    state.table = 0;
    state.installed = state.newest;
    const uint8_t deaths = state.left.deaths;
    state.left = Budget{};
    state.left.deaths = deaths;
  }
}

void forgetFailedRanks(const Job& job, State& state) {
  for (int i = 0; i < job.workers; ++i) {
    Worker& w = state.workers[i];
    if (w.fate == Fate::kFine) continue;
    w.got = 0;
    w.begun = w.control = 0;
  }
}

void forgetRepairs(const Job& job, State& state) {
  if (job.mutant == Mutant::kRedoOperation) return;  // done again where it was done
  for (int c = 0; c < job.chunks; ++c) {
    bool isAwaited = false;
    for (int w = 0; w < job.workers; ++w) {
      isAwaited |= state.workers[w].fate == Fate::kFine && !hasChunk(state, w, c);
    }
    if (!isAwaited) state.repairs[c] = Repair{};
  }
}

void takeLocalSteps(const Job& job, State& state) {
  for (bool changed = true; changed;) {
    changed = false;
    deliverRepairs(job, state);
    for (int w = 0; w < job.workers; ++w) {
      const bool isOnHost = state.isHost != 0 && state.workers[w].control == state.controlSent;
      if ((job.scenario.hasControl && !isOnHost) || !mayCall(job, state, w)) continue;
      call(job, state, w);
      contributeCalled(job, state, w);
      changed = true;
    }
  }
}

WorkerSet swapped(WorkerSet set, int a, int b) {
  if (has(set, a) == has(set, b)) return set;
  return static_cast<WorkerSet>(set ^ (onlyWorker(a) | onlyWorker(b)));
}

Value swappedParts(Value value, int a, int b) {
  const uint32_t both = part(value, a) ^ part(value, b);
  return value ^ onlyPart(a, both) ^ onlyPart(b, both);
}

uint8_t swappedName(int name, int a, int b) {
  return static_cast<uint8_t>(name == a ? b : name == b ? a : name);
}

}  // namespace

void reduce(const Job& job, State& state) {
  takeLocalSteps(job, state);
  if (!job.scenario.isReduced) return;
  forgetFailedRanks(job, state);
  dropInertPackets(job, state);
  forgetRegisters(job, state);
  forgetRepairs(job, state);
}

std::vector<int> interchangeableRanks(const Job& job) {
  std::vector<int> ranks;
  if (!job.scenario.isReduced || !job.scenario.lastWorkerCalls.empty()) return ranks;
  for (int w = job.scenario.hasControl ? kCoordinator + 1 : 0; w < job.workers; ++w) {
    const bool isLikeAll = std::all_of(
        job.scenario.operations.begin(), job.scenario.operations.end(), [&](const Operation& o) {
          return swapped(o.contributors, w, job.workers - 1) == o.contributors &&
                 swapped(o.receivers, w, job.workers - 1) == o.receivers;
        });
    if (isLikeAll) ranks.push_back(w);
  }
  return ranks;
}

State withSwapped(const Job& job, const State& state, int a, int b) {
  State other = copyOf(state);
  std::swap(other.workers[a], other.workers[b]);
  other.reports = swapped(other.reports, a, b);
  for (auto& sets : other.uses) {
    for (Use& use : sets) {
      use.bitmap = swapped(use.bitmap, a, b);
      use.value = swappedParts(use.value, a, b);
    }
  }
  for (int c = 0; c < job.chunks; ++c) {
    Repair& repair = other.repairs[c];
    repair.contributed = swapped(repair.contributed, a, b);
    if (repair.plan == Plan::kCopy) repair.holder = swappedName(repair.holder, a, b);
  }
  for (int i = 0; i < other.packetCount; ++i) {
    const Packet p = other.packets[i];
    other.packets[i] = Packet(p.kind(), swappedName(p.worker(), a, b), p.session(), p.slot(),
                              p.generation(), swappedParts(p.value(), a, b));
  }
  std::sort(other.packets.begin(), other.packets.begin() + other.packetCount,
            [](const Packet& x, const Packet& y) { return x.bits < y.bits; });
  return other;
}

}  // namespace inccl::ina_model
