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

constexpr std::array kCollectives = {
    Collective::kReduce,    Collective::kReduceScatter, Collective::kAllToAll,
    Collective::kGather,    Collective::kScatter,       Collective::kAllReduce,
    Collective::kBroadcast, Collective::kAllGather,     Collective::kBarrier};

}  // namespace

Communicator::ReadyPlan& Communicator::planSlot(Collective collective, size_t bytes) {
  return plans_[static_cast<size_t>(collective)][sizeClass(bytes)];
}

Result<Communicator::ReadyPlan*> Communicator::readyPlan(const Call& call) {
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
  }
  return &ready;
}

Result<LanePlan*> Communicator::lanePlan(Collective collective, algo::Algorithm algorithm,
                                         int root) {
  if (!isRooted(collective)) root = -1;
  auto& plan = lanePlans_[{collective, algorithm, root}];
  if (!plan) {
    INCCL_TRY_ASSIGN(plan,
                     LanePlan::make(collective, algorithm, rankCount_, rank_, root, messageBytes_));
  }
  return plan.get();
}

Status Communicator::openLanes(LanePlan& plan) {
  std::vector<transport::SendChannel*> sends;
  for (const LanePlan::Endpoint& endpoint : plan.sendEndpoints()) {
    INCCL_TRY_ASSIGN(auto* const channel,
                     sendChannel(endpoint.peer, kFirstLaneChannel + endpoint.channel));
    sends.push_back(channel);
  }
  std::vector<transport::RecvChannel*> receives;
  for (const LanePlan::Endpoint& endpoint : plan.recvEndpoints()) {
    INCCL_TRY_ASSIGN(auto* const channel,
                     recvChannel(endpoint.peer, kFirstLaneChannel + endpoint.channel));
    receives.push_back(channel);
  }
  return plan.bind(std::move(sends), std::move(receives));
}

Result<transport::SendChannel*> Communicator::sendChannel(int peer, uint32_t channel) {
  auto& slot = sendChannels_[{peer, channel}];
  if (!slot) {
    auto opened =
        transportTo(peer).openSend(peer, channel, Deadline::after(config_.connectTimeout));
    if (!opened.ok())
      return std::move(opened).status().within(
          fmt::format("rank {} to {}", rank_, describePeer(peer)));
    slot = std::move(opened).value();
  }
  return slot.get();
}

Result<transport::RecvChannel*> Communicator::recvChannel(int peer, uint32_t channel) {
  auto& slot = recvChannels_[{peer, channel}];
  if (!slot) {
    auto opened =
        transportTo(peer).openRecv(peer, channel, Deadline::after(config_.connectTimeout));
    if (!opened.ok())
      return std::move(opened).status().within(
          fmt::format("rank {} from {}", rank_, describePeer(peer)));
    slot = std::move(opened).value();
  }
  return slot.get();
}

Result<std::string> Communicator::describePlan(std::string_view collectiveName, size_t bytes) {
  for (const Collective collective : kCollectives) {
    // nccl-tests writes one word.
    const bool oneWord = collective == Collective::kAllToAll && collectiveName == "alltoall";
    if (name(collective) != collectiveName && !oneWord) continue;
    if (rankCount_ == 1) return std::string("self none copy 0000000000000000");
    // `bytes` is the whole gathered buffer, as nccl-tests counts; a plan is chosen by one's share.
    if (hasBlocks(collective)) bytes /= static_cast<size_t>(rankCount_);
    INCCL_TRY_ASSIGN(const Plan plan, choosePlan(planContext_, rules_, collective, bytes));
    return fmt::format("{} {} {} {:016x}", transportName_, algo::name(plan.algorithm),
                       name(plan.kernel), plan.id);
  }
  if (collectiveName == "sendrecv")
    return fmt::format("{} none message 0000000000000000", transportName_);
  return invalidArgument(fmt::format("'{}' is no collective", collectiveName));
}

}  // namespace inccl::comm
