// Creations of communicators: one, or several of one thread side by side.
//
// A creation is collective and blocks, so those that one thread asks for together
// (incclCommInitAll, incclCommInitRank inside a group) run in threads of their own. They succeed
// together: when one fails, those that succeeded are aborted, since the clique that they were made
// for has no use of half of itself. What a creation needs is copied when it is asked for: the
// caller's configuration may be gone at the group's end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/status.h"
#include "bootstrap/unique_id.h"
#include "comm/communicator.h"
#include "comm/handle_table.h"
#include "comm/turn.h"
#include "inccl/inccl.h"

namespace inccl::api {

// A place in the order of calls on a communicator, for a split: splits of one parent come in one
// order on all its ranks. Whoever drops it drawn and unused waits for it and passes it on.
class ParentTurn {
 public:
  explicit ParentTurn(comm::CommunicatorRef parent) : parent_(std::move(parent)) {}
  ~ParentTurn();
  ParentTurn(const ParentTurn&) = delete;
  ParentTurn& operator=(const ParentTurn&) = delete;

  void draw() { ticket_ = parent_->turn().draw(); }
  [[nodiscard]] bool isOf(const comm::Communicator& communicator) const {
    return &*parent_ == &communicator;
  }
  // Once.
  Result<std::optional<comm::Communicator::SplitPlace>> split(int color, int key);

 private:
  comm::CommunicatorRef parent_;
  std::optional<comm::Turn::Ticket> ticket_;
  bool taken_ = false;
};

struct Creation {
  // Of a split: the parent, and what this rank wants. It then says id, rankCount and rank.
  std::shared_ptr<ParentTurn> parent;
  int color = -1, key = 0;
  bool blocking = true;

  bootstrap::UniqueId id;
  int rankCount = 0;
  int rank = -1;
  Config config;
  std::string commName;
};

// Checks everything that needs no other rank. `given` may be nullptr.
Result<Creation> prepareCreation(int rankCount, const incclUniqueId& id, int rank,
                                 const incclConfig_t* given);

// The same for a part of `parent`, whose settings hold where `given` says nothing.
Result<Creation> prepareSplit(comm::CommunicatorRef parent, int color, int key,
                              const incclConfig_t* given);

// Blocks until all ranks have come, unless the creation says that it goes on by itself. 0 for a
// rank that is in no part of a split.
Result<comm::Handle> create(Creation& creation);
// The communicators of `count` ranks that are all here: all of them or none.
Result<std::vector<comm::Handle>> createClique(int count);

// Keeps a creation of this thread for createQueued(), which writes *comm.
void queueCreation(Creation creation, incclComm_t* comm);
// A creation that this thread's group keeps is a split of `communicator`.
[[nodiscard]] bool creationsHold(const comm::Communicator& communicator);
// At the end of the thread's group. Every *comm is a handle, or all are NULL. kInProgress when some
// go on by themselves.
Status createQueued();

}  // namespace inccl::api
