#include "comm/group.h"

#include <algorithm>
#include <new>
#include <vector>

#include "comm/communicator.h"
#include "exec/runner.h"

namespace inccl::comm {
namespace {

// The calls of one communicator in a group.
struct Share {
  CommunicatorRef communicator;
  std::vector<Call> calls;
};

struct Group {
  int depth = 0;
  std::vector<Share> shares;
};

thread_local Group group;

Share& shareOf(CommunicatorRef communicator) {
  for (Share& share : group.shares) {
    if (&*share.communicator == &*communicator) return share;
  }
  group.shares.push_back({std::move(communicator), {}});
  return group.shares.back();
}

// Takes the turns of all communicators in one order for all threads, and gives them back.
class AllTurns {
 public:
  explicit AllTurns(const std::vector<Share>& shares) {
    for (const Share& share : shares) turns_.push_back(&share.communicator->turn());
    std::sort(turns_.begin(), turns_.end());
    for (Turn* turn : turns_) turn->take();
  }
  ~AllTurns() {
    for (Turn* turn : turns_) turn->giveBack();
  }
  AllTurns(const AllTurns&) = delete;
  AllTurns& operator=(const AllTurns&) = delete;

 private:
  std::vector<Turn*> turns_;
};

Status runShares(std::vector<Share>& shares) {
  // A child may end the group that its parent had open.
  for (const Share& share : shares) INCCL_TRY(share.communicator->usableHere());
  const AllTurns turns(shares);
  Status first;
  const auto keep = [&first](Share& share, const Status& status) {
    if (status.ok()) return true;
    share.communicator->noteFailure(status);
    if (first.ok()) first = status;
    share.calls.clear();  // the others go on without it
    return false;
  };
  try {
    std::vector<exec::OperationQueue> queues;
    std::vector<Share*> owners;
    for (Share& share : shares) {
      keep(share, share.communicator->makeQueues(share.calls, queues));
      owners.resize(queues.size(), &share);
    }
    const std::vector<Status> statuses = exec::runTogether(queues);
    for (size_t i = 0; i < statuses.size(); ++i) keep(*owners[i], statuses[i]);
  } catch (const std::bad_alloc&) {
    for (Share& share : shares) keep(share, share.communicator->outOfMemory());
  }
  for (Share& share : shares) share.communicator->endOperations();
  return first;
}

}  // namespace

Status submit(CommunicatorRef communicator, const Call& call) {
  if (group.depth == 0) return communicator->run(call);
  shareOf(std::move(communicator)).calls.push_back(call);
  return {};
}

int groupDepth() { return group.depth; }

bool groupHolds(const Communicator& communicator) {
  return std::any_of(group.shares.begin(), group.shares.end(),
                     [&](const Share& share) { return &*share.communicator == &communicator; });
}

void groupStart() { ++group.depth; }

Status groupEnd() {
  if (group.depth == 0) return invalidUsage("incclGroupEnd without incclGroupStart");
  if (--group.depth > 0) return {};
  std::vector<Share> shares = std::move(group.shares);
  group.shares.clear();
  if (shares.empty()) return {};
  return runShares(shares);
}

}  // namespace inccl::comm
