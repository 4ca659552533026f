// A running collective as a state machine that never blocks.
//
// One thread may drive several operations at once (a group over several communicators), so no
// kernel may wait inside: step() does all the work that is possible now and says whether more is
// to come. Waiting, deadlines and aborts are the runner's business (runner.h), the same for all.
#pragma once

#include <limits>
#include <vector>

#include "base/clock.h"
#include "base/op_signature.h"
#include "base/status.h"
#include "transport/transport.h"

namespace inccl::exec {

class Operation {
 public:
  virtual ~Operation() = default;

  // An operation that has moved about kBytesPerStep returns kPending, so that whoever drives it can
  // look at aborts and errors between two steps.
  static constexpr size_t kBytesPerStep = size_t{4} << 20;

  // kDone: the result is there and nothing of it is still needed here. kPending: nothing moved or
  // more is to come; call again. kMismatch: data of another operation was met (blamedRank()).
  // kBroken: a channel failed (failure(), blamedRank()).
  [[nodiscard]] virtual transport::Progress step() = 0;

  // Rises whenever step() moved something, so that a run can tell waiting from slow work.
  [[nodiscard]] virtual uint64_t movements() const { return 0; }

  // The collective that this is a run of; a zero tag for a message.
  [[nodiscard]] virtual OpTag tag() const { return {}; }

  // Valid after kMismatch or kBroken.
  [[nodiscard]] virtual int blamedRank() const = 0;
  [[nodiscard]] virtual Status failure() const = 0;

  // A rank that this operation waits for just now, -1 when none: for messages.
  [[nodiscard]] virtual int awaitedRank() const = 0;

  // When step() has something to do though nothing comes, by nowNs(); far ahead when never.
  [[nodiscard]] virtual Nanos nextTime() const { return std::numeric_limits<Nanos>::max(); }

  // Adds what a blocked wait for this operation may sleep on besides the doorbell.
  virtual void addWaitHandles(std::vector<transport::WaitHandle>& handles) const = 0;
};

}  // namespace inccl::exec
