#include "comm/communicator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "base/fork_generation.h"
#include "base/log.h"
#include "comm/lane_plan.h"
#include "os/syscalls.h"

namespace inccl::comm {
namespace {

// How long a farewell may hold up the caller of destroy.
constexpr Nanos kLinger = 2 * kSecond;

}  // namespace

Communicator::Communicator(Config config, int rankCount, int rank, std::string name)
    : config_(std::move(config)),
      rankCount_(rankCount),
      rank_(rank),
      name_(std::move(name)),
      forkGeneration_(forkGeneration()),
      sentMessages_(static_cast<size_t>(rankCount)),
      receivedMessages_(static_cast<size_t>(rankCount)) {}

Communicator::~Communicator() {
  if (session_) session_->takeNotes(nullptr);  // they go to what is destroyed first
}

std::unique_ptr<Communicator> Communicator::make(int rankCount, int rank, Config config,
                                                 std::string commName) {
  return std::unique_ptr<Communicator>(
      new Communicator(std::move(config), rankCount, rank, std::move(commName)));
}

Status Communicator::makeNonBlocking() {
  INCCL_TRY_ASSIGN(ownStream_, Stream::start());
  return {};
}

Status Communicator::create(const bootstrap::UniqueId& id) {
  Status created;
  try {
    created = meet(id);
  } catch (const std::bad_alloc&) {
    created = systemError("out of memory", ENOMEM);
  }
  // Others may be waiting for us, and calls for the end of the creation: the first cause is what
  // they should hear.
  if (!created.ok()) errors_.raise(created);
  created_.store(true);
  // An abort that came meanwhile has left the session to us.
  if (created.ok() && ended_.load()) {
    session_->abandon();
    return errors_.status();
  }
  return created;
}

Status Communicator::meet(const bootstrap::UniqueId& id) {
  const Nanos start = nowNs();
  const Deadline deadline = Deadline::after(config_.creationTimeout);
  INCCL_TRY_ASSIGN(rules_, ChoiceRules::parse(config_.algorithm, config_.protocol));
  INCCL_TRY(join(id, deadline));
  logInfo("rank {} of {} {}: created in {:.1f} ms, transport {}", rank_, rankCount_, name_,
          static_cast<double>(nowNs() - start) / kMillisecond, transportName_);
  return {};
}

Status Communicator::usableHere() const {
  if (forkGeneration() == forkGeneration_) return {};
  return invalidUsage(
      "this communicator was made by the parent process; after fork a child makes its own");
}

Status Communicator::validate(const Call& call) const {
  if (closedForCalls_.load())
    return invalidUsage(
        fmt::format("{}: the communicator was finalized", inccl::name(call.signature.collective)));
  const int32_t root = call.signature.root;
  if (call.source != nullptr) {
    if (rankCount_ > 1) return {};
    return invalidUsage("a receive from any source on one rank: there is nobody else");
  }
  const bool hasRoot = isRooted(call.signature.collective) || call.isMessage();
  if (hasRoot && (root < 0 || root >= rankCount_)) {
    return invalidArgument(fmt::format("{}: {} {} is not within 0 … {}",
                                       name(call.signature.collective),
                                       call.isMessage() ? "peer" : "root", root, rankCount_ - 1));
  }
  if (isStrict() && rankCount_ > 1) return checkStrict(call.signature);
  return {};
}

// Whether the result of a reduction is the same however it is ordered.
Status Communicator::checkStrict(const OpSignature& signature) {
  if (!reduces(signature.collective) || !isRounded(signature.type) ||
      !dependsOnOrder(signature.op) || ina::FloatOperation::whyNot(signature).empty())
    return {};
  return invalidUsage(
      fmt::format("INCCL_DETERMINISM=strict: the bits of {} depend on the order of adding; sums of "
                  "float in all_reduce and reduce are there, and what is exact",
                  signature.describe()));
}

std::string Communicator::lastFailure() const {
  if (errors_.raised()) return std::string(errors_.status().message());
  const std::lock_guard lock(failureMutex_);
  return lastFailure_;
}

void Communicator::noteFailure(const Status& failure) {
  const std::lock_guard lock(failureMutex_);
  lastFailure_ = failure.message();
}

void Communicator::endPending(const Status& status) {
  if (!status.ok()) {
    const std::lock_guard lock(failureMutex_);
    if (pendingFailure_.ok()) pendingFailure_ = status;
  }
  pending_.fetch_sub(1);
}

Status Communicator::asyncError() {
  if (errors_.raised()) return errors_.status();
  if (pending_.load() > 0) return {Code::kInProgress, "calls are in progress"};
  const std::lock_guard lock(failureMutex_);
  return std::exchange(pendingFailure_, Status());
}

Status Communicator::awaitOthersEnd() {
  Call barrier;
  barrier.signature.collective = Collective::kBarrier;
  return runInTurn(barrier);
}

uintptr_t Communicator::registerMemory() {
  const std::lock_guard lock(registeredMutex_);
  registered_.insert(nextRegistered_);
  return nextRegistered_++;
}

Status Communicator::deregisterMemory(uintptr_t number) {
  const std::lock_guard lock(registeredMutex_);
  if (registered_.erase(number) == 0)
    return invalidArgument(
        fmt::format("{:#x} is no memory registered with this communicator", number));
  return {};
}

bool Communicator::abort() {
  Status aborted(Code::kAborted, fmt::format("communicator{} aborted on rank {}",
                                             name_.empty() ? "" : " " + name_, rank_));
  if (ended_.exchange(true)) return false;
  errors_.raise(std::move(aborted));
  if (created_.load() && session_) session_->abandon();
  return true;
}

void Communicator::leave() {
  sayGoodbye();
  if (ended_.exchange(true)) return;
  errors_.raise(invalidUsage(fmt::format("communicator{} was destroyed on rank {}",
                                         name_.empty() ? "" : " " + name_, rank_)));
}

void Communicator::sayGoodbye() {
  if (!session_ || errors_.raised()) return;
  // Messages that peers have not taken yet would go with this rank.
  const Deadline deadline = Deadline::after(kLinger);
  const auto drained = [](auto& entry) { return !entry.second || entry.second->drained(); };
  while (!std::all_of(sendChannels_.begin(), sendChannels_.end(), drained) && !deadline.passed() &&
         !errors_.raised())
    os::sys::poll(nullptr, 0, 1);
  awaitOthersResults();
  session_->leave(sequence_, kLinger);
}

}  // namespace inccl::comm
