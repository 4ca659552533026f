// What all collectives and messages have in common: check the arguments, run the call or keep it
// for the open group.
//
// Everything that can be judged without the communicator is judged here, before anything happened;
// the communicator judges rank numbers (Communicator::validate) and the caller's own operations.
#pragma once

#include "base/status.h"
#include "comm/call.h"
#include "comm/handle_table.h"
#include "comm/stream.h"
#include "inccl/inccl.h"

namespace inccl::api {

// `config`: what the call asks for itself, or nullptr.
Status submit(comm::Call call, incclComm_t comm, incclStream_t stream,
              const incclCollConfig_t* config = nullptr);

// The two halves of it, for calls that are several: all are checked before the first one counts.
struct CheckedCall {
  comm::CommunicatorRef communicator;
  comm::Call call;
  comm::StreamRef stream;
};
Result<CheckedCall> check(comm::Call call, incclComm_t comm, incclStream_t stream,
                          const incclCollConfig_t* config = nullptr);
Status submit(CheckedCall checked);

}  // namespace inccl::api
