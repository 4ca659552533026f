#include "ina/model/recorder.h"

#include <algorithm>

#include "ina/model/switch_rules.h"
#include "ina/model/worker_rules.h"

namespace inccl::ina_model {
namespace {

// Numbers unlike those of the model, as a real trace has.
uint32_t wireSession(int session) { return 100 + static_cast<uint32_t>(session); }
uint32_t wireTag(int tag) { return 1000 + static_cast<uint32_t>(tag); }

bool isArrival(EventKind kind) {
  return kind == EventKind::kArrive || kind == EventKind::kArriveAndStay;
}

bool isResult(Packet packet) {
  return packet.kind() == Kind::kResult || packet.kind() == Kind::kHeader;
}

}  // namespace

Recorder::Recorder(const Job& job) : job_(job) {
  add(TraceKind::kInstall);
  trace_.back().session = wireSession(1);
  const State first = initialState(job);
  recordCallsAndRepairs(State{}, first, 0, -1);
  recordSends(first);
}

void Recorder::add(TraceKind kind, int worker) {
  TraceEvent event;
  event.kind = kind;
  event.worker = static_cast<uint32_t>(worker);
  trace_.push_back(event);
}

void Recorder::addPacket(TraceKind kind, Packet packet, const State& state) {
  add(kind, packet.worker());
  TraceEvent& event = trace_.back();
  event.packet = packet.kind();
  event.session = wireSession(packet.session());
  event.slot = static_cast<uint32_t>(packet.slot());
  event.generation = static_cast<uint32_t>(packet.generation());
  if (packet.isForSwitch()) {
    event.tag = wireTag(job_.operationWith(packet.worker(), chunkOf(job_, state, packet)).tag);
  }
}

void Recorder::recordArrival(const State& before, Packet packet) {
  if (packet.isForSwitch()) {
    State changed = copyOf(before);
    addPacket(TraceKind::kSwitch, packet, before);
    trace_.back().reply = receiveAtSwitch(job_, changed, packet);
    return;
  }
  addPacket(TraceKind::kTake, packet, before);
  if (packet.kind() != Kind::kStatus) return;
  const int chunk = chunkOf(job_, before, packet);
  addPacket(TraceKind::kSend, packetFor(job_, before, Kind::kData, packet.worker(), chunk), before);
}

void Recorder::recordEvent(const State& before, Event event, const State& now) {
  const int worker = event.worker;
  switch (event.kind) {
    case EventKind::kArrive:
    case EventKind::kArriveAndStay:
      return recordArrival(before, before.packets[event.index]);
    case EventKind::kTimeout: {
      const int chunk = outstandingChunk(job_, before, worker, event.index);
      return addPacket(TraceKind::kSend, packetFor(job_, before, Kind::kProbe, worker, chunk),
                       before);
    }
    case EventKind::kLose:
    case EventKind::kCall:  // seen by its effect
      return;
    case EventKind::kSeal:
      return add(TraceKind::kSeal);
    case EventKind::kDecideHost:
      return add(TraceKind::kCommitHost);
    case EventKind::kDecideNetwork:
      add(TraceKind::kCommitNetwork);
      trace_.back().session = wireSession(now.newest);
      return;
    case EventKind::kTakeControl:
      return add(isSealed(before, worker) ? TraceKind::kApply : TraceKind::kReport, worker);
    case EventKind::kInstall:
      add(TraceKind::kInstall);
      trace_.back().session = wireSession(before.newest);
      return;
    case EventKind::kLoseRegisters:
      return add(TraceKind::kLoseRegisters);
    case EventKind::kLoseRegistersAndTable:
      return add(TraceKind::kLoseTable);
    case EventKind::kDie:
      return add(TraceKind::kDie, worker);
    case EventKind::kLearnOfFailure:
      return add(TraceKind::kFail, worker);
  }
}

// Operation by operation, since a sum on the host may wait for the last call.
void Recorder::recordCallsAndRepairs(const State& before, const State& now, ChunkSet byResult,
                                     int receiver) {
  for (int o = 0; o < job_.operations; ++o) {
    for (int w = 0; w < job_.workers; ++w) {
      if (before.workers[w].begun > o || now.workers[w].begun <= o) continue;
      add(TraceKind::kCall, w);
      trace_.back().tag = wireTag(job_.operation(w, o).tag);
    }
    for (int w = 0; w < job_.workers; ++w) {
      for (int c = job_.firstChunk[w][o]; c < job_.firstChunk[w][o + 1]; ++c) {
        const bool isTaken = w == receiver && (byResult & onlyChunk(c)) != 0;
        if (isTaken || hasChunk(before, w, c) || !hasChunk(now, w, c)) continue;
        add(TraceKind::kRepair, w);
        trace_.back().chunk = static_cast<uint32_t>(c);
      }
    }
  }
}

void Recorder::recordSends(const State& now) {
  for (int w = 0; w < job_.workers; ++w) {
    for (int slot = 0; slot < job_.slots; ++slot) {
      const int chunk = outstandingChunk(job_, now, w, slot);
      if (chunk < 0) continue;
      const Packet packet = packetFor(job_, now, Kind::kData, w, chunk);
      if (std::find(sent_.begin(), sent_.end(), packet.bits) != sent_.end()) continue;
      sent_.push_back(packet.bits);
      addPacket(TraceKind::kSend, packet, now);
    }
  }
}

void Recorder::recordReturns(const State& before, const State& now) {
  for (int w = 0; w < job_.workers; ++w) {
    if (before.workers[w].fate != Fate::kFine) continue;
    for (int o = 0; o < job_.operations; ++o) {
      if (hasReturned(job_, before, w, o) || !hasReturned(job_, now, w, o)) continue;
      add(TraceKind::kReturn, w);
      trace_.back().operation = static_cast<uint32_t>(o);
    }
  }
}

void Recorder::record(const State& before, Event event, const State& now) {
  recordEvent(before, event, now);
  ChunkSet byResult = 0;
  int receiver = -1;
  if (isArrival(event.kind) && isResult(before.packets[event.index])) {
    const Packet packet = before.packets[event.index];
    receiver = packet.worker();
    byResult = onlyChunk(chunkOf(job_, before, packet));
  }
  recordCallsAndRepairs(before, now, byResult, receiver);
  recordSends(now);
  recordReturns(before, now);
}

}  // namespace inccl::ina_model
