// From a call to work: at once, kept for the thread's open group, or issued to a stream.
//
// incclGroupStart … incclGroupEnd: calls collected by a thread and driven together. The group
// belongs to the thread. A call inside it is checked at once and kept as plain values, with a
// reference that keeps its communicator alive. The outermost end opens what is missing (all sends
// before any receive), turns the calls into operations and drives all of them from one thread,
// several communicators at once: this one, or the worker of the calls' stream.
//
// Order. On each communicator work runs in the order in which it was issued, whatever thread runs
// it: it draws its ticket (Turn) when it is issued. All tickets and places in streams of one piece
// of work are taken at once, under one lock for the process; so every piece waits for earlier ones
// only, and there is no circle.
#pragma once

#include "base/status.h"
#include "comm/call.h"
#include "comm/handle_table.h"
#include "comm/stream.h"

namespace inccl::comm {

// `stream`: empty for a call whose result must be there when it returns (or its group ends), unless
// the communicator does not block. kInProgress when it was issued on such a one.
Status submit(CommunicatorRef communicator, const Call& call, StreamRef stream);

// Groups that this thread has open, one in the other.
[[nodiscard]] int groupDepth();
// A call that this thread's group keeps is on `communicator`.
[[nodiscard]] bool groupHolds(const Communicator& communicator);

void groupStart();
Status groupEnd();

// Issues a job of the communicator's own (creation, end) to its own stream, in turn.
void issueOwn(CommunicatorRef communicator, std::function<Status(Communicator&)> job);

}  // namespace inccl::comm
