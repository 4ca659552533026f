#include "comm/group.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "comm/communicator.h"
#include "exec/runner.h"

namespace inccl::comm {
namespace {

// The calls of one communicator in a group.
struct Share {
  CommunicatorRef communicator;
  std::vector<Call> calls{};
  std::vector<std::vector<exec::ElementRange>> blocks{};  // of the v-collectives among them
  bool hasOwnStreamCalls = false;                         // of a communicator that does not block
  Turn::Ticket ticket = 0;
  Status failure{};  // of this communicator's part

  // The call's blocks are the caller's.
  void keep(const Call& call) {
    Call kept = call;
    if (!call.blocks.empty())
      kept.blocks = blocks.emplace_back(call.blocks.begin(), call.blocks.end());
    calls.push_back(kept);
  }
};
// Calls point into `blocks`: a copy would point into the original.
static_assert(std::is_nothrow_move_constructible_v<Share>);

struct Group {
  int depth = 0;
  std::vector<Share> shares;
  std::vector<StreamRef> streams;  // that calls named
  bool resultIsAwaited = false;    // by a call that named none
};

thread_local Group group;

Share& shareOf(Group& target, CommunicatorRef communicator) {
  for (Share& share : target.shares) {
    if (&*share.communicator == &*communicator) return share;
  }
  target.shares.push_back({std::move(communicator)});
  return target.shares.back();
}

// A piece of work: the calls of a group, or one call. It keeps its place on all its communicators
// from drawTickets() to its end.
class Work {
 public:
  explicit Work(std::vector<Share> shares) : shares_(std::move(shares)) {}

  // Under issueMutex.
  void drawTickets() noexcept {
    for (Share& share : shares_) {
      share.ticket = share.communicator->turn().draw();
      if (share.hasOwnStreamCalls) share.communicator->beginPending();
    }
  }
  // Waits for its turn everywhere, runs and gives the turns back.
  Status run() noexcept {
    for (Share& share : shares_) share.communicator->turn().await(share.ticket);
    runInTurn();
    for (Share& share : shares_) share.communicator->turn().giveBack();
    Status first;
    for (Share& share : shares_) {
      if (share.hasOwnStreamCalls) share.communicator->endPending(share.failure);
      if (first.ok()) first = std::move(share.failure);
    }
    return first;
  }

 private:
  void runInTurn() noexcept;
  void runQueues();
  static void keep(Share& share, Status status);

  std::vector<Share> shares_;
};

// A failure of one communicator's part; the others go on without it.
void Work::keep(Share& share, Status status) {
  if (status.ok() || !share.failure.ok()) return;
  share.communicator->noteFailure(status);
  share.failure = std::move(status);
}

void Work::runQueues() {
  std::vector<exec::OperationQueue> queues;
  std::vector<Share*> owners;
  for (Share& share : shares_) {
    keep(share, share.communicator->makeQueues(share.calls, queues));
    owners.resize(queues.size(), &share);
  }
  std::vector<Status> statuses = exec::runTogether(queues);
  for (size_t i = 0; i < statuses.size(); ++i) keep(*owners[i], std::move(statuses[i]));
  for (Share& share : shares_) share.communicator->endOperations();
}

void Work::runInTurn() noexcept {
  const bool single = shares_.size() == 1 && shares_[0].calls.size() == 1 &&
                      !shares_[0].calls[0].isMessage();  // one to oneself needs its partner
  try {
    if (single) {
      keep(shares_[0], shares_[0].communicator->runInTurn(shares_[0].calls[0]));
    } else {
      runQueues();
    }
  } catch (const std::bad_alloc&) {
    for (Share& share : shares_) keep(share, share.communicator->outOfMemory());
  }
}

// Work that belongs to several streams: each of them comes here, the last one runs it, and none
// goes on before it is over.
class Meeting {
 public:
  Meeting(std::shared_ptr<Work> work, size_t streams) : work_(std::move(work)), missing_(streams) {}

  Status arrive() {
    std::unique_lock lock(mutex_);
    if (--missing_ > 0) {
      over_.wait(lock, [this] { return isOver_; });
      return status_;
    }
    // What the work holds may go with it, and that may wait for another stream of this meeting:
    // only when it is over.
    const std::shared_ptr<Work> work = std::move(work_);
    lock.unlock();
    Status status = work->run();
    lock.lock();
    status_ = status;
    isOver_ = true;
    over_.notify_all();
    lock.unlock();
    return status;
  }
  // For whoever needs the result now.
  Status await() {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return isOver_; });
    return status_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  std::shared_ptr<Work> work_;
  size_t missing_;
  bool isOver_ = false;
  Status status_;
};

std::mutex issueMutex;

// To the ends of the streams, and to the ends of the queues of the communicators.
std::shared_ptr<Meeting> issue(std::shared_ptr<Work> work, const std::vector<StreamRef>& streams) {
  const auto meeting = std::make_shared<Meeting>(work, streams.size());
  std::vector<Stream::Jobs> jobs(streams.size());
  for (Stream::Jobs& job : jobs) job.emplace_back([meeting] { return meeting->arrive(); });
  const std::lock_guard lock(issueMutex);
  work->drawTickets();
  for (size_t i = 0; i < streams.size(); ++i) streams[i]->issue(std::move(jobs[i]));
  return meeting;
}

Status runNow(std::vector<Share> shares) {
  Work work(std::move(shares));
  {
    const std::lock_guard lock(issueMutex);
    work.drawTickets();
  }
  return work.run();
}

void addOnce(std::vector<StreamRef>& streams, StreamRef stream) {
  if (std::find(streams.begin(), streams.end(), stream) == streams.end())
    streams.push_back(std::move(stream));
}

// Runs, or issues, the calls of a group.
Status finish(std::vector<Share> shares, std::vector<StreamRef> streams, bool resultIsAwaited) {
  // A child may end the group that its parent had open.
  for (const Share& share : shares) INCCL_TRY(share.communicator->usableHere());
  bool inProgress = false;
  for (const Share& share : shares) {
    if (!share.hasOwnStreamCalls) continue;
    addOnce(streams, share.communicator->ownStream());
    inProgress = true;
  }
  if (streams.empty()) return runNow(std::move(shares));
  const auto meeting = issue(std::make_shared<Work>(std::move(shares)), streams);
  if (resultIsAwaited) return meeting->await();
  return inProgress ? Status(Code::kInProgress, "the calls were issued") : Status();
}

}  // namespace

Status submit(CommunicatorRef communicator, const Call& call, StreamRef stream) {
  if (group.depth == 0 && !stream && !communicator->ownStream()) [[likely]]
    return communicator->run(call);
  Group alone;
  Group& target = group.depth == 0 ? alone : group;
  const bool own = !stream && communicator->ownStream();
  if (stream)
    addOnce(target.streams, std::move(stream));
  else if (!own)
    target.resultIsAwaited = true;
  Share& share = shareOf(target, std::move(communicator));
  share.keep(call);
  share.hasOwnStreamCalls |= own;
  if (group.depth > 0) return {};
  return finish(std::move(alone.shares), std::move(alone.streams), alone.resultIsAwaited);
}

void issueOwn(CommunicatorRef communicator, std::function<Status(Communicator&)> job) {
  const StreamRef stream = communicator->ownStream();
  struct Held {
    CommunicatorRef communicator;
    Turn::Ticket ticket = 0;
  };
  const auto held = std::make_shared<Held>(Held{std::move(communicator)});
  Stream::Jobs jobs;
  jobs.emplace_back([held, job = std::move(job)] {
    Communicator& target = *held->communicator;
    target.turn().await(held->ticket);
    Status status;
    try {
      status = job(target);
    } catch (const std::bad_alloc&) {
      status = target.outOfMemory();
    }
    target.turn().giveBack();
    if (!status.ok()) target.noteFailure(status);
    target.endPending(status);
    return status;
  });
  const std::lock_guard lock(issueMutex);
  held->ticket = held->communicator->turn().draw();
  held->communicator->beginPending();
  stream->issue(std::move(jobs));
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
  Group ended = std::exchange(group, {});
  if (ended.shares.empty()) return {};
  return finish(std::move(ended.shares), std::move(ended.streams), ended.resultIsAwaited);
}

}  // namespace inccl::comm
