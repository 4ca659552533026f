// What a communicator does when a run does not end as it should: find the words, tell everyone.
//
// A failure is decided once. Where another rank may know the true cause (a mismatch, a connection
// that broke because its peer had failed before), the arbiter behind the session is asked first.
#include <fmt/format.h>

#include "comm/communicator.h"
#include "os/syscalls.h"

namespace inccl::comm {
namespace {

// How long the arbiter may take before a rank uses its own words.
constexpr Nanos kArbiterGrace = 500 * kMillisecond;

}  // namespace

std::string Communicator::describePeer(int rank) const {
  if (rank < 0 || rank >= rankCount_) return "an unknown rank";
  return session_->peers()[static_cast<size_t>(rank)].describe();
}

std::string Communicator::describeOperation(const exec::Operation& operation) const {
  const uint32_t sequence = operation.tag().sequence();
  if (sequence == 0) return "a send or recv";
  const auto signature = history_.find(sequence);
  return fmt::format("{} (operation {})", signature ? signature->describe() : "an operation",
                     sequence);
}

Status Communicator::fail(Status failure, int culprit) {
  // A wrong argument concerns its call; what ends a communicator is more.
  if (failure.code() == Code::kInvalidArgument)
    failure = invalidUsage(std::string(failure.message()));
  if (errors_.raise(failure) && session_) session_->reportFailure(failure, culprit);
  return errors_.status();
}

Status Communicator::waitsLong(const exec::Operation& operation) {
  if (operation.tag().sequence() != 0) {
    const auto signature = history_.find(operation.tag().sequence());
    if (signature) session_->reportWaiting(operation.tag(), *signature);
    return {};
  }
  // A message: its two ends have no number in common, so only a farewell can end the wait early.
  // Over memory, that is; on a stream data may still be under way, and the stream itself will end.
  const int peer = operation.awaitedRank();
  if (peer < 0) return whetherAllLeft();
  const bool byMemory = peer >= 0 && shared_ && &transportTo(peer) == shared_.get();
  return byMemory && session_->someoneLeft() ? session_->whetherLeft(peer) : Status();
}

// A receive from any source waits in vain only when nobody is there any more.
Status Communicator::whetherAllLeft() {
  Status left;
  if (!session_->someoneLeft()) return left;
  for (int peer = 0; peer < rankCount_; ++peer) {
    if (peer == rank_) continue;
    left = session_->whetherLeft(peer);
    if (left.ok()) return left;
  }
  return left;
}

Status Communicator::deserted(const exec::Operation& operation, Status farewell) {
  return fail(
      std::move(farewell).within(fmt::format("rank {} in {}", rank_, describeOperation(operation))),
      operation.awaitedRank());
}

Status Communicator::mismatch(const exec::Operation& operation) {
  if (operation.tag().sequence() == 0) {
    return fail(invalidUsage(fmt::format(
                    "rank {} received a message from {} whose count or type differs from its recv",
                    rank_, describePeer(operation.blamedRank()))),
                operation.blamedRank());
  }
  // The other side knows what it called: let the arbiter name both calls.
  static_cast<void>(waitsLong(operation));
  const Deadline deadline = Deadline::after(kArbiterGrace);
  while (!errors_.raised() && !deadline.passed()) os::sys::poll(nullptr, 0, 1);
  return fail(
      invalidUsage(fmt::format("rank {} called {}, {} called something else", rank_,
                               describeOperation(operation), describePeer(operation.blamedRank()))),
      operation.blamedRank());
}

Status Communicator::broken(const exec::Operation& operation) {
  return session_->explainBrokenPeer(
      operation.blamedRank(),
      fmt::format("{}: {}", describeOperation(operation), operation.failure().message()),
      kArbiterGrace);
}

Status Communicator::timedOut(const exec::Operation& operation, Nanos waited) {
  const int awaited = operation.awaitedRank();
  return fail(
      timeoutError(fmt::format("rank {} waited {:.1f} s in {} for {}", rank_,
                               static_cast<double>(waited) / kSecond, describeOperation(operation),
                               awaited < 0 ? "its peers" : describePeer(awaited))),
      awaited);
}

}  // namespace inccl::comm
