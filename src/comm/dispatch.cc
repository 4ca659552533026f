#include "comm/dispatch.h"

#include <algorithm>
#include <new>

namespace inccl::comm {

Status Communicator::run(const Call& call) {
  const TurnGuard turn(turn_);
  return runInTurn(call);
}

Status Communicator::runInTurn(const Call& call) {
  if (errors_.raised()) return errors_.status();
  if (call.timeLimit > 0) [[unlikely]]
    return runWith(call, contextOf(call.timeLimit));
  return runWith(call, runContext_);
}

exec::RunContext Communicator::contextOf(Nanos timeLimit) const {
  exec::RunContext context = runContext_;
  context.timeout = timeLimit;
  return context;
}

Status Communicator::runWith(const Call& call, const exec::RunContext& context) {
  RunNow sink{context};
  Status status;
  try {
    status = dispatch(call, sink);
  } catch (const std::bad_alloc&) {
    status = outOfMemory();
  }
  endOperations();
  return status;
}

// A reduction of one contribution still makes truth values 0 or 1, and NaNs canonical.
void Communicator::copyOwn(const Call& call) {
  if (reduces(call.signature.collective) && call.bytes() > 0) {
    const void* const source = call.send;
    reduce::find(call.signature.type, call.signature.op)
        .reduceMany(call.recv, &source, 1, call.signature.count);
    return;
  }
  if (call.recv != call.send && call.bytes() > 0 && call.send)
    std::memcpy(call.recv, call.send, call.bytes());
}

// A receive from any source would take what one from a certain source waits for.
Status Communicator::checkReceives(const std::vector<Call>& calls) {
  bool any = false, certain = false;
  for (const Call& call : calls) {
    if (call.signature.collective != Collective::kRecv) continue;
    (call.source != nullptr ? any : certain) = true;
  }
  if (!any || !certain) return {};
  return invalidUsage(
      "a group has receives from any source and from a certain one: which message is whose would "
      "depend on the moment");
}

// Messages of a rank to itself are paired in order and copied here.
Status Communicator::copyOwnMessages(const std::vector<Call>& calls) const {
  std::vector<const Call*> sends, receives;
  for (const Call& call : calls) {
    if (!call.isMessage() || call.signature.root != rank_) continue;
    (call.signature.collective == Collective::kSend ? sends : receives).push_back(&call);
  }
  if (sends.size() != receives.size()) {
    return invalidUsage(
        fmt::format("rank {} sends {} messages to itself in this group and receives {}", rank_,
                    sends.size(), receives.size()));
  }
  for (size_t i = 0; i < sends.size(); ++i) {
    if (sends[i]->bytes() != receives[i]->bytes() ||
        sends[i]->signature.type != receives[i]->signature.type)
      return invalidUsage(
          fmt::format("rank {} sends itself another count or type than it receives", rank_));
    if (sends[i]->bytes() > 0) std::memmove(receives[i]->recv, sends[i]->send, sends[i]->bytes());
  }
  return {};
}

// Collectives go in order, small ones of a kind together.
Status Communicator::queueCollectives(const std::vector<Call>& calls, exec::OperationQueue queue,
                                      std::vector<exec::OperationQueue>& queues) {
  std::vector<const Call*> collectives;
  for (const Call& call : calls) {
    if (!call.isMessage()) collectives.push_back(&call);
  }
  Collect sink{queue.operations};
  for (size_t at = 0; at < collectives.size();) {
    const auto rest = std::span<const Call* const>(collectives).subspan(at);
    // Calls in fixed point would share blocks, and so exponents: each goes alone.
    const bool alone =
        (isStrict() || config_.aggregateFloats) && summedAsFloats(rest[0]->signature);
    const size_t together = rankCount_ > 1 && !alone ? FusedCalls::countOf(rest) : 1;
    at += together;
    if (together == 1) {
      INCCL_TRY(dispatch(*rest[0], sink));
      continue;
    }
    if (!fusionRoom_) fusionRoom_ = std::make_unique<std::byte[]>(FusedCalls::kMostBytes);
    auto fused = std::make_unique<FusedCalls>(rest.first(together), fusionRoom_.get());
    const Call& call = fused->call();
    INCCL_TRY(sink.surround(Surroundings::packing(std::move(fused)),
                            [&] { return dispatch(call, sink); }));
  }
  if (!queue.operations.empty()) queues.push_back(std::move(queue));
  return {};
}

Status Communicator::makeQueues(const std::vector<Call>& calls,
                                std::vector<exec::OperationQueue>& queues) {
  if (errors_.raised()) return errors_.status();
  // What can be refused is refused before anything has begun; from then on a failure sticks.
  for (const Call& call : calls) {
    if (!call.isMessage()) INCCL_TRY(readyPlan(call).status());
  }
  INCCL_TRY(checkReceives(calls));
  INCCL_TRY(copyOwnMessages(calls));
  // The strictest limit of a call counts for what it is driven together with.
  Nanos limit = 0;
  for (const Call& call : calls) {
    if (call.timeLimit > 0) limit = limit > 0 ? std::min(limit, call.timeLimit) : call.timeLimit;
  }
  const auto limited = limit > 0 ? std::make_shared<const exec::RunContext>(contextOf(limit))
                                 : std::shared_ptr<const exec::RunContext>();
  const exec::RunContext* const context = limited ? limited.get() : &runContext_;
  INCCL_TRY(queueCollectives(calls, {context, {}, limited}, queues));
  // Messages of one pair and direction go in order, those of different pairs side by side.
  std::map<std::pair<int, bool>, exec::OperationQueue> messages;
  for (const Call& call : calls) {
    if (!call.isMessage() || call.signature.root == rank_) continue;
    auto& queue = messages[{call.signature.root, call.signature.collective == Collective::kSend}];
    queue.context = context;
    queue.ownContext = limited;
    Collect sink{queue.operations};
    INCCL_TRY(dispatch(call, sink));
  }
  for (auto& [pair, queue] : messages) queues.push_back(std::move(queue));
  return {};
}

}  // namespace inccl::comm
