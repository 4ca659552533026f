// Joining a switch: all ranks are in, or it is not used.
//
// Each step that may fail on one rank alone is followed by agree(). A switch that is not there, has
// no slots or cannot be reached by one rank costs speed only: the communicator goes on without it,
// after one warning that says why.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "comm/communicator.h"
#include "comm/gather_messages.h"
#include "exec/aggregate.h"
#include "ina/aggregation.h"
#include "ina/integer_operation.h"
#include "os/syscalls.h"
#include "wire/switch_messages.h"

namespace inccl::comm {
namespace {

constexpr Nanos kSwitchTime = 5 * kSecond;
// Longer than what makes a rank give the switch up, and a repair.
constexpr Nanos kFlushTime = exec::AggregateOperation::kSilence + 3 * kSecond;

// Sums that a switch takes load off the network by, unless somebody says what to take.
bool paysByDefault(Collective collective) {
  return collective == Collective::kAllReduce || collective == Collective::kReduce ||
         collective == Collective::kReduceScatter;
}

struct OwnAddress {
  std::string text;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.text, wire::kMostSwitchText);
  }
};

}  // namespace

Status Communicator::joinSwitch(Deadline deadline) {
  const os::WaitLimit limit{Deadline::after(kSwitchTime).earlier(deadline), &errors_};
  auto own = ina::Aggregation::open(config_.aggregationSwitch, config_.aggregationToken, limit);
  INCCL_TRY_ASSIGN(const bool opened, switchStep(own.status(), deadline));
  if (!opened) return {};
  std::unique_ptr<ina::Aggregation> mine = std::move(own).value();
  const OwnAddress address{mine->workerAddress()};
  INCCL_TRY_ASSIGN(const auto all, gatherMessages(*session_, address, "addresses", deadline));
  std::vector<std::string> workers;
  for (const OwnAddress& worker : all) workers.push_back(worker.text);

  Result<wire::SwitchGrant> granted = wire::SwitchGrant();
  if (rank_ == 0) granted = mine->join(name_.empty() ? "inccl" : name_, workers, limit);
  INCCL_TRY_ASSIGN(const bool joined, switchStep(granted.status(), deadline));
  if (!joined) return {};
  INCCL_TRY_ASSIGN(const auto grants,
                   gatherMessages(*session_, granted.value(), "the switch's grant", deadline));
  const wire::SwitchGrant& grant = grants[0];

  Status reached = rank_ == 0 ? Status() : mine->attach(grant, limit);
  if (reached.ok()) reached = mine->reach(grant, rank_, rankCount_, nonce_, limit);
  aggregation_ = std::move(mine);
  if (reached.ok()) openRepair();
  INCCL_TRY_ASSIGN(const bool in, switchStep(reached, deadline));
  if (!in) {
    session_->takeNotes(nullptr);
    aggregation_.reset();
    return {};
  }
  logInfo("rank {}: sums go through the {}", rank_, aggregation_->describe());
  return {};
}

// Before all agree that they are in: nobody's note may come too early.
void Communicator::openRepair() {
  aggregation_->openRepair(rank_, rankCount_, [this](int to, std::vector<std::byte> note) {
    session_->post(to, std::move(note));
  });
  session_->takeNotes([this](int from, std::span<const std::byte> note) {
    const ina::RepairDesk& desk = aggregation_->desk();
    const bool sealed = desk.sealed();
    aggregation_->onNote(from, note);
    if (rank_ == 0 && !sealed && desk.sealed())
      logWarn("aggregation in the network ends, going on without: {}", desk.whySealed());
  });
}

// What this rank retains may be all that is left of a result until the others have it too.
void Communicator::awaitOthersResults() {
  if (!aggregation_ || aggregation_->shard().window().operations() == 0) return;
  ina::RepairDesk& desk = aggregation_->desk();
  desk.sayDone();
  const auto isNeeded = [&] { return desk.sealed() ? !desk.over() : !desk.othersAreDone(); };
  const Deadline deadline = Deadline::after(kFlushTime);
  while (isNeeded() && !deadline.passed() && !errors_.raised()) os::sys::poll(nullptr, 0, 1);
}

// False: one rank could not; all do without.
Result<bool> Communicator::switchStep(const Status& mine, Deadline deadline) {
  INCCL_TRY_ASSIGN(const Verdict verdict, agree(mine, deadline));
  if (verdict.status.ok()) return true;
  if (errors_.raised()) return errors_.status();
  if (rank_ == 0)
    logWarn("no aggregation in the network, going on without: {}", verdict.status.message());
  return false;
}

// Floats lose precision, so that they are summed there is said by the user.
std::string_view Communicator::whyNotTheSwitch(const Call& call) const {
  const OpSignature& signature = call.signature;
  if (!summedAsFloats(signature)) return ina::IntegerOperation::whyNot(signature);
  // Strict sums are fixed point in any case.
  if (!config_.aggregateFloats && !isStrict() && call.switchWish != Call::SwitchWish::kAlways)
    return "INCCL_INA_FLOATS is not set";
  if (aggregation_->payloadBytes() < ina::FloatOperation::kLeastPayloadBytes)
    return "the switch's payloads are too small for floats";
  return ina::FloatOperation::whyNot(signature);
}

// nullptr: the call is not the switch's.
ReadyPlan* Communicator::switchPlan(const Call& call) {
  if (aggregation_->desk().over()) return nullptr;
  const Collective collective = call.signature.collective;
  const ChoiceRules& rules = call.settings != nullptr ? call.settings->rules : rules_;
  SwitchChoice choice = rules.takesSwitch(collective);
  if (call.switchWish == Call::SwitchWish::kNever) choice = SwitchChoice::kNever;
  if (call.switchWish == Call::SwitchWish::kAlways) choice = SwitchChoice::kForced;
  const bool pays = paysByDefault(collective) && !planContext_.allShareMemory;
  if (!call.blocks.empty() || choice == SwitchChoice::kNever ||
      (choice == SwitchChoice::kFree && !pays) ||
      !algo::supports(algo::Algorithm::kInNetwork, collective))
    return nullptr;
  ReadyPlan& ready = switchPlans_[static_cast<size_t>(collective)];
  if (const auto why = whyNotTheSwitch(call); !why.empty()) {
    if (!std::exchange(switchRefusalSaid_, true))
      logInfo("rank {}: {} takes a schedule of hosts: {}", rank_, call.signature.describe(), why);
    return nullptr;
  }
  if (!ready.chosen) {
    ready.chosen = true;
    ready.plan = planOfSwitch(planContext_, collective);
    logInfo("rank {}: {}: {} over the {}, plan {:016x}", rank_, name(collective),
            ready.plan.algorithmName(), aggregation_->describe(), ready.plan.id);
  }
  return &ready;
}

}  // namespace inccl::comm
