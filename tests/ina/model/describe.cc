// Events and packets in words, for counterexamples.
#include <fmt/format.h>

#include "ina/model/events.h"
#include "ina/model/repair_rules.h"
#include "ina/model/switch_rules.h"
#include "ina/model/worker_rules.h"

namespace inccl::ina_model {
namespace {

const char* kindName(Kind kind) {
  switch (kind) {
    case Kind::kData:
      return "DATA";
    case Kind::kProbe:
      return "PROBE";
    case Kind::kResult:
      return "RESULT";
    case Kind::kHeader:
      return "RESULT (header alone)";
    case Kind::kStatus:
      return "STATUS";
    case Kind::kMismatch:
      return "MISMATCH";
  }
  return "?";
}

// "0:c1 1:c1": rank 0's contribution to chunk 1 and rank 1's.
std::string describeValue(const Job& job, Value value) {
  std::string text;
  for (int w = 0; w < job.workers; ++w) {
    const uint32_t digit = part(value, w);
    if (digit == 0) continue;
    text += digit == kSpoilt ? fmt::format(" {}:spoilt", w) : fmt::format(" {}:c{}", w, digit - 1);
  }
  return text;
}

const char* replyName(Reply reply) {
  switch (reply) {
    case Reply::kNothing:
      return "nothing";
    case Reply::kResultToAll:
      return "RESULT to all";
    case Reply::kResultToOne:
      return "the stored RESULT to it";
    case Reply::kStatus:
      return "STATUS";
    case Reply::kMismatchToAll:
      return "MISMATCH to all";
    case Reply::kMismatchToOne:
      return "MISMATCH to it";
    case Reply::kNak:
      return "NAK";
  }
  return "?";
}

std::string describeArrival(const Job& job, const State& state, Packet packet) {
  const std::string what = describe(job, state, packet);
  if (!packet.isForSwitch()) return fmt::format("worker {} gets {}", packet.worker(), what);
  State changed = copyOf(state);
  const Reply reply = receiveAtSwitch(job, changed, packet);
  return fmt::format("switch gets {}, answers {}", what, replyName(reply));
}

std::string describePlan(const Job& job, const State& state, Event event) {
  State decided = copyOf(state);
  const bool toHost = event.kind == EventKind::kDecideHost;
  decide(job, decided, toHost, event.index != 0);
  std::string text = toHost ? "COMMIT to the host:" : "COMMIT to a new epoch:";
  for (int c = 0; c < job.chunks; ++c) {
    const Repair& repair = decided.repairs[c];
    if (repair.commit != decided.controlSent / 2) continue;
    if (repair.plan == Plan::kDone) text += fmt::format(" c{} done,", c);
    if (repair.plan == Plan::kCopy) text += fmt::format(" c{} from {},", c, repair.holder);
    if (repair.plan == Plan::kHost) text += fmt::format(" c{} on the host,", c);
  }
  return text;
}

std::string describeControl(const State& state, int worker) {
  const Worker& w = state.workers[worker];
  if (w.control % 2 != 0) return fmt::format("worker {} takes COMMIT", worker);
  return fmt::format("worker {} seals epoch {} and reports", worker, w.control / 2);
}

}  // namespace

std::string describe(const Job& job, const State& state, Packet packet) {
  std::string text = fmt::format("{}(c{}, slot {} use {}, session {}", kindName(packet.kind()),
                                 chunkOf(job, state, packet), packet.slot(), packet.generation(),
                                 packet.session());
  if (packet.isForSwitch()) text += fmt::format(", from {}", packet.worker());
  if (packet.value() != 0) text += "; " + describeValue(job, packet.value()).substr(1);
  return text + ")";
}

std::string describe(const Job& job, const State& state, Event event) {
  switch (event.kind) {
    case EventKind::kArrive:
      return describeArrival(job, state, state.packets[event.index]);
    case EventKind::kArriveAndStay:
      return describeArrival(job, state, state.packets[event.index]) +
             "; a copy is still under way";
    case EventKind::kLose:
      return "lost: " + describe(job, state, state.packets[event.index]);
    case EventKind::kTimeout:
      return fmt::format("worker {} times out on slot {}, probes", event.worker, event.index);
    case EventKind::kCall:
      return fmt::format("worker {} calls operation {}", event.worker,
                         state.workers[event.worker].begun);
    case EventKind::kSeal:
      return "coordinator sends SEAL to all";
    case EventKind::kDecideNetwork:
    case EventKind::kDecideHost:
      return describePlan(job, state, event);
    case EventKind::kTakeControl:
      return describeControl(state, event.worker);
    case EventKind::kInstall:
      return fmt::format("controller installs session {}", state.newest);
    case EventKind::kLoseRegisters:
      return "switch loses its registers";
    case EventKind::kLoseRegistersAndTable:
      return "switch loses its registers and its job table";
    case EventKind::kDie:
      return fmt::format("worker {} dies", event.worker);
    case EventKind::kLearnOfFailure:
      return fmt::format("worker {} learns that another has failed", event.worker);
  }
  return "?";
}

}  // namespace inccl::ina_model
