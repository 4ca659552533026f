// Creations of communicators: one, or several of one thread side by side.
//
// A creation is collective and blocks, so those that one thread asks for together
// (incclCommInitAll, incclCommInitRank inside a group) run in threads of their own. They succeed
// together: when one fails, those that succeeded are aborted, since the clique that they were made
// for has no use of half of itself. What a creation needs is copied when it is asked for: the
// caller's configuration may be gone at the group's end.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"
#include "base/status.h"
#include "bootstrap/unique_id.h"
#include "comm/handle_table.h"
#include "inccl/inccl.h"

namespace inccl::api {

struct Creation {
  bootstrap::UniqueId id;
  int rankCount = 0;
  int rank = -1;
  Config config;
  std::string commName;
};

// Checks everything that needs no other rank. `given` may be nullptr.
Result<Creation> prepareCreation(int rankCount, const incclUniqueId& id, int rank,
                                 const incclConfig_t* given);

// Blocks until all ranks have come.
Result<comm::Handle> create(const Creation& creation);
// The communicators of `count` ranks that are all here: all of them or none.
Result<std::vector<comm::Handle>> createClique(int count);

// Keeps a creation of this thread for createQueued(), which writes *comm.
void queueCreation(Creation creation, incclComm_t* comm);
// At the end of the thread's group. Every *comm is a handle, or all are NULL.
Status createQueued();

}  // namespace inccl::api
