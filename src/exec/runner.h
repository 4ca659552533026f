// Drives operations to their end: spin a little, then yield, then block, and never for ever.
//
// The fast path is a loop around step() that knows the operation's type, so that it is inlined; it
// looks at nothing else. Only when the spin budget is used up does the run move to the slow path,
// which reads the clock, looks at the communicator's error, asks the other ranks after kLongWait
// and gives up at the deadline. On a host with more ranks than cores the spin budget is nearly
// nothing: whoever waits makes room at once.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error_state.h"
#include "exec/operation.h"
#include "os/doorbell.h"
#include "os/pause.h"

namespace inccl::exec {

// How long to wait in which way.
struct WaitPolicy {
  uint32_t spins = 4000;              // polls with a pause, before the clock is ever read
  Nanos yieldFor = 2 * kMillisecond;  // then polls with a yield, before blocking
  Nanos blockSlice = 10 * kMillisecond;
  bool oversubscribed = false;

  // For ranks that share cores with each other, or that each have one.
  static WaitPolicy forHost(bool oversubscribed);
};

// Words for what a run meets, and what to do about it: the communicator's part.
class Supervisor {
 public:
  virtual ~Supervisor() = default;
  // `operation` has waited another kLongWait without moving: ask the others. Returns at once. Not
  // ok: whom it waits for has said goodbye, so whatever is to come is there already.
  virtual Status waitsLong(const Operation& operation) = 0;
  // Nothing was there.
  virtual Status deserted(const Operation& operation, Status farewell) = 0;
  // The run ended with kMismatch or kBroken, or at its deadline: raise the communicator's error and
  // return it.
  virtual Status mismatch(const Operation& operation) = 0;
  virtual Status broken(const Operation& operation) = 0;
  virtual Status timedOut(const Operation& operation, Nanos waited) = 0;
};

struct RunContext {
  WaitPolicy policy;
  Nanos timeout = 600 * kSecond;
  const ErrorState* errors = nullptr;
  Supervisor* supervisor = nullptr;
  os::Doorbell* doorbell = nullptr;  // nullptr: no memory shared with anybody
};

constexpr Nanos kLongWait = 100 * kMillisecond;
constexpr uint32_t kPollsWithoutPause = 64;

// Runs `operation`, which made no progress for the spin budget, to its end.
Status runSlowly(Operation& operation, const RunContext& context);
// What a step's verdict other than kPending means for the caller.
Status conclude(transport::Progress verdict, Operation& operation, const RunContext& context);

template <typename Op>
Status run(Op& operation, const RunContext& context) {
  for (uint32_t poll = 0; poll <= context.policy.spins; ++poll) {
    const transport::Progress verdict = operation.step();
    if (verdict == transport::Progress::kDone) [[likely]]
      return {};
    if (verdict != transport::Progress::kPending) return conclude(verdict, operation, context);
    if (context.errors->raised()) [[unlikely]]
      return context.errors->status();
    // The answer to a short message is mostly under way already; a pause costs half a hop.
    if (poll >= kPollsWithoutPause) os::cpuRelax();
  }
  return runSlowly(operation, context);
}

// Several operations of one thread, driven together. Each queue runs its operations in order; the
// queues run side by side. Returns when all are done; the first failure of a communicator ends its
// queues, the others go on. `statuses[i]` belongs to queue i.
struct OperationQueue {
  const RunContext* context = nullptr;
  std::vector<std::unique_ptr<Operation>> operations{};
  std::shared_ptr<const RunContext> ownContext{};  // keeps `context` where nobody else does
};
std::vector<Status> runTogether(std::vector<OperationQueue>& queues);

}  // namespace inccl::exec
