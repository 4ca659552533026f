// Plans and channels of a communicator, made at the first operation that needs them.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "comm/communicator.h"
#include "comm/lane_plan.h"

namespace inccl::comm {
namespace {

constexpr std::array kCollectives = {
    Collective::kReduce,    Collective::kReduceScatter, Collective::kAllToAll,
    Collective::kGather,    Collective::kScatter,       Collective::kAllReduce,
    Collective::kBroadcast, Collective::kAllGather,     Collective::kBarrier};

}  // namespace

ReadyPlan& Communicator::planSlot(const Call& call) {
  const Collective collective = call.signature.collective;
  if (call.settings != nullptr) [[unlikely]]
    return settingsPlans_[{call.settings, collective, sizeClass(call.bytes())}];
  return plans_.at(collective, call.bytes());
}

Result<Plan> Communicator::choose(Collective collective, size_t bytes,
                                  const CallSettings* settings) const {
  if (settings != nullptr) {
    auto plan = choosePlan(planContext_, settings->rules, collective, bytes);
    if (plan.ok()) return plan;
    if (settings->wanted.forced)
      return invalidArgument(fmt::format("algSelection '{}' leaves no way to do {} of {} bytes",
                                         settings->wanted.algorithms, name(collective), bytes));
  }
  return choosePlan(planContext_, rules_, collective, bytes);
}

// The first plan file that was made for such a call.
ReadyPlan* Communicator::planFromFile(const OpSignature& signature, size_t bytes) {
  for (size_t i = 0; i < planFiles_.size(); ++i) {
    if (planFiles_[i].fits(signature, bytes)) return &filePlans_[i];
  }
  return nullptr;
}

Result<ReadyPlan*> Communicator::readyPlan(const Call& call) {
  const size_t bytes = call.bytes();
  const Collective collective = call.signature.collective;
  if (aggregation_) [[unlikely]] {
    if (ReadyPlan* const ready = switchPlan(call)) return ready;
  }
  const bool isForFiles = !planFiles_.empty() && call.settings == nullptr && call.blocks.empty();
  ReadyPlan* ready = isForFiles ? planFromFile(call.signature, bytes) : nullptr;
  if (ready == nullptr) [[likely]]
    ready = &planSlot(call);
  if (!ready->chosen) [[unlikely]] {
    if (ready->plan.file == nullptr) {
      INCCL_TRY_ASSIGN(ready->plan, choose(collective, bytes, call.settings));
    }
    ready->chosen = true;
    logInfo("rank {}: {} of up to {} bytes: {} {} over {}, plan {:016x}", rank_, name(collective),
            size_t{1} << sizeClass(bytes), ready->plan.algorithmName(), name(ready->plan.kernel),
            transportName_, ready->plan.id);
  }
  if (ready->plan.kernel == Kernel::kLanes && rankCount_ > 1) {
    const auto lengths =
        call.blocks.empty() ? schedule::BlockLengths::kEqual : schedule::BlockLengths::kDifferent;
    INCCL_TRY_ASSIGN(ready->lanes, lanePlan(ready->plan, collective, call.signature.root, lengths));
  }
  if (!call.blocks.empty() && !runsAtOnce(*ready)) [[unlikely]] {
    for (int owner = 0; owner < rankCount_; ++owner)
      INCCL_TRY(readyPlan(call.partOf(owner)).status());
  }
  return ready;
}

Result<LanePlan*> Communicator::lanePlan(const Plan& plan, Collective collective, int root,
                                         schedule::BlockLengths lengths) {
  if (plan.file != nullptr) {
    auto& lanes = fileLanePlans_[plan.file];
    if (!lanes) {
      INCCL_TRY_ASSIGN(
          lanes, LanePlan::make(plan.file->schedule, rank_,
                                {messageBytes_, config_.bufferBytes, plan.file->inPlace}, lengths));
    }
    return lanes.get();
  }
  if (!isRooted(collective)) root = -1;
  auto& lanes = lanePlans_[{collective, plan.algorithm, root, lengths}];
  if (!lanes) {
    INCCL_TRY_ASSIGN(const auto schedule, generateFor(planContext_.topology.get(), plan.algorithm,
                                                      collective, rankCount_, root));
    INCCL_TRY_ASSIGN(lanes,
                     LanePlan::make(schedule, rank_, {.messageBytes = messageBytes_}, lengths));
  }
  return lanes.get();
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

// Begins behind this rank, so that not every rank prefers the lowest one.
Status Communicator::openAnySources() {
  std::vector<exec::RecvAnyOperation::Source> sources;
  for (int step = 1; step < rankCount_; ++step) {
    const int peer = (rank_ + step) % rankCount_;
    INCCL_TRY_ASSIGN(auto* const channel, recvChannel(peer, kMessageChannel));
    sources.push_back({channel, peer, &receivedMessages_[static_cast<size_t>(peer)]});
  }
  anySources_ = std::move(sources);
  return {};
}

// What a float sum takes, of root 0 where there is one.
Result<std::optional<Plan>> Communicator::planFor(std::string_view collectiveName, size_t bytes) {
  if (!created_.load())
    return invalidUsage("the communicator is still being created (incclCommGetAsyncError)");
  const bool connected = session_ && (rankCount_ == 1 || messageBytes_ > 0);
  if (!connected) return errors_.status();  // its creation failed
  for (const Collective collective : kCollectives) {
    // nccl-tests writes one word.
    const bool oneWord = collective == Collective::kAllToAll && collectiveName == "alltoall";
    if (name(collective) != collectiveName && !oneWord) continue;
    if (rankCount_ == 1) return std::optional<Plan>();
    // `bytes` is the whole gathered buffer, as nccl-tests counts; a plan is chosen by one's share.
    if (hasBlocks(collective)) bytes /= static_cast<size_t>(rankCount_);
    const OpSignature signature{collective, DataType::kFloat32, RedOp::kSum,
                                isRooted(collective) ? 0 : -1, 0};
    if (const ReadyPlan* const ready = planFromFile(signature, bytes))
      return std::optional(ready->plan);
    INCCL_TRY_ASSIGN(Plan plan, choose(collective, bytes, nullptr));
    return std::optional(plan);
  }
  if (collectiveName == "sendrecv" || collectiveName == "alltoallv") return std::optional<Plan>();
  return invalidArgument(fmt::format("'{}' is no collective", collectiveName));
}

Result<uint64_t> Communicator::planId(std::string_view collectiveName, size_t bytes) {
  INCCL_TRY_ASSIGN(const auto plan, planFor(collectiveName, bytes));
  return plan ? plan->id : 0;
}

Result<std::string> Communicator::describePlan(std::string_view collectiveName, size_t bytes) {
  INCCL_TRY_ASSIGN(const auto plan, planFor(collectiveName, bytes));
  if (!plan)
    return fmt::format("{} none {} 0000000000000000", transportName_,
                       rankCount_ == 1 ? "copy" : "message");
  std::string algorithm(plan->algorithmName());
  std::ranges::replace_if(
      algorithm, [](char c) { return c <= ' '; }, '_');
  return fmt::format("{} {} {} {:016x}", transportName_, algorithm, name(plan->kernel), plan->id);
}

}  // namespace inccl::comm
