// What can happen next, and what it makes of a state: one event, one atomic step of one party.
//
// The network is a bag: any packet in it may be the next to arrive. A duplicate is a packet that
// arrives and stays; one that is lost just goes. A time-out is free when nothing of the slot's use
// is on its way to or from the switch, and else counts as early. Control messages are reliable and
// in order for each pair, and as slow as you like: taking the next one is an event like any other.
#pragma once

#include <string>
#include <vector>

#include "ina/model/state.h"

namespace inccl::ina_model {

enum class EventKind : uint8_t {
  kArrive,         // index: the packet
  kArriveAndStay,  // a duplicate
  kLose,
  kTimeout,  // worker; index: the slot
  kCall,     // worker
  kSeal,
  kDecideNetwork,  // index: 1, of several holders the highest copies
  kDecideHost,
  kTakeControl,  // worker
  kInstall,      // the controller puts the newest session into the switch
  kLoseRegisters,
  kLoseRegistersAndTable,
  kDie,             // worker
  kLearnOfFailure,  // worker
};

struct Event {
  EventKind kind;
  uint8_t worker = 0;
  uint8_t index = 0;
};

State initialState(const Job& job);

// All that may happen; empty where all ranks are finished.
void listEvents(const Job& job, const State& state, std::vector<Event>& events);

State after(const Job& job, const State& state, Event event);

bool isTerminal(const Job& job, const State& state);

// Things that nobody owes: faults, early time-outs, suspicion without a cause.
bool isMishap(const Job& job, const State& state, Event event);

// For people: what happens in `state`.
std::string describe(const Job& job, const State& state, Event event);
std::string describe(const Job& job, const State& state, Packet packet);

}  // namespace inccl::ina_model
