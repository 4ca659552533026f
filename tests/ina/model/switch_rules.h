// The switch: what one packet does to its registers, and what it answers.
//
// Per slot and set it keeps whose use it holds (session, generation), who is in it, the tag of the
// first contribution, and the sum. A packet of a session that the job table does not have is
// refused. A use opens for the generation two after the set's complete one, or, the first time in a
// session, for generations 0 and 1 (one for each set); everything else that does not fit is
// dropped. Fan-in and receivers come from the job, never from the packet.
#pragma once

#include "ina/model/state.h"

namespace inccl::ina_model {

enum class Reply : uint8_t {
  kNothing,
  kResultToAll,
  kResultToOne,
  kStatus,
  kMismatchToAll,
  kMismatchToOne,
  kNak,
};

// Changes registers only; `packet` is DATA or PROBE.
Reply receiveAtSwitch(const Job& job, State& state, Packet packet);

// Calls send(Packet) with each packet that the reply means. A STATUS that names its receiver among
// the contributors changes nothing there and is left out; so is NAK, since a rank may suspect at
// any time.
template <typename Send>
void answer(const Job& job, const State& state, Packet packet, Reply reply, Send send);

// The answer to one worker; false where it gets none.
bool answerFor(const Job& job, const State& state, Packet packet, Reply reply, int worker,
               Packet& sent);

// Whether DATA or PROBE can change no register any more, whatever happens. What it may still bring
// about is an answer to its sender.
bool leavesRegistersAlone(const Job& job, const State& state, Packet packet);
// Whether the switch refuses the packet's session, now and for ever.
bool isRefusedForEver(const State& state, Packet packet);

// The chunk that a packet is about.
inline int chunkOf(const Job& job, const State& state, Packet packet) {
  return state.base[packet.session() - 1] + packet.generation() * job.slots + packet.slot();
}

template <typename Send>
void answer(const Job& job, const State& state, Packet packet, Reply reply, Send send) {
  for (int worker = 0; worker < job.workers; ++worker) {
    Packet sent;
    if (answerFor(job, state, packet, reply, worker, sent)) send(sent);
  }
}

}  // namespace inccl::ina_model
