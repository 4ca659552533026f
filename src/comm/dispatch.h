// From a call to the operation that does it: sequence, signature, plan, kernel.
//
// A sink receives the operation's type and constructor arguments. RunNow makes it on the stack and
// runs it to its end, which the compiler sees through: the fast path of a plain call. Collect makes
// it on the heap for a group. So there is one description of every operation.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "comm/communicator.h"
#include "comm/lane_plan.h"
#include "exec/message.h"
#include "exec/shared/exchange.h"
#include "exec/shared/flat.h"
#include "exec/shared/half.h"
#include "exec/shared/publish.h"

namespace inccl::comm {

struct Communicator::RunNow {
  const exec::RunContext& context;
  template <typename Op, typename... Args>
  Status operate(Args&&... args) {
    Op operation(std::forward<Args>(args)...);
    return exec::run(operation, context);
  }
};

struct Communicator::Collect {
  std::vector<std::unique_ptr<exec::Operation>>& operations;
  template <typename Op, typename... Args>
  Status operate(Args&&... args) {
    operations.push_back(std::make_unique<Op>(std::forward<Args>(args)...));
    return {};
  }
};

// What Exchange does with everybody's payload.
struct ReducePayloads {
  reduce::ReduceManyFn reduceMany;
  void* output;
  size_t count;
  uint32_t members;
  void operator()(const void* const* payloads) const {
    reduceMany(output, payloads, members, count);
  }
};
struct GatherPayloads {
  std::byte* output;
  size_t bytes;
  uint32_t members;
  void operator()(const void* const* payloads) const {
    for (uint32_t member = 0; member < members; ++member) {
      std::byte* const block = output + bytes * member;
      if (block != payloads[member]) std::memcpy(block, payloads[member], bytes);
    }
  }
};
struct NoPayload {
  void operator()(const void* const*) const {}
};

// An operation that is over as soon as it began: one rank, or no data.
class Nothing final : public exec::Operation {
 public:
  [[nodiscard]] transport::Progress step() override { return transport::Progress::kDone; }
  [[nodiscard]] int blamedRank() const override { return -1; }
  [[nodiscard]] Status failure() const override { return {}; }
  [[nodiscard]] int awaitedRank() const override { return -1; }
  void addWaitHandles(std::vector<transport::WaitHandle>&) const override {}
};

inline OpTag Communicator::beginCollective(const OpSignature& signature) {
  const OpTag tag(++sequence_, signature.digest());
  history_.begin(tag, signature);
  return tag;
}

template <typename Sink>
Status Communicator::dispatch(const Call& call, Sink& sink) {
  if (call.isMessage()) return dispatchMessage(call, sink);
  const OpTag tag = beginCollective(call.signature);
  INCCL_TRY_ASSIGN(ReadyPlan* const ready, readyPlan(call, tag));
  if (rankCount_ == 1) {
    copyOwn(call);
    return sink.template operate<Nothing>();
  }
  if (call.bytes() == 0 && call.signature.collective != Collective::kBarrier) {
    // Nothing moves, and nobody waits: a peer that meant something else finds out by asking.
    return sink.template operate<Nothing>();
  }
  if (ready->plan.kernel == Kernel::kLanes) return dispatchLanes(call, tag, *ready->lanes, sink);
  return dispatchShared(call, tag, ready->plan, sink);
}

template <typename Sink>
Status Communicator::dispatchShared(const Call& call, OpTag tag, const Plan& plan, Sink& sink) {
  transport::MultiGroup& group = *shared_->multiGroup();
  const uint32_t members = group.memberCount();
  const size_t bytes = call.bytes(), count = call.signature.count,
               elementBytes = sizeOf(call.signature.type);
  switch (call.signature.collective) {
    case Collective::kBarrier:
      return sink.template operate<exec::Exchange<NoPayload>>(group, tag, nullptr, 0, NoPayload{});
    case Collective::kBroadcast:
      return sink.template operate<exec::SharedBroadcast>(
          group, tag, static_cast<uint32_t>(call.signature.root), call.send, call.recv, bytes);
    case Collective::kAllGather:
      if (plan.kernel == Kernel::kTiny) {
        return sink.template operate<exec::Exchange<GatherPayloads>>(
            group, tag, call.send, bytes,
            GatherPayloads{static_cast<std::byte*>(call.recv), bytes, members});
      }
      return sink.template operate<exec::SharedAllGather>(group, tag, call.send, call.recv, bytes);
    case Collective::kAllReduce:
      break;
    case Collective::kSend:
    case Collective::kRecv:
      return internalError("a message is no shared collective");
  }
  const reduce::ReduceManyFn reduceMany =
      reduce::find(call.signature.type, call.signature.op).reduceMany;
  if (plan.kernel == Kernel::kTiny) {
    return sink.template operate<exec::Exchange<ReducePayloads>>(
        group, tag, call.send, bytes, ReducePayloads{reduceMany, call.recv, count, members});
  }
  if (plan.kernel == Kernel::kFlat)
    return sink.template operate<exec::FlatAllReduce>(
        group, tag, call.send, call.recv, count, elementBytes, reduceMany, group.shape().slotBytes);
  const auto shape =
      exec::HalfShape::forVector(count, elementBytes, group.shape(), planContext_.oversubscribed);
  return sink.template operate<exec::HalfAllReduce>(group, tag, call.send, call.recv, count,
                                                    elementBytes, reduceMany, shape);
}

template <typename Sink>
Status Communicator::dispatchLanes(const Call& call, OpTag tag, LanePlan& lanes, Sink& sink) {
  return sink.template operate<LaneRun>(lanes, call, tag);
}

template <typename Sink>
Status Communicator::dispatchMessage(const Call& call, Sink& sink) {
  const int peer = call.signature.root;
  if (peer == rank_)
    return invalidUsage(fmt::format("a message of rank {} to itself needs a group", rank_));
  const bool sends = call.signature.collective == Collective::kSend;
  // Both ends count the messages of their pair and sign what they are about to move alike.
  OpSignature alike = call.signature;
  alike.collective = Collective::kSend;
  alike.root = 0;
  uint32_t& number = sends ? sentMessages_[static_cast<size_t>(peer)]
                           : receivedMessages_[static_cast<size_t>(peer)];
  if (sends) {
    INCCL_TRY_ASSIGN(transport::SendChannel* const channel, sendChannel(peer, kMessageChannel));
    return sink.template operate<exec::SendOperation>(
        *channel, peer, OpTag(++number, alike.digest()), call.send, call.bytes());
  }
  INCCL_TRY_ASSIGN(transport::RecvChannel* const channel, recvChannel(peer, kMessageChannel));
  return sink.template operate<exec::RecvOperation>(*channel, peer, OpTag(++number, alike.digest()),
                                                    call.recv, call.bytes());
}

}  // namespace inccl::comm
