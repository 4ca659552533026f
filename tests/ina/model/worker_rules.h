// A worker: which chunk each slot waits for, what it sends, what it makes of an answer.
//
// In place, so a result overwrites the contribution; and an operation that has returned leaves its
// buffer to the user, who may write into it at once (here: always does). What is read out of such a
// buffer is spoilt. Chunk c of an epoch goes through slot c mod s, and c + s is sent when result c
// is there and its operation was called; operations block, unless the scenario lets them overlap.
//
// Sending follows at once from what makes it possible. A slow worker looks to all others like a
// slow packet, and packets may take any time, so nothing is lost by it.
#pragma once

#include "ina/model/state.h"

namespace inccl::ina_model {

bool hasChunk(const State& state, int worker, int chunk);
bool hasReturned(const Job& job, const State& state, int worker, int operation);
bool isFinished(const Job& job, const State& state, int worker);
bool isSealed(const State& state, int worker);
// The epoch whose packets a worker takes or, sealed, has sealed.
int epochOf(const State& state, int worker);

// The chunk that the worker's slot waits for, or -1. DATA for it was sent.
int outstandingChunk(const Job& job, const State& state, int worker, int slot);

// What the worker's buffer holds in the place of its contribution to `chunk`.
Value bufferPart(const Job& job, const State& state, int worker, int chunk);

bool mayCall(const Job& job, const State& state, int worker);
// The next operation is called: its first chunks are sent.
void call(const Job& job, State& state, int worker);
// Sends what every slot waits for, from that chunk on: after a call, and when an epoch begins.
void sendWindow(const Job& job, State& state, int worker, int fromChunk);

// DATA or PROBE for the chunk that a slot waits for.
Packet packetFor(const Job& job, const State& state, Kind kind, int worker, int chunk);

// RESULT, header, STATUS or MISMATCH; not one that the worker ignores.
void receiveAtWorker(const Job& job, State& state, Packet packet);
// Whether `packet` can have no effect on its receiver any more, whatever happens.
bool workerIgnores(const Job& job, const State& state, Packet packet);

// `value` arrives as the result of `chunk`, from wherever.
void takeResult(const Job& job, State& state, int worker, int chunk, Value value);

}  // namespace inccl::ina_model
