// How a rank gets from a unique id to its place in the communicator.
#pragma once

#include "base/config.h"
#include "base/error_state.h"
#include "base/op_history.h"
#include "base/status.h"
#include "bootstrap/member_owner.h"
#include "bootstrap/session.h"
#include "bootstrap/unique_id.h"

namespace inccl::bootstrap {

class ServiceThread;

struct Joining {
  UniqueId id;
  int nRanks = 0;
  int rank = -1;
  Config config;
};

// Meets the other ranks (two or more in all) and starts this one's member on the service thread.
Result<MemberOwner> meet(ServiceThread& service, const Joining& joining, ErrorState& errors,
                         const OpHistory& history);

// What this process tells of itself as `rank`.
PeerInfo describeSelf(int rank, const Config& config, uint64_t processKey);

}  // namespace inccl::bootstrap
