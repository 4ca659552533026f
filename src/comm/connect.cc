// Creation: who is there, who shares memory, and by which transport the others are reached.
//
// Every step that may fail on one rank alone is followed by agree(): either all ranks have it, or
// all do without. So no rank waits for a segment that another could not map. All steps together
// have one deadline, that of the creation.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "comm/communicator.h"
#include "comm/gather_messages.h"
#include "os/cpu_budget.h"
#include "topo/preferred_addresses.h"
#include "transport/inproc/process_exchange.h"
#include "transport/shm/memfd_exchange.h"
#include "transport/tcp/tcp_transport.h"

namespace inccl::comm {
namespace {

using bootstrap::PeerInfo;

Status checkTransportName(const std::string& name) {
  for (const char* known : {"", "auto", "inproc", "shm", "tcp"}) {
    if (name == known) return {};
  }
  return invalidArgument(
      fmt::format("transport '{}' is unknown; known are auto inproc shm tcp", name));
}

bool sameProcess(const PeerInfo& a, const PeerInfo& b) {
  return a.processKey == b.processKey && a.pid == b.pid;
}

// What the ranks tell each other of themselves once they are connected.
struct RankResources {
  uint64_t messageBytes = 0;
  os::CpuBudget cpu;
  uint64_t readsMemory = 0;  // 1: of all others on its host
  uint64_t wantsSwitch = 0;  // 1: it was told of one

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.messageBytes);
    codec.integers(self.cpu.cores, kMostCores);
    codec.integer(self.cpu.quotaMilliCores);
    codec.integer(self.cpu.quotaGroup);
    codec.integer(self.readsMemory);
    codec.integer(self.wantsSwitch);
  }
  static constexpr size_t kMostCores = 65536;
};

std::string fingerprintOf(const AgreedTopology* topology) {
  return topology != nullptr ? fmt::format("{:016x}", topology->fingerprint)
                             : std::string("not known (INCCL_TOPO_FILE)");
}

}  // namespace

Status Communicator::join(const bootstrap::UniqueId& id, Deadline deadline) {
  INCCL_TRY(checkTransportName(config_.transport));
  runContext_.errors = &errors_;
  runContext_.supervisor = this;
  runContext_.timeout = config_.operationTimeout;
  INCCL_TRY_ASSIGN(session_,
                   bootstrap::Session::join(id, rankCount_, rank_, config_, errors_, history_));
  nonce_.assign(reinterpret_cast<const char*>(id.nonce.data()), id.nonce.size());
  connector_ = std::make_unique<SessionConnector>(*session_, errors_);
  planContext_.rankCount = rankCount_;
  transportName_ = "self";
  if (rankCount_ == 1) return {};
  return connect(deadline);
}

std::vector<int> Communicator::hostMembers() const {
  std::vector<int> members;
  const auto& peers = session_->peers();
  for (const PeerInfo& peer : peers) {
    if (peer.hostKey == peers[static_cast<size_t>(rank_)].hostKey) members.push_back(peer.rank);
  }
  return members;
}

// Every rank says how it went; the first failure, by rank, is everybody's.
Result<Communicator::Verdict> Communicator::agree(const Status& mine, Deadline deadline) {
  INCCL_TRY_ASSIGN(const auto all,
                   gatherMessages(*session_, Outcome::of(mine), "agreement", deadline));
  return Verdict{firstFailure(all)};
}

Status Communicator::connect(Deadline deadline) {
  const std::vector<int> members = hostMembers();
  const auto& peers = session_->peers();
  const PeerInfo& me = peers[static_cast<size_t>(rank_)];
  const bool oneHost = static_cast<int>(members.size()) == rankCount_;
  const bool oneProcess = std::all_of(peers.begin(), peers.end(),
                                      [&](const PeerInfo& peer) { return sameProcess(peer, me); });
  const std::string& wanted = config_.transport;
  if ((wanted == "shm" && !oneHost) || (wanted == "inproc" && !oneProcess)) {
    return invalidUsage(fmt::format("transport {} was asked for, but the ranks are not all {}",
                                    wanted,
                                    wanted == "shm" ? "on one host" : "threads of one process"));
  }
  const bool automatic = wanted.empty() || wanted == "auto";
  INCCL_TRY_ASSIGN(SetupFiles files, agreeOnSetup(*session_, config_, deadline));
  INCCL_TRY_ASSIGN(const size_t streamSlotBytes,
                   transport::streamSlotBytesWithin(config_.bufferBytes, rankCount_,
                                                    transport::tcp::TcpTransport::kSlotBytes,
                                                    channelsOf(files.plans)));
  network_ = std::make_unique<transport::tcp::TcpTransport>(*connector_, streamSlotBytes,
                                                            config_.bufferBytes);
  transportName_ = "tcp";
  if (wanted != "tcp") {
    const bool byThreads = wanted == "inproc" || (automatic && oneProcess);
    // All ranks take part in the agreement, also those that are alone on their host.
    INCCL_TRY_ASSIGN(const Verdict shared, shareMemory(byThreads, members, deadline));
    if (!shared.status.ok()) {
      shared_.reset();
      if (errors_.raised()) return errors_.status();
      // A budget that is too small is the user's to change; anything else costs speed only.
      if (!automatic || shared.status.code() == Code::kInvalidArgument) return shared.status;
      if (rank_ == 0) logWarn("no shared memory, going on over tcp: {}", shared.status.message());
    } else if (shared_) {
      transportName_ =
          oneHost ? std::string(shared_->name()) : fmt::format("{}+tcp", shared_->name());
    }
  }
  if (shared_) {
    runContext_.doorbell = &shared_->multiGroup()->doorbell(shared_->multiGroup()->me());
    planContext_.allShareMemory = oneHost && members.size() <= transport::kMostGroupMembers;
    planContext_.cellBytes = shared_->multiGroup()->shape().cellBytes;
    planContext_.slotBytes = shared_->multiGroup()->shape().slotBytes;
  }
  INCCL_TRY_ASSIGN(const bool wantSwitch, agreeOnResources(members, deadline));
  if (wantSwitch) INCCL_TRY(joinSwitch(deadline));
  return useFiles(std::move(files));
}

Result<Communicator::Verdict> Communicator::shareMemory(bool byThreads,
                                                        const std::vector<int>& members,
                                                        Deadline deadline) {
  const auto memberCount = static_cast<uint32_t>(members.size());
  auto shapes = transport::SharedShapes::within(config_.bufferBytes, rankCount_, memberCount);
  if (shapes.ok() && memberCount > 1) {
    std::unique_ptr<transport::MemoryExchange> exchange;
    if (byThreads) {
      exchange = std::make_unique<transport::inproc::ProcessExchange>(session_->communicatorKey(),
                                                                      rank_, errors_);
    } else {
      exchange = std::make_unique<transport::shm::MemfdExchange>(*connector_);
    }
    shared_ =
        std::make_unique<transport::SharedTransport>(std::move(exchange), members, rank_, *shapes);
  }
  const bool creates = shared_ && shared_->createsSegment();
  INCCL_TRY_ASSIGN(Verdict created,
                   agree(creates ? shared_->createSegment() : shapes.status(), deadline));
  if (!created.status.ok()) return created;
  const bool attaches = shared_ && !creates;
  const Deadline attached = Deadline::after(config_.connectTimeout).earlier(deadline);
  return agree(attaches ? shared_->attachSegment(attached) : Status(), deadline);
}

// Slices of lane programs must be cut alike everywhere: the smallest message of all ranks. Whether
// ranks share cores decides plans, so all ranks of a host judge the same facts.
// True when all want a switch.
Result<bool> Communicator::agreeOnResources(const std::vector<int>& members, Deadline deadline) {
  RankResources mine{network_->messageBytes(), os::cpuBudget()};
  const Status readable = shared_ ? shared_->tryPeerMemory() : remoteError("no memory is shared");
  mine.readsMemory = readable.ok() ? 1 : 0;
  mine.wantsSwitch = config_.aggregationSwitch.empty() ? 0 : 1;
  if (shared_) mine.messageBytes = std::min<uint64_t>(mine.messageBytes, shared_->messageBytes());
  INCCL_TRY_ASSIGN(const auto all, gatherMessages(*session_, mine, "resources", deadline));
  messageBytes_ = mine.messageBytes;
  for (const RankResources& its : all)
    messageBytes_ = std::min<size_t>(messageBytes_, its.messageBytes);
  planContext_.messageBytes = messageBytes_;
  if (messageBytes_ < 64) return internalError("ranks did not agree on the size of messages");
  std::vector<os::CpuBudget> budgets;
  for (const int member : members) budgets.push_back(all[static_cast<size_t>(member)].cpu);
  planContext_.oversubscribed = os::sharesCores(budgets);
  runContext_.policy = exec::WaitPolicy::forHost(planContext_.oversubscribed);
  planContext_.readsMemory =
      planContext_.allShareMemory &&
      std::ranges::all_of(all, [](const RankResources& its) { return its.readsMemory == 1; });
  if (planContext_.allShareMemory && !planContext_.readsMemory && rank_ == 0)
    logWarn("ranks cannot read each other's memory, long messages are copied twice: {}",
            readable.ok() ? "another rank may not" : readable.message());
  if (planContext_.oversubscribed) {
    logInfo("rank {}: the {} ranks on this host share cores: waiting yields at once", rank_,
            members.size());
  }
  const auto wanting = std::ranges::count(all, uint64_t{1}, &RankResources::wantsSwitch);
  if (wanting > 0 && wanting < rankCount_ && rank_ == 0)
    logWarn("no aggregation in the network: INCCL_INA is set on {} of {} ranks", wanting,
            rankCount_);
  return wanting == rankCount_;
}

// Connections to other machines shall take the ways that plans are chosen by. A topology may well
// be that of a cluster whose ranks are all here; its addresses lead nowhere then.
Status Communicator::preferAddresses(const topo::Topology& topology) {
  INCCL_TRY_ASSIGN(const auto preferred, topo::preferredAddresses(topology, rank_));
  std::vector<bootstrap::Session::Addresses> addresses;
  const auto& peers = session_->peers();
  for (size_t rank = 0; rank < peers.size(); ++rank) {
    auto& ofRank = addresses.emplace_back();
    if (peers[rank].hostKey == peers[static_cast<size_t>(rank_)].hostKey) continue;
    for (const std::string& text : preferred[rank]) {
      INCCL_TRY_ASSIGN(const os::SocketAddress address, os::SocketAddress::parse(text));
      ofRank.push_back(address);
    }
  }
  session_->prefer(std::move(addresses));
  return {};
}

// All ranks have the same.
Status Communicator::useFiles(SetupFiles files) {
  if (files.topology) {
    INCCL_TRY_ASSIGN(auto agreed, AgreedTopology::of(std::move(*files.topology), rankCount_));
    planContext_.topology = std::make_shared<const AgreedTopology>(std::move(agreed));
    INCCL_TRY(preferAddresses(planContext_.topology->topology));
  }
  planFiles_ = std::move(files.plans);
  for (const PlanFile& file : planFiles_) {
    const std::string& madeFor = file.schedule.topology;
    if (!madeFor.empty() && madeFor != fingerprintOf(planContext_.topology.get()))
      return invalidArgument(fmt::format("the plan {} was made for the topology {}, this one is {}",
                                         file.schedule.name, madeFor,
                                         fingerprintOf(planContext_.topology.get())));
  }
  for (const PlanFile& file : planFiles_)
    filePlans_.push_back({false, planOf(planContext_, file), nullptr});
  return {};
}

transport::Transport& Communicator::transportTo(int peer) {
  if (shared_) {
    const auto& peers = session_->peers();
    if (peers[static_cast<size_t>(peer)].hostKey == peers[static_cast<size_t>(rank_)].hostKey)
      return *shared_;
  }
  return *network_;
}

}  // namespace inccl::comm
