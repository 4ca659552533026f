#include "exec/runner.h"

#include <poll.h>

#include <algorithm>
#include <optional>

#include "os/syscalls.h"

namespace inccl::exec {
namespace {

using transport::Progress;

constexpr size_t kMostPollFds = 1024;
// Where doorbell and descriptors must both be watched, neither may be slept on for long; nor where
// there is nothing to watch yet (a channel whose sender has not come).
constexpr Nanos kMixedSlice = kMillisecond;

// Sleeps until something may have happened for `operation`, at most a slice.
Progress block(Operation& operation, const RunContext& context,
               std::vector<transport::WaitHandle>& handles, Nanos slice) {
  handles.clear();
  operation.addWaitHandles(handles);
  std::erase_if(handles, [](const transport::WaitHandle& handle) { return handle.fd < 0; });
  if (handles.empty() && context.doorbell) {
    Progress verdict = Progress::kPending;
    context.doorbell->sleepUnless(
        [&] { return (verdict = operation.step()) != Progress::kPending; }, slice);
    return verdict != Progress::kPending ? verdict : operation.step();
  }
  pollfd fds[kMostPollFds];
  const size_t count = std::min(handles.size(), kMostPollFds);
  for (size_t i = 0; i < count; ++i) fds[i] = {handles[i].fd, handles[i].events, 0};
  const Nanos pollSlice =
      context.doorbell || handles.empty() ? std::min(slice, kMixedSlice) : slice;
  os::sys::poll(fds, count, static_cast<int>(std::max<Nanos>(1, pollSlice / kMillisecond)));
  return operation.step();
}

}  // namespace

WaitPolicy WaitPolicy::forHost(bool oversubscribed) {
  WaitPolicy policy;
  policy.oversubscribed = oversubscribed;
  if (oversubscribed) {
    policy.spins = 0;
    policy.yieldFor = kMillisecond;
  }
  return policy;
}

Status conclude(Progress verdict, Operation& operation, const RunContext& context) {
  switch (verdict) {
    case Progress::kDone:
      return {};
    case Progress::kMismatch:
      return context.supervisor->mismatch(operation);
    case Progress::kBroken:
      return context.supervisor->broken(operation);
    case Progress::kPending:
      break;
  }
  return internalError("concluded an operation that is still running");
}

namespace {

// What a long wait asks for: the others' opinion, again and again, and the end at the deadline.
class Patience {
 public:
  // nothing: wait on. Otherwise the operation ends with that.
  std::optional<Status> examine(Operation& operation, const RunContext& context, Nanos waited) {
    if (context.errors->raised()) return context.errors->status();
    if (waited >= context.timeout) return context.supervisor->timedOut(operation, waited);
    if (waited < nextQuestion_) return std::nullopt;
    nextQuestion_ = waited + kLongWait;
    Status farewell = context.supervisor->waitsLong(operation);
    if (farewell.ok()) return std::nullopt;
    const uint64_t before = operation.movements();
    const Progress last = operation.step();
    if (last != Progress::kPending) return conclude(last, operation, context);
    if (operation.movements() != before) return std::nullopt;
    return context.supervisor->deserted(operation, std::move(farewell));
  }
  void moved() { nextQuestion_ = kLongWait; }

 private:
  Nanos nextQuestion_ = kLongWait;
};

}  // namespace

Status runSlowly(Operation& operation, const RunContext& context) {
  Nanos lastMoved = nowNs();
  uint64_t movements = operation.movements();
  // Kept from wait to wait: a thread that has blocked before allocates nothing.
  thread_local std::vector<transport::WaitHandle> handles;
  Patience patience;
  for (;;) {
    Progress verdict = operation.step();
    const Nanos now = nowNs();
    const bool moved = operation.movements() != movements;
    if (moved) {
      movements = operation.movements();
      lastMoved = now;
      patience.moved();
    }
    const Nanos waited = now - lastMoved;
    if (verdict == Progress::kPending && waited >= context.policy.yieldFor)
      verdict = block(operation, context, handles,
                      std::min({context.policy.blockSlice, context.timeout,
                                std::max(kMillisecond, operation.nextTime() - now)}));
    if (verdict != Progress::kPending) return conclude(verdict, operation, context);
    if (auto end = patience.examine(operation, context, waited)) return std::move(*end);
    if (!moved && waited < context.policy.yieldFor) os::yieldCpu();
  }
}

namespace {

// One queue of a group on its way.
class RunningQueue {
 public:
  RunningQueue(OperationQueue& queue, Status& status)
      : queue_(&queue), status_(&status), lastMoved_(nowNs()) {}

  [[nodiscard]] bool done() const { return !status_->ok() || next_ == queue_->operations.size(); }
  [[nodiscard]] const RunContext& context() const { return *queue_->context; }

  // Steps until an operation has to be called again; true when something moved. An error ends the
  // queue even while it moves.
  bool advance() {
    bool any = false;
    for (bool again = true; again && !done();) {
      if (context().errors->raised()) {
        *status_ = context().errors->status();
        return true;
      }
      const size_t before = next_;
      any |= stepOnce();
      again = next_ != before;
    }
    if (any) lastMoved_ = nowNs();
    return any;
  }
  // For a queue that has not moved: may end it.
  void examine(Nanos now) {
    if (auto end = patience_.examine(current(), context(), now - lastMoved_)) {
      *status_ = std::move(*end);
      if (status_->ok()) finish();
    }
  }

 private:
  Operation& current() { return *queue_->operations[next_]; }
  void finish() {
    ++next_;
    movements_ = 0;
    patience_.moved();
  }
  bool stepOnce() {
    const Progress verdict = current().step();
    if (verdict == Progress::kDone) {
      finish();
      return true;
    }
    if (verdict != Progress::kPending) {
      *status_ = conclude(verdict, current(), context());
      return true;
    }
    const uint64_t movements = current().movements();
    const bool moved = movements != movements_;
    movements_ = movements;
    if (moved) patience_.moved();
    return moved;
  }

  OperationQueue* queue_;
  Status* status_;
  Patience patience_;
  Nanos lastMoved_;
  size_t next_ = 0;
  uint64_t movements_ = 0;
};

}  // namespace

std::vector<Status> runTogether(std::vector<OperationQueue>& queues) {
  std::vector<Status> statuses(queues.size());
  std::vector<RunningQueue> running;
  for (size_t i = 0; i < queues.size(); ++i) running.emplace_back(queues[i], statuses[i]);
  const auto dropDone = [&running] {
    std::erase_if(running, [](const RunningQueue& queue) { return queue.done(); });
  };
  dropDone();
  Nanos lastProgress = nowNs();
  uint32_t idlePolls = 0;
  while (!running.empty()) {
    bool moved = false;
    for (RunningQueue& queue : running) moved |= queue.advance();
    dropDone();
    if (running.empty()) break;
    const WaitPolicy& policy = running.front().context().policy;
    if (moved) {
      idlePolls = 0;
      lastProgress = nowNs();
    } else if (++idlePolls <= policy.spins) {
      os::cpuRelax();
    } else {
      const Nanos now = nowNs();
      for (RunningQueue& queue : running) queue.examine(now);
      dropDone();
      // Several queues may wake by different words: sleep shortly.
      if (now - lastProgress < policy.yieldFor) {
        os::yieldCpu();
      } else {
        os::sys::poll(nullptr, 0, 1);
      }
    }
  }
  return statuses;
}

}  // namespace inccl::exec
