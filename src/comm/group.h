// incclGroupStart … incclGroupEnd: calls collected by a thread and driven together.
//
// The group belongs to the thread. A call inside it is checked at once and kept as plain values,
// with a reference that keeps its communicator alive. The outermost end opens what is missing (all
// sends before any receive), turns the calls into operations and drives all of them from this
// thread, several communicators at once.
#pragma once

#include "base/status.h"
#include "comm/call.h"
#include "comm/handle_table.h"

namespace inccl::comm {

// Runs `call` now, or keeps it when this thread is inside a group.
Status submit(CommunicatorRef communicator, const Call& call);

// Groups that this thread has open, one in the other.
[[nodiscard]] int groupDepth();
// A call that this thread's group keeps is on `communicator`.
[[nodiscard]] bool groupHolds(const Communicator& communicator);

void groupStart();
Status groupEnd();

}  // namespace inccl::comm
