// Plans and channels of a communicator, made at the first operation that needs them.
#include <fmt/format.h>

#include <array>
#include <bit>

#include "base/log.h"
#include "comm/communicator.h"
#include "comm/lane_plan.h"

namespace inccl::comm {
namespace {

// 2^(k-1) < bytes <= 2^k is class k; thresholds of choosePlan are powers of two, so a class is
// never split by one.
size_t sizeClass(size_t bytes) {
  return bytes <= 1 ? 0 : static_cast<size_t>(std::bit_width(bytes - 1));
}

constexpr std::array kCollectives = {Collective::kAllReduce, Collective::kBroadcast,
                                     Collective::kAllGather, Collective::kBarrier};

}  // namespace

Communicator::ReadyPlan& Communicator::planSlot(Collective collective, size_t bytes) {
  return plans_[static_cast<size_t>(collective)][sizeClass(bytes)];
}

Result<Communicator::ReadyPlan*> Communicator::readyPlan(const Call& call, OpTag tag) {
  const size_t bytes = call.bytes();
  const Collective collective = call.signature.collective;
  ReadyPlan& ready = planSlot(collective, bytes);
  if (!ready.chosen) [[unlikely]] {
    INCCL_TRY_ASSIGN(ready.plan, choosePlan(planContext_, rules_, collective, bytes));
    ready.chosen = true;
    logInfo("rank {}: {} of up to {} bytes: {} {} over {}, plan {:016x}", rank_, name(collective),
            size_t{1} << sizeClass(bytes), algo::name(ready.plan.algorithm),
            name(ready.plan.kernel), transportName_, ready.plan.id);
  }
  if (ready.plan.kernel == Kernel::kLanes && rankCount_ > 1) {
    INCCL_TRY_ASSIGN(ready.lanes, lanePlan(collective, ready.plan.algorithm, call.signature.root));
    if (!ready.lanes->ready()) {
      openingFor_ = tag;
      INCCL_TRY(openLanes(*ready.lanes, true));
      INCCL_TRY(openLanes(*ready.lanes, false));
    }
  }
  return &ready;
}

Result<LanePlan*> Communicator::lanePlan(Collective collective, algo::Algorithm algorithm,
                                         int root) {
  if (collective != Collective::kBroadcast) root = -1;
  auto& plan = lanePlans_[{collective, algorithm, root}];
  if (!plan) {
    INCCL_TRY_ASSIGN(plan,
                     LanePlan::make(collective, algorithm, rankCount_, rank_, root, messageBytes_));
  }
  return plan.get();
}

Status Communicator::openPlan(const Call& call, bool sends) {
  if (rankCount_ == 1) return {};
  INCCL_TRY_ASSIGN(const Plan plan,
                   choosePlan(planContext_, rules_, call.signature.collective, call.bytes()));
  if (plan.kernel != Kernel::kLanes) return {};
  INCCL_TRY_ASSIGN(LanePlan* const lanes,
                   lanePlan(call.signature.collective, plan.algorithm, call.signature.root));
  return openLanes(*lanes, sends);
}

Status Communicator::openLanes(LanePlan& plan, bool sends) {
  if (plan.ready()) return {};
  if (sends) {
    std::vector<transport::SendChannel*> channels;
    for (const LanePlan::Endpoint& endpoint : plan.sendEndpoints()) {
      INCCL_TRY_ASSIGN(auto* const channel,
                       sendChannel(endpoint.peer, kFirstLaneChannel + endpoint.channel));
      channels.push_back(channel);
    }
    plan.bindSends(std::move(channels));
    return {};
  }
  std::vector<transport::RecvChannel*> channels;
  for (const LanePlan::Endpoint& endpoint : plan.recvEndpoints()) {
    INCCL_TRY_ASSIGN(auto* const channel,
                     recvChannel(endpoint.peer, kFirstLaneChannel + endpoint.channel));
    channels.push_back(channel);
  }
  plan.bindReceives(std::move(channels));
  return plan.finish();
}

Result<transport::SendChannel*> Communicator::sendChannel(int peer, uint32_t channel) {
  auto& slot = sendChannels_[{peer, channel}];
  if (!slot) {
    auto opened =
        transportTo(peer).openSend(peer, channel, Deadline::after(config_.connectTimeout));
    if (!opened.ok())
      return fail(std::move(opened).status().within(
                      fmt::format("rank {} to {}", rank_, describePeer(peer))),
                  peer);
    slot = std::move(opened).value();
  }
  return slot.get();
}

// A receiving end opens when the peer has opened its sending end, so this waits for the peer's
// caller; a peer that called something else may never come, so a long wait asks.
Result<transport::RecvChannel*> Communicator::recvChannel(int peer, uint32_t channel) {
  auto& slot = recvChannels_[{peer, channel}];
  const Deadline deadline = Deadline::after(config_.operationTimeout);
  while (!slot) {
    auto opened = transportTo(peer).openRecv(peer, channel,
                                             deadline.earlier(Deadline::after(exec::kLongWait)));
    if (opened.ok()) {
      slot = std::move(opened).value();
    } else if (opened.status().code() != Code::kTimeout || deadline.passed()) {
      return fail(std::move(opened).status().within(
                      fmt::format("rank {} from {}", rank_, describePeer(peer))),
                  peer);
    } else if (const auto signature = history_.find(openingFor_.sequence())) {
      session_->reportWaiting(openingFor_, *signature);
    }
  }
  return slot.get();
}

Result<std::string> Communicator::describePlan(std::string_view collectiveName, size_t bytes) {
  for (const Collective collective : kCollectives) {
    if (name(collective) != collectiveName) continue;
    if (rankCount_ == 1) return std::string("self none copy 0000000000000000");
    INCCL_TRY_ASSIGN(const Plan plan, choosePlan(planContext_, rules_, collective, bytes));
    return fmt::format("{} {} {} {:016x}", transportName_, algo::name(plan.algorithm),
                       name(plan.kernel), plan.id);
  }
  if (collectiveName == "sendrecv")
    return fmt::format("{} none message 0000000000000000", transportName_);
  return invalidArgument(fmt::format("'{}' is no collective", collectiveName));
}

}  // namespace inccl::comm
