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

#include "base/hash.h"
#include "comm/communicator.h"
#include "comm/lane_plan.h"
#include "comm/surroundings.h"
#include "exec/aggregate.h"
#include "exec/host_batches.h"
#include "exec/message.h"
#include "exec/shared/blocks.h"
#include "exec/shared/exchange.h"
#include "exec/shared/flat.h"
#include "exec/shared/half.h"
#include "exec/shared/payloads.h"
#include "exec/shared/publish.h"
#include "exec/shared/read.h"
#include "exec/shared/rooted.h"
#include "ina/float_operation.h"
#include "ina/integer_operation.h"

namespace inccl::comm {

struct Communicator::RunNow {
  const exec::RunContext& context;
  template <typename Op, typename... Args>
  Status operate(Args&&... args) {
    Op operation(std::forward<Args>(args)...);
    return exec::run(operation, context);
  }
  template <typename Body>
  Status surround(Surroundings surroundings, Body body) {
    surroundings.atStart();
    Status status = body();
    if (status.ok()) surroundings.after();
    return status;
  }
};

struct Communicator::Collect {
  std::vector<std::unique_ptr<exec::Operation>>& operations;
  template <typename Op, typename... Args>
  Status operate(Args&&... args) {
    operations.push_back(std::make_unique<Op>(std::forward<Args>(args)...));
    return {};
  }
  // The operation that `body` adds, if any, gets the surroundings.
  template <typename Body>
  Status surround(Surroundings surroundings, Body body) {
    const size_t before = operations.size();
    INCCL_TRY(body());
    if (operations.size() == before) return {};
    operations.back() = std::make_unique<SurroundedOperation>(std::move(operations.back()),
                                                              std::move(surroundings));
    return {};
  }
};

inline reduce::ReduceManyFn reduceManyOf(const Call& call) {
  return reduce::find(call.signature.type, call.signature.op).reduceMany;
}

// An operation that is over as soon as it began: one rank, or no data.
class Nothing final : public exec::Operation {
 public:
  [[nodiscard]] transport::Progress step() override { return transport::Progress::kDone; }
  [[nodiscard]] int blamedRank() const override { return -1; }
  [[nodiscard]] Status failure() const override { return {}; }
  [[nodiscard]] int awaitedRank() const override { return -1; }
  void addWaitHandles(std::vector<transport::WaitHandle>&) const override {}
};

inline OpTag Communicator::beginCollective(const Call& call) {
  const OpTag tag(++sequence_, call.signature.digest() ^ call.agreement);
  history_.begin(tag, call.signature);
  return tag;
}

template <typename Sink>
Status Communicator::dispatch(const Call& call, Sink& sink) {
  if (call.isMessage()) return dispatchMessage(call, sink);
  // Whatever fails before the operation has begun concerns this call alone.
  INCCL_TRY_ASSIGN(const ReadyPlan* const ready, readyPlan(call));
  if (!call.blocks.empty() && !runsAtOnce(*ready)) [[unlikely]]
    return dispatchBlockByBlock(call, sink);
  const OpTag tag = beginCollective(call);
  const auto isSum = [](RedOp op) { return op == RedOp::kAvg || op == RedOp::kPreMulSum; };
  Status status;
  if (isSum(call.signature.op)) [[unlikely]] {
    Call sum = call;
    Surroundings surroundings = Surroundings::before(sum, rank_, rankCount_);
    status = sink.surround(std::move(surroundings),
                           [&] { return dispatchCollective(sum, tag, *ready, sink); });
  } else {
    status = dispatchCollective(call, tag, *ready, sink);
  }
  if (status.ok()) [[likely]]
    return status;
  return fail(status, -1);
}

template <typename Sink>
Status Communicator::dispatchCollective(const Call& call, OpTag tag, const ReadyPlan& ready,
                                        Sink& sink) {
  if (rankCount_ == 1) {
    copyOwn(call);
    return sink.template operate<Nothing>();
  }
  if (call.bytes() == 0 && call.signature.collective != Collective::kBarrier) {
    // Nothing moves, and nobody waits: a peer that meant something else finds out by asking.
    return sink.template operate<Nothing>();
  }
  if (ready.plan.kernel == Kernel::kSwitch) return dispatchSwitch(call, tag, sink);
  if (isStrict() && summedAsFloats(call.signature) &&
      ina::FloatOperation::whyNot(call.signature).empty()) [[unlikely]]
    return dispatchFixedPoint(call, tag, sink);
  if (ready.plan.kernel == Kernel::kLanes) return dispatchLanes(call, tag, *ready.lanes, sink);
  return dispatchShared(call, tag, ready.plan, sink);
}

// The kernels over shared memory know blocks of one length only. But a rooted collective there
// costs little more than the bytes that it moves, so one after the other is as good.
template <typename Sink>
Status Communicator::dispatchBlockByBlock(const Call& call, Sink& sink) {
  for (int owner = 0; owner < rankCount_; ++owner) INCCL_TRY(dispatch(call.partOf(owner), sink));
  return {};
}

// What becomes of a call when its switch has gone.
class Communicator::WithoutSwitch final : public exec::HostWay {
 public:
  WithoutSwitch(Communicator& communicator, const Call& call, OpTag tag)
      : communicator_(communicator), call_(call), tag_(tag) {}

  Result<std::unique_ptr<exec::Operation>> whole() override { return make(call_, tag_); }
  Result<std::unique_ptr<exec::Operation>> allReduce(void* data, size_t count, DataType type,
                                                     RedOp op) override {
    Call call;
    call.signature.collective = Collective::kAllReduce;
    call.signature.type = type;
    call.signature.op = op;
    call.signature.count = count;
    call.send = call.recv = data;
    call.switchWish = Call::SwitchWish::kNever;
    // What it selected for an all-reduce holds for its parts.
    if (call_.signature.collective == Collective::kAllReduce) call.settings = call_.settings;
    // A part of this operation: ranks that have returned from it count no further.
    const auto part = static_cast<uint32_t>(mixHash(tag_.word(), ++parts_));
    return make(call, OpTag(tag_.sequence(), call.signature.digest() ^ part));
  }

 private:
  Result<std::unique_ptr<exec::Operation>> make(const Call& call, OpTag tag) {
    INCCL_TRY_ASSIGN(const ReadyPlan* const ready, communicator_.readyPlan(call));
    std::vector<std::unique_ptr<exec::Operation>> operations;
    Collect sink{operations};
    INCCL_TRY(communicator_.dispatchCollective(call, tag, *ready, sink));
    return std::move(operations.back());
  }

  Communicator& communicator_;
  const Call call_;
  const OpTag tag_;
  uint32_t parts_ = 0;
};

inline ina::FloatCall Communicator::floatCall(const Call& call, OpTag tag) const {
  return {call.signature,
          tag,
          rank_,
          rankCount_,
          static_cast<const float*>(call.send),
          static_cast<float*>(call.recv)};
}

template <typename Sink>
Status Communicator::dispatchFixedPoint(const Call& call, OpTag tag, Sink& sink) {
  return sink.template operate<exec::FixedPointSum<WithoutSwitch>>(
      WithoutSwitch(*this, call, tag), floatCall(call, tag), floatRoom_);
}

template <typename Sink>
Status Communicator::dispatchSwitch(const Call& call, OpTag tag, Sink& sink) {
  const exec::SwitchPlace place{aggregation_->shard(), aggregation_->desk(),
                                aggregation_->waitDescriptor()};
  const WithoutSwitch hosts(*this, call, tag);
  const size_t payloadBytes = aggregation_->payloadBytes();
  if (summedAsFloats(call.signature)) {
    return sink.template operate<exec::AggregateOf<ina::FloatOperation, WithoutSwitch>>(
        place, hosts, floatCall(call, tag), aggregation_->slots(), payloadBytes, floatRoom_);
  }
  const ina::IntegerCall integers{call.signature, tag, rank_, rankCount_, call.send, call.recv};
  return sink.template operate<exec::AggregateOf<ina::IntegerOperation, WithoutSwitch>>(
      place, hosts, integers, payloadBytes);
}

template <typename Sink>
Status Communicator::dispatchShared(const Call& call, OpTag tag, const Plan& plan, Sink& sink) {
  if (plan.kernel == Kernel::kTiny) return dispatchTiny(call, tag, sink);
  if (plan.kernel == Kernel::kRead) return dispatchRead(call, tag, sink);
  switch (call.signature.collective) {
    case Collective::kAllReduce:
      return dispatchAllReduce(call, tag, plan, sink);
    case Collective::kReduceScatter:
    case Collective::kAllToAll:
      return dispatchBlocks(call, tag, sink);
    default:  // publishers' rings
      return dispatchPublishers(call, tag, sink);
  }
}

template <typename Sink>
Status Communicator::dispatchTiny(const Call& call, OpTag tag, Sink& sink) {
  transport::MultiGroup& group = *shared_->multiGroup();
  const uint32_t members = group.memberCount(), me = group.me();
  const size_t bytes = call.bytes(), count = call.signature.count;
  std::byte* const output = static_cast<std::byte*>(call.recv);
  switch (call.signature.collective) {
    case Collective::kBarrier:
      return sink.template operate<exec::Exchange<exec::NoPayload>>(group, tag, nullptr, 0,
                                                                    exec::NoPayload{});
    case Collective::kAllGather:
      return sink.template operate<exec::Exchange<exec::GatherPayloads>>(
          group, tag, call.send, bytes, exec::GatherPayloads{output, bytes, members});
    case Collective::kAllToAll:
      return sink.template operate<exec::Exchange<exec::TakeBlocks>>(
          group, tag, call.send, bytes * members, exec::TakeBlocks{output, bytes, me, members});
    case Collective::kReduceScatter:
      return sink.template operate<exec::Exchange<exec::ReduceBlocks>>(
          group, tag, call.send, bytes * members,
          exec::ReduceBlocks{reduceManyOf(call), output, count, bytes, me, members});
    case Collective::kAllReduce:
      return sink.template operate<exec::Exchange<exec::ReducePayloads>>(
          group, tag, call.send, bytes,
          exec::ReducePayloads{reduceManyOf(call), output, count, members});
    default:  // no exchange: somebody would wait for nothing
      break;
  }
  return internalError(fmt::format("{} is no exchange", name(call.signature.collective)));
}

template <typename Sink>
Status Communicator::dispatchBlocks(const Call& call, OpTag tag, Sink& sink) {
  transport::MultiGroup& group = *shared_->multiGroup();
  const size_t bytes = call.bytes(), elementBytes = sizeOf(call.signature.type);
  const auto shape =
      exec::BlockShape::forBlocks(bytes, elementBytes, group.shape(), planContext_.oversubscribed);
  if (call.signature.collective == Collective::kAllToAll)
    return sink.template operate<exec::SharedAllToAll>(group, tag, call.send, call.recv, bytes,
                                                       shape);
  return sink.template operate<exec::SharedReduceScatter>(group, tag, call.send, call.recv, bytes,
                                                          elementBytes, reduceManyOf(call), shape);
}

// Half a slot, so that one rank adds while the other copies (a reduce of 1 MiB takes 72 us, with
// whole slots 85); a whole one where ranks share cores and nothing overlaps. Whole elements.
inline size_t pieceOfSlot(const transport::MultiGroupShape& group, size_t elementBytes,
                          bool oversubscribed) {
  return group.slotBytes / (oversubscribed ? 1 : 2) / elementBytes * elementBytes;
}

template <typename Sink>
Status Communicator::dispatchPublishers(const Call& call, OpTag tag, Sink& sink) {
  transport::MultiGroup& group = *shared_->multiGroup();
  const size_t bytes = call.bytes(), elementBytes = sizeOf(call.signature.type);
  const size_t piece = pieceOfSlot(group.shape(), elementBytes, planContext_.oversubscribed);
  const auto root = static_cast<uint32_t>(call.signature.root);
  switch (call.signature.collective) {
    case Collective::kBroadcast:
      return sink.template operate<exec::SharedBroadcast>(group, tag, root, call.send, call.recv,
                                                          bytes);
    case Collective::kAllGather:
      return sink.template operate<exec::SharedAllGather>(group, tag, call.send, call.recv, bytes);
    case Collective::kReduce:
      return sink.template operate<exec::SharedReduce>(
          group, tag, root, call.send, call.recv, bytes, elementBytes, reduceManyOf(call), piece);
    case Collective::kGather:
      return sink.template operate<exec::SharedGather>(group, tag, root, call.send, call.recv,
                                                       bytes, piece);
    case Collective::kScatter:
      return sink.template operate<exec::SharedScatter>(group, tag, root, call.send, call.recv,
                                                        bytes, piece);
    default:  // dispatchShared's
      break;
  }
  return internalError(
      fmt::format("{} has no kernel over shared memory", name(call.signature.collective)));
}

inline exec::ReadShape readShapeOf(const Call& call, uint32_t me) {
  const auto root = static_cast<uint32_t>(call.signature.root);
  exec::ReadShape shape;
  shape.bytes = call.bytes();
  switch (call.signature.collective) {
    case Collective::kBroadcast:
      shape.onlyOfferer = root;
      break;
    case Collective::kScatter:
      shape.onlyOfferer = root;
      shape.offset = shape.bytes * me;
      break;
    case Collective::kGather:
      shape.onlyReader = root;
      shape.stride = shape.bytes;
      break;
    case Collective::kAllToAll:
      shape.offset = shape.bytes * me;
      shape.stride = shape.bytes;
      break;
    default:  // all_gather
      shape.stride = shape.bytes;
      break;
  }
  return shape;
}

template <typename Sink>
Status Communicator::dispatchRead(const Call& call, OpTag tag, Sink& sink) {
  transport::MultiGroup& group = *shared_->multiGroup();
  transport::PeerMemory& memory = *shared_->peerMemory();
  if (call.signature.collective == Collective::kReduce)
    return sink.template operate<exec::SharedReadReduce>(
        group, tag, memory, static_cast<uint32_t>(call.signature.root), call.send, call.recv,
        call.bytes(), sizeOf(call.signature.type), reduceManyOf(call));
  return sink.template operate<exec::SharedRead>(group, tag, memory, call.send, call.recv,
                                                 readShapeOf(call, group.me()));
}

template <typename Sink>
Status Communicator::dispatchAllReduce(const Call& call, OpTag tag, const Plan& plan, Sink& sink) {
  transport::MultiGroup& group = *shared_->multiGroup();
  const size_t count = call.signature.count, elementBytes = sizeOf(call.signature.type);
  const reduce::ReduceManyFn reduceMany = reduceManyOf(call);
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
  if (!lanes.ready()) INCCL_TRY(openLanes(lanes));
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
  if (peer == Call::kAnyRank) return dispatchAnySource(call, alike.digest(), sink);
  uint32_t& number = sends ? sentMessages_[static_cast<size_t>(peer)]
                           : receivedMessages_[static_cast<size_t>(peer)];
  if (sends) {
    // Memory and sockets take what nobody will read: that the peer has left must be asked.
    if (session_->someoneLeft()) {
      if (Status left = session_->whetherLeft(peer); !left.ok()) return fail(std::move(left), peer);
    }
    auto opened = sendChannel(peer, kMessageChannel);
    if (!opened.ok()) return fail(std::move(opened).status(), peer);
    transport::SendChannel* const channel = opened.value();
    return sink.template operate<exec::SendOperation>(
        *channel, peer, OpTag(++number, alike.digest()), call.send, call.bytes());
  }
  auto opened = recvChannel(peer, kMessageChannel);
  if (!opened.ok()) return fail(std::move(opened).status(), peer);
  transport::RecvChannel* const channel = opened.value();
  return sink.template operate<exec::RecvOperation>(*channel, peer, OpTag(++number, alike.digest()),
                                                    call.recv, call.bytes());
}

template <typename Sink>
Status Communicator::dispatchAnySource(const Call& call, uint32_t digest, Sink& sink) {
  if (anySources_.empty()) {
    if (Status opened = openAnySources(); !opened.ok()) return fail(std::move(opened), -1);
  }
  return sink.template operate<exec::RecvAnyOperation>(anySources_, digest, call.recv, call.bytes(),
                                                       call.source);
}

}  // namespace inccl::comm
