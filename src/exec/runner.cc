#include "exec/runner.h"

#include <poll.h>

#include <algorithm>

#include "os/syscalls.h"

namespace inccl::exec {
namespace {

using transport::Progress;

constexpr size_t kMostPollFds = 1024;
// Where doorbell and descriptors must both be watched, neither may be slept on for long.
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
  const Nanos pollSlice = context.doorbell ? std::min(slice, kMixedSlice) : slice;
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

Status runSlowly(Operation& operation, const RunContext& context) {
  const Nanos start = nowNs();
  Nanos lastMoved = start;
  uint64_t movements = operation.movements();
  std::vector<transport::WaitHandle> handles;
  bool asked = false;
  for (;;) {
    Progress verdict = operation.step();
    const Nanos now = nowNs();
    const bool moved = operation.movements() != movements;
    if (moved) {
      movements = operation.movements();
      lastMoved = now;
    }
    const Nanos waited = now - lastMoved;
    if (verdict == Progress::kPending && waited >= context.policy.yieldFor)
      verdict =
          block(operation, context, handles, std::min(context.policy.blockSlice, context.timeout));
    if (verdict != Progress::kPending) return conclude(verdict, operation, context);
    if (context.errors->raised()) return context.errors->status();
    if (now - start >= context.timeout) return context.supervisor->timedOut(operation, now - start);
    if (!asked && waited >= kLongWait) {
      context.supervisor->waitsLong(operation);
      asked = true;
    }
    if (!moved && waited < context.policy.yieldFor) os::yieldCpu();
  }
}

namespace {

// One queue of a group on its way.
struct RunningQueue {
  OperationQueue* queue;
  Status* status;
  size_t next = 0;
  bool asked = false;

  [[nodiscard]] bool done() const { return !status->ok() || next == queue->operations.size(); }

  // One step; true when anything was finished.
  bool advance(Nanos waited) {
    Operation& operation = *queue->operations[next];
    const RunContext& context = *queue->context;
    const Progress verdict = operation.step();
    if (verdict == Progress::kDone) {
      ++next;
      asked = false;
      return true;
    }
    if (verdict != Progress::kPending) {
      *status = conclude(verdict, operation, context);
    } else if (context.errors->raised()) {
      *status = context.errors->status();
    } else if (waited >= context.timeout) {
      *status = context.supervisor->timedOut(operation, waited);
    } else if (!asked && waited >= kLongWait) {
      context.supervisor->waitsLong(operation);
      asked = true;
    }
    return !status->ok();
  }
};

}  // namespace

std::vector<Status> runTogether(std::vector<OperationQueue>& queues) {
  std::vector<Status> statuses(queues.size());
  std::vector<RunningQueue> running;
  for (size_t i = 0; i < queues.size(); ++i) running.push_back({&queues[i], &statuses[i]});
  std::erase_if(running, [](const RunningQueue& queue) { return queue.done(); });

  Nanos lastProgress = nowNs();
  uint32_t idlePolls = 0;
  while (!running.empty()) {
    bool moved = false;
    const Nanos waited = idlePolls == 0 ? 0 : nowNs() - lastProgress;
    for (RunningQueue& queue : running) {
      while (!queue.done() && queue.advance(waited)) moved = true;
    }
    std::erase_if(running, [](const RunningQueue& queue) { return queue.done(); });
    if (moved) {
      idlePolls = 0;
      lastProgress = nowNs();
      continue;
    }
    const WaitPolicy& policy = running.front().queue->context->policy;
    if (++idlePolls <= policy.spins) {
      os::cpuRelax();
    } else if (waited < policy.yieldFor) {
      os::yieldCpu();
    } else {
      // Several queues may wake by different words: sleep shortly.
      os::sys::poll(nullptr, 0, 1);
    }
  }
  return statuses;
}

}  // namespace inccl::exec
