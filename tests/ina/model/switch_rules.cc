#include "ina/model/switch_rules.h"

namespace inccl::ina_model {
namespace {

bool isFull(const Job& job, const Use& use) {
  return use.bitmap == job.everybody && use.isPoisoned == 0;
}

uint8_t tagOf(const Job& job, const State& state, Packet packet) {
  return job.operationWith(packet.worker(), chunkOf(job, state, packet)).tag;
}

bool isUseOf(const Use& use, Packet packet) {
  return use.session == packet.session() && use.generation == packet.generation();
}

void open(Use& use, Packet packet, uint8_t tag) {
  use = Use{};
  use.session = static_cast<uint8_t>(packet.session());
  use.generation = static_cast<uint8_t>(packet.generation());
  use.tag = tag;
}

Reply probe(const Job& job, const Use& use, Packet packet) {
  if (isUseOf(use, packet)) {
    if (use.isPoisoned != 0) return Reply::kMismatchToOne;
    return isFull(job, use) ? Reply::kResultToOne : Reply::kStatus;
  }
  const bool isOver = use.session == packet.session() && use.generation > packet.generation();
  return isOver ? Reply::kNothing : Reply::kStatus;
}

// False: a protocol violation, which the switch drops and counts.
bool openIfAllowed(const Job& job, Use& use, Packet packet, uint8_t tag) {
  if (isUseOf(use, packet)) return true;
  const bool isFirst = use.session != packet.session() && packet.generation() <= 1;
  const bool isNext = use.session == packet.session() &&
                      packet.generation() == use.generation + 2 && isFull(job, use);
  if (isFirst || isNext) open(use, packet, tag);
  return isFirst || isNext;
}

Reply contribute(const Job& job, const State& state, Use& use, Packet packet) {
  const uint8_t tag = tagOf(job, state, packet);
  if (!openIfAllowed(job, use, packet, tag)) return Reply::kNothing;
  if (use.isPoisoned != 0) return Reply::kMismatchToOne;
  if (use.tag != tag && job.mutant != Mutant::kNoTagCheck) {
    use.isPoisoned = 1;
    return Reply::kMismatchToAll;
  }
  const WorkerSet bit = onlyWorker(packet.worker());
  if ((use.bitmap & bit) != 0) return isFull(job, use) ? Reply::kResultToOne : Reply::kNothing;
  use.bitmap |= bit;
  use.value = sumOf(use.value, packet.value());
  return isFull(job, use) ? Reply::kResultToAll : Reply::kNothing;
}

// SwitchML as published: the version bit chooses the set, a contribution to one set clears the
// worker's bit in the other, a counter says when the set is complete.
Reply receiveAsPublished(const Job& job, State& state, Packet packet) {
  auto& sets = state.uses[packet.slot()];
  Use& use = sets[packet.generation() & 1];
  const WorkerSet bit = onlyWorker(packet.worker());
  const WorkerSet before = use.bitmap;
  if (packet.kind() == Kind::kProbe) {
    return (before & bit) != 0 && use.remaining == 0 ? Reply::kResultToOne : Reply::kStatus;
  }
  use.bitmap |= bit;
  Use& other = sets[1 - (packet.generation() & 1)];
  other.bitmap = static_cast<WorkerSet>(other.bitmap & ~bit);
  if ((before & bit) != 0) return use.remaining == 0 ? Reply::kResultToOne : Reply::kNothing;
  use.value = before == 0 ? packet.value() : sumOf(use.value, packet.value());
  use.remaining = static_cast<uint8_t>(use.remaining == 0 ? job.workers - 1 : use.remaining - 1);
  return use.remaining == 0 ? Reply::kResultToAll : Reply::kNothing;
}

bool isToAll(Reply reply) { return reply == Reply::kResultToAll || reply == Reply::kMismatchToAll; }

}  // namespace

Reply receiveAtSwitch(const Job& job, State& state, Packet packet) {
  if (packet.session() != state.table) return Reply::kNak;
  if (job.mutant == Mutant::kNoGenerationCheck) return receiveAsPublished(job, state, packet);
  Use& use = state.uses[packet.slot()][packet.generation() & 1];
  return packet.kind() == Kind::kProbe ? probe(job, use, packet)
                                       : contribute(job, state, use, packet);
}

bool answerFor(const Job& job, const State& state, Packet packet, Reply reply, int worker,
               Packet& sent) {
  if (reply == Reply::kNothing || reply == Reply::kNak) return false;
  if (!isToAll(reply) && worker != packet.worker()) return false;
  const Use& use = state.uses[packet.slot()][packet.generation() & 1];
  const auto make = [&](Kind kind, Value value) {
    sent = Packet(kind, worker, packet.session(), packet.slot(), packet.generation(), value);
    return true;
  };
  if (reply == Reply::kMismatchToAll || reply == Reply::kMismatchToOne) {
    return make(Kind::kMismatch, 0);
  }
  if (reply == Reply::kStatus) {
    const bool isIn = (job.mutant == Mutant::kNoGenerationCheck || isUseOf(use, packet)) &&
                      has(use.bitmap, worker);
    return !isIn && make(Kind::kStatus, 0);
  }
  const Operation& operation = job.operationWith(packet.worker(), chunkOf(job, state, packet));
  if (has(operation.receivers, worker)) return make(Kind::kResult, use.value);
  return job.mutant != Mutant::kNoAnswerToNonReceivers && make(Kind::kHeader, 0);
}

bool isRefusedForEver(const State& state, Packet packet) {
  // A table that was lost comes back for a newer session only.
  return packet.session() < state.table ||
         (state.table == 0 && packet.session() <= state.installed);
}

bool leavesRegistersAlone(const Job& job, const State& state, Packet packet) {
  if (packet.kind() == Kind::kProbe) return true;
  // Registers of the published switch, or such as may be lost yet, can come to fit again.
  if (job.mutant == Mutant::kNoGenerationCheck || state.left.crashes > 0) return false;
  const Use& use = state.uses[packet.slot()][packet.generation() & 1];
  if (use.session != packet.session()) return false;
  if (use.generation > packet.generation()) return true;
  return isUseOf(use, packet) && has(use.bitmap, packet.worker());
}

}  // namespace inccl::ina_model
