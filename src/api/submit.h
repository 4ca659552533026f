// What all collectives and messages have in common: check the arguments, run the call or keep it
// for the open group.
//
// Everything that can be judged without the communicator is judged here, before anything happened;
// the communicator judges rank numbers (Communicator::validate) and the caller's own operations.
#pragma once

#include "base/status.h"
#include "comm/call.h"
#include "inccl/inccl.h"

namespace inccl::api {

// `config`: what the call asks for itself, or nullptr.
Status submit(comm::Call call, incclComm_t comm, incclStream_t stream,
              const incclCollConfig_t* config = nullptr);

}  // namespace inccl::api
