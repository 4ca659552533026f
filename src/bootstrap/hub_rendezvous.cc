// The hub until the table is sent: who may join, and how a creation fails.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "bootstrap/acceptor.h"
#include "bootstrap/authentication.h"
#include "bootstrap/endpoints.h"
#include "bootstrap/hub.h"
#include "bootstrap/peer_info.h"
#include "bootstrap/service_thread.h"
#include "os/host_identity.h"

namespace inccl::bootstrap {
namespace {

// For so long, ranks that come after the failure still learn why.
constexpr Nanos kLateComers = 1 * kSecond;

}  // namespace

Result<uint16_t> Hub::open(ServiceThread& service, const UniqueId& id, const Config& config,
                           uint16_t portLow, uint16_t portHigh) {
  INCCL_TRY_ASSIGN(const ListenScope scope, listenScope(config, id.authenticated));
  const auto port = std::make_shared<uint16_t>(0);
  INCCL_TRY(service.call([&service, id, config, scope, portLow, portHigh, port]() -> Status {
    Directory& directory = service.directory();
    INCCL_TRY_ASSIGN(auto door, directory.tcpDoor(service, scope.bindTo, portLow, portHigh));
    *port = door->port();
    return directory.addHub(rootTag(id), std::make_shared<Hub>(service, id, config, door));
  }));
  return *port;
}

void Hub::withdraw(ServiceThread& service, const UniqueId& id, const Status& reason) {
  service.post([&service, tag = rootTag(id), reason] {
    if (const auto hub = service.directory().hub(tag)) hub->failCreation(reason);
  });
}

Hub::Hub(ServiceThread& service, const UniqueId& id, const Config& config,
         std::shared_ptr<Acceptor> door)
    : service_(service),
      tag_(rootTag(id)),
      nonce_(id.nonce),
      config_(config),
      door_(std::move(door)) {}

void Hub::admit(os::UniqueFd fd, const wire::Join& join) {
  const int rank = join.self.rank;
  const std::weak_ptr<Hub> weak = weak_from_this();
  auto connection = FramedConnection::open(
      service_.loop(), std::move(fd),
      [weak, rank](wire::Kind kind, std::span<const std::byte> body) {
        if (const auto hub = weak.lock()) hub->onFrame(rank, kind, body);
      },
      [weak, rank](const Status&) {
        if (const auto hub = weak.lock()) hub->onClosed(rank);
      });
  if (!connection.ok()) return logWarn("{}", connection.status().message());
  if (phase_ == Phase::kFailed) return tell(*connection);
  if (phase_ != Phase::kGathering) return (*connection)->close();
  const Status allowed = judge(join);
  if (!allowed.ok()) {
    failCreation(allowed);
    (*connection)->send(failure_);
    return (*connection)->closeWhenFlushed();
  }
  seat(join, std::move(*connection));
}

Status Hub::judge(const wire::Join& join) const {
  const std::string who = bootstrap::describe(join.self);
  if (join.protocolVersion != wire::kProtocolVersion)
    return invalidUsage(fmt::format("{} speaks version {} of the protocol, the root version {}",
                                    who, join.protocolVersion, wire::kProtocolVersion));
  const int rank = join.self.rank;
  if (join.nRanks < 1 || join.nRanks > static_cast<int>(wire::kRankLimit) || rank < 0 ||
      rank >= join.nRanks)
    return invalidUsage(fmt::format("{} cannot be one of {} ranks", who, join.nRanks));
  if (seats_.empty()) return {};
  const wire::Peer& first = seats_[static_cast<size_t>(firstRank_)].peer;
  if (join.nRanks != static_cast<int>(seats_.size()))
    return invalidUsage(fmt::format("{} was told of {} ranks, {} of {}", who, join.nRanks,
                                    bootstrap::describe(first), seats_.size()));
  const Seat& seat = seats_[static_cast<size_t>(rank)];
  if (seat.connection)
    return invalidUsage(fmt::format("rank {} is claimed twice: by {} and by {}", rank,
                                    bootstrap::describe(seat.peer), who));
  if (join.self.configHash != configHash_)
    return invalidUsage(fmt::format(
        "{} runs with other settings than {} (INCCL_BUFFSIZE, INCCL_TRANSPORT, INCCL_ALGO and "
        "INCCL_PROTO must be equal on all ranks)",
        who, bootstrap::describe(first)));
  return {};
}

void Hub::seat(const wire::Join& join, std::shared_ptr<FramedConnection> connection) {
  if (seats_.empty()) {
    seats_.resize(static_cast<size_t>(join.nRanks));
    configHash_ = join.self.configHash;
    firstRank_ = join.self.rank;
  }
  Seat& seat = seats_[static_cast<size_t>(join.self.rank)];
  seat.peer = join.self;
  seat.connection = std::move(connection);
  limitPatience(join.patienceMs);
  if (++joined_ < seats_.size()) return;
  service_.loop().cancel(creationTimer_);
  wire::Tag communicator;
  const Status random = fillRandom(communicator.data(), communicator.size());
  if (!random.ok()) return failCreation(random);
  phase_ = Phase::kRunning;
  service_.directory().removeHub(tag_, this);
  sendTable(communicator);
  startHeartbeats();
}

// The most impatient rank decides when the creation has failed.
void Hub::limitPatience(uint32_t patienceMs) {
  const Nanos deadline = nowNs() + Nanos{patienceMs} * kMillisecond;
  if (creationDeadline_ != 0 && creationDeadline_ <= deadline) return;
  creationDeadline_ = deadline;
  service_.loop().cancel(creationTimer_);
  creationTimer_ = service_.loop().runAt(deadline, [this] { onCreationDeadline(); });
}

void Hub::onCreationDeadline() {
  std::string missing;
  size_t count = 0;
  for (size_t rank = 0; rank < seats_.size(); ++rank) {
    if (seats_[rank].connection) continue;
    if (++count <= 16) missing += fmt::format("{}{}", count > 1 ? ", " : "", rank);
  }
  if (count > 16) missing += fmt::format(" and {} more", count - 16);
  failCreation(timeoutError(fmt::format("rank{} {} of {} did not join in time",
                                        count == 1 ? "" : "s", missing, seats_.size())));
}

void Hub::failCreation(const Status& failure) {
  if (phase_ != Phase::kGathering) return;
  const auto keep = shared_from_this();
  phase_ = Phase::kFailed;
  wire::Failure message;
  message.code = failure.code();
  message.sentence = failure.message();
  failure_ = shareFrame(message);
  for (Seat& seat : seats_)
    if (auto connection = std::exchange(seat.connection, nullptr)) tell(connection);
  service_.loop().cancel(creationTimer_);
  if (phase_ != Phase::kFailed) return;
  creationTimer_ = service_.loop().runAt(nowNs() + kLateComers, [this] { dismiss(); });
}

// Why the creation has failed. The hub goes when all ranks know.
void Hub::tell(const std::shared_ptr<FramedConnection>& connection) {
  connection->send(failure_);
  connection->closeWhenFlushed();
  if (++told_ >= seats_.size()) dismiss();
}

void Hub::sendTable(const wire::Tag& communicator) {
  wire::Table table;
  table.communicator = communicator;
  table.hub.host = os::hostName();
  table.hub.pid = ::getpid();
  table.hub.processKey = service_.processKey();
  heartbeatInterval_ = heartbeatInterval(config_);
  table.heartbeatMs = static_cast<uint32_t>(heartbeatInterval_ / kMillisecond);
  for (const Seat& seat : seats_) table.peers.push_back(seat.peer);
  broadcast(shareFrame(table), -1);
}

}  // namespace inccl::bootstrap
