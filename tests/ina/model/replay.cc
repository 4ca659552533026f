#include "ina/model/replay.h"

#include <algorithm>
#include <map>
#include <set>

#include "ina/model/events.h"
#include "ina/model/repair_rules.h"
#include "ina/model/worker_rules.h"

namespace inccl::ina_model {
namespace {

using Refusal = const char*;  // nullptr: allowed
constexpr Refusal kAllowed = nullptr;

Scenario asReplayed(Scenario scenario) {
  scenario.hasControl = true;
  scenario.isEverlasting = true;
  scenario.epochs = kMaxEpochs;
  scenario.mutant = Mutant::kNone;
  return scenario;
}

class Replay {
 public:
  explicit Replay(const Scenario& scenario) : job_(asReplayed(scenario)) {}

  Refusal step(const TraceEvent& event) {
    if (event.worker >= static_cast<uint32_t>(job_.workers)) return "there is no such worker";
    const bool isDead = state_.workers[event.worker].fate == Fate::kDead;
    if (isDead && isOfWorker(event.kind)) return "that worker is dead";
    const Refusal refusal = dispatch(event);
    state_.packetCount = 0;  // what is sent is what the trace says
    if (state_.isWrong != 0) return "the result is not the true sum";
    return refusal;
  }

 private:
  static bool isOfWorker(TraceKind kind) {
    return kind != TraceKind::kSwitch && kind != TraceKind::kInstall &&
           kind != TraceKind::kLoseRegisters && kind != TraceKind::kLoseTable;
  }

  Refusal dispatch(const TraceEvent& event) {
    switch (event.kind) {
      case TraceKind::kInstall:
        return install(event);
      case TraceKind::kCall:
        return callNext(event);
      case TraceKind::kSend:
        return send(event);
      case TraceKind::kSwitch:
        return arriveAtSwitch(event);
      case TraceKind::kTake:
        return take(event);
      case TraceKind::kDrop:
        return wasAnswered(event) ? kAllowed : "nobody sent it that";
      case TraceKind::kReturn:
        return hasReturned(job_, state_, number(event.worker), number(event.operation))
                   ? kAllowed
                   : "it lacks chunks of that operation";
      case TraceKind::kFail:
        return fail(number(event.worker));
      case TraceKind::kDie:
        state_.workers[event.worker].fate = Fate::kDead;
        return kAllowed;
      case TraceKind::kLoseTable:
        state_.table = 0;
        [[fallthrough]];
      case TraceKind::kLoseRegisters:
        state_.uses = {};
        return kAllowed;
      case TraceKind::kSeal:
      case TraceKind::kReport:
      case TraceKind::kCommitNetwork:
      case TraceKind::kCommitHost:
      case TraceKind::kApply:
      case TraceKind::kRepair:
        return control(event);
    }
    return "no such event";
  }

  Refusal control(const TraceEvent& event) {
    const int worker = number(event.worker);
    if (event.kind == TraceKind::kSeal) {
      if (!maySeal(job_, state_)) return "the coordinator may not seal now";
      sendSeal(state_);
    } else if (event.kind == TraceKind::kReport || event.kind == TraceKind::kApply) {
      const bool applies = event.kind == TraceKind::kApply;
      if (!mayTakeControl(state_, worker) || isSealed(state_, worker) != applies) {
        return "that SEAL or COMMIT was not sent, or was taken";
      }
      takeControl(job_, state_, worker);
    } else if (event.kind == TraceKind::kRepair) {
      if (event.chunk >= static_cast<uint32_t>(job_.chunks) ||
          !isRepairThere(job_, state_, worker, number(event.chunk))) {
        return "nobody has that chunk for it";
      }
      takeRepair(job_, state_, worker, number(event.chunk));
    } else {
      return commit(event);
    }
    return kAllowed;
  }

  Refusal commit(const TraceEvent& event) {
    const bool toHost = event.kind == TraceKind::kCommitHost;
    if (!mayDecide(job_, state_)) return "reports are missing, or the decision was made";
    if (!toHost && sessions_.size() >= kMaxEpochs) return "the model has no room for that epoch";
    if (!toHost && sessionOf(event) != 0) return "that session was used before";
    decide(job_, state_, toHost, false);
    if (!toHost) sessions_.push_back(event.session);
    return kAllowed;
  }

  Refusal install(const TraceEvent& event) {
    if (sessions_.empty()) {
      sessions_.push_back(event.session);
      return kAllowed;
    }
    if (sessionOf(event) != state_.newest || state_.newest == state_.installed) {
      return "no COMMIT, or an older one, has that session";
    }
    state_.table = state_.installed = state_.newest;
    return kAllowed;
  }

  Refusal callNext(const TraceEvent& event) {
    const int worker = number(event.worker);
    if (!mayCall(job_, state_, worker)) return "it may not call now";
    const int tag = job_.operation(worker, state_.workers[worker].begun).tag;
    const auto known = tags_.try_emplace(tag, event.tag).first;
    if (known->second != event.tag) return "others have another tag for that operation";
    call(job_, state_, worker);
    contributeCalled(job_, state_, worker);
    return kAllowed;
  }

  Refusal send(const TraceEvent& event) {
    if (event.packet != Kind::kData && event.packet != Kind::kProbe)
      return "a worker sends no such";
    const int worker = number(event.worker);
    if (event.slot >= static_cast<uint32_t>(job_.slots)) return "there is no such slot";
    const int chunk = outstandingChunk(job_, state_, worker, number(event.slot));
    if (chunk < 0) return "that slot waits for nothing";
    const Packet packet = packetFor(job_, state_, event.packet, worker, chunk);
    if (!isOf(event, packet)) return "that slot waits for another use";
    if (event.tag != tagOf(worker, chunk)) return "that is another operation's tag";
    const uint64_t data = packetFor(job_, state_, Kind::kData, worker, chunk).bits;
    if (event.packet == Kind::kProbe && sent_.count(data) == 0) return "it has not contributed yet";
    if (event.packet == Kind::kData && sent_.count(data) != 0 && asked_.erase(data) == 0) {
      return "it contributes again without being asked to";
    }
    sent_.insert(packet.bits);
    return kAllowed;
  }

  Refusal arriveAtSwitch(const TraceEvent& event) {
    const auto sent = std::find_if(sent_.begin(), sent_.end(), [&](uint64_t bits) {
      const Packet packet = fromBits(bits);
      return packet.kind() == event.packet && packet.worker() == number(event.worker) &&
             isOf(event, packet);
    });
    if (sent == sent_.end()) return "nobody sent that";
    const Packet packet = fromBits(*sent);
    if (event.tag != tagOf(packet.worker(), chunkOf(job_, state_, packet))) {
      return "it was sent with another tag";
    }
    const Reply reply = receiveAtSwitch(job_, state_, packet);
    for (int w = 0; w < job_.workers; ++w) {
      Packet answer;
      if (answerFor(job_, state_, packet, reply, w, answer)) answered_.insert(answer.bits);
    }
    Packet lacking;
    if (reply == Reply::kStatus &&
        !answerFor(job_, state_, packet, reply, packet.worker(), lacking)) {
      answered_.insert(statusWithOwn(packet).bits);
    }
    return reply == event.reply ? kAllowed : "the switch answers otherwise";
  }

  Refusal take(const TraceEvent& event) {
    if (!wasAnswered(event)) return "nobody sent it that";
    const Packet packet = answerLike(event);
    if (workerIgnores(job_, state_, packet)) return "it has to be dropped";
    if (event.packet == Kind::kStatus && event.own != 0) return kAllowed;
    const int chunk = chunkOf(job_, state_, packet);
    if (event.packet == Kind::kStatus) {
      asked_.insert(packetFor(job_, state_, Kind::kData, packet.worker(), chunk).bits);
      return kAllowed;
    }
    receiveAtWorker(job_, state_, packet);
    return kAllowed;
  }

  Refusal fail(int worker) {
    if (state_.workers[worker].fate == Fate::kFailed) return kAllowed;  // by a MISMATCH
    if (!mayLearnOfFailure(job_, state_, worker)) return "nobody has failed";
    state_.workers[worker].fate = Fate::kFailed;
    return kAllowed;
  }

  static int number(uint32_t given) { return static_cast<int>(given); }
  static Packet fromBits(uint64_t bits) {
    Packet packet;
    packet.bits = bits;
    return packet;
  }
  static Packet statusWithOwn(Packet probe) {
    return {Kind::kStatus, probe.worker(), probe.session(), probe.slot(), probe.generation(), 1};
  }
  // The model's number of a session, or 0.
  [[nodiscard]] int sessionOf(const TraceEvent& event) const {
    const auto found = std::find(sessions_.begin(), sessions_.end(), event.session);
    return found == sessions_.end() ? 0
                                    : number(static_cast<uint32_t>(found - sessions_.begin())) + 1;
  }
  [[nodiscard]] bool isOf(const TraceEvent& event, Packet packet) const {
    return packet.session() == sessionOf(event) && packet.slot() == number(event.slot) &&
           packet.generation() == number(event.generation);
  }
  [[nodiscard]] uint32_t tagOf(int worker, int chunk) const {
    return tags_.at(job_.operationWith(worker, chunk).tag);
  }
  // The packet that a take or drop is about; no bits where it was not sent to that worker.
  [[nodiscard]] Packet answerLike(const TraceEvent& event) const {
    for (const uint64_t bits : answered_) {
      const Packet packet = fromBits(bits);
      const bool isOwn = packet.kind() == Kind::kStatus && packet.value() != 0;
      if (packet.kind() == event.packet && packet.worker() == number(event.worker) &&
          isOf(event, packet) && isOwn == (event.own != 0)) {
        return packet;
      }
    }
    return {};
  }
  [[nodiscard]] bool wasAnswered(const TraceEvent& event) const {
    return event.packet > Kind::kProbe && answerLike(event).bits != 0;
  }

  const Job job_;
  State state_;
  std::vector<uint32_t> sessions_;  // by the model's number - 1
  std::map<int, uint32_t> tags_;    // by the scenario's
  std::set<uint64_t> sent_;         // by workers, DATA and PROBE
  std::set<uint64_t> answered_;     // by the switch
  std::set<uint64_t> asked_;        // DATA that a STATUS lacked, not sent again since
};

}  // namespace

Verdict accepts(const Scenario& scenario, const std::vector<TraceEvent>& trace) {
  Replay replay(scenario);
  for (size_t i = 0; i < trace.size(); ++i) {
    if (const Refusal refusal = replay.step(trace[i])) return {false, i, refusal};
  }
  return {};
}

}  // namespace inccl::ina_model
