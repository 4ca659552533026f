#include "bootstrap/rendezvous.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "bootstrap/authentication.h"
#include "bootstrap/dial.h"
#include "bootstrap/doors.h"
#include "bootstrap/endpoints.h"
#include "bootstrap/frame_io.h"
#include "bootstrap/hub.h"
#include "bootstrap/peer_info.h"
#include "bootstrap/service_thread.h"
#include "os/host_identity.h"

namespace inccl::bootstrap {
namespace {

// The root fails a creation at the deadline and names who is missing; ranks wait for its word.
constexpr Nanos kVerdictGrace = 250 * kMillisecond;
// Between looks at a root that is not there yet.
constexpr Nanos kFirstRetry = 2 * kMillisecond, kLastRetry = 50 * kMillisecond;

class Rendezvous {
 public:
  Rendezvous(ServiceThread& service, const Joining& joining, ErrorState& errors,
             const OpHistory& history)
      : service_(service),
        joining_(joining),
        errors_(errors),
        history_(history),
        limit_{Deadline::after(joining.config.creationTimeout), &errors} {}

  Result<MemberOwner> run() {
    if (joining_.id.rootAtRankZero && joining_.rank == 0) INCCL_TRY(openRoot());
    auto member = join();
    if (!member.ok() && ownsRoot_)
      Hub::withdraw(service_, joining_.id, member.status().within("rank 0 could not join"));
    return member;
  }

 private:
  Status openRoot() {
    const uint16_t port = joining_.id.port;
    auto opened = Hub::open(service_, joining_.id, joining_.config, port, port);
    if (!opened.ok())
      return std::move(opened).status().within("rank 0 cannot open the root of this launch");
    ownsRoot_ = true;
    // Whatever name the others know this host by, here the root is where it listens.
    INCCL_TRY_ASSIGN(const ListenScope scope,
                     listenScope(joining_.config, joining_.id.authenticated));
    ownAddresses_ = scope.advertised;
    return {};
  }

  Result<MemberOwner> join() {
    INCCL_TRY_ASSIGN(doors_, Doors::open(service_, joining_.config, joining_.id.authenticated));
    INCCL_TRY_ASSIGN(os::UniqueFd control, dialRoot());
    INCCL_TRY_ASSIGN(const wire::Table table, awaitTable(control.get()));
    INCCL_TRY_ASSIGN(Membership membership, toMembership(table));
    MemberOwner member(
        service_, std::make_shared<Member>(service_, std::move(membership), errors_, history_));
    const auto held = std::make_shared<os::UniqueFd>(std::move(control));
    INCCL_TRY(service_.call([started = member.get(), held, doors = doors_] {
      return started->start(std::move(*held), doors);
    }));
    logInfo("rank {} of {} has joined; this process listens on {}", joining_.rank, joining_.nRanks,
            doors_->describe());
    return member;
  }

  [[nodiscard]] DialRequest makeRequest() const {
    const PeerInfo self = describeSelf(joining_.rank, joining_.config, service_.processKey());
    wire::Join join;
    join.nRanks = joining_.nRanks;
    join.patienceMs = static_cast<uint32_t>(limit_.deadline.remainingMs());
    join.self.rank = self.rank;
    join.self.host = self.host;
    join.self.hostKey = self.hostKey;
    join.self.pid = self.pid;
    join.self.processKey = self.processKey;
    join.self.configHash = self.configHash;
    wire::Writer endpoints;
    wire::Endpoints::fields(endpoints, doors_->endpoints);
    join.self.endpoints = endpoints.take();
    DialRequest request;
    request.purpose = wire::Purpose::kControl;
    request.target = rootTag(joining_.id);
    request.nonce = joining_.id.nonce;
    request.frame = wire::encodeFrame(join);
    request.what = fmt::format("rank {} of {} joins", joining_.rank, joining_.nRanks);
    return request;
  }

  // A root that rank 0 opens may come later than this rank; one whose id exists is there or gone.
  Result<os::UniqueFd> dialRoot() {
    std::vector<os::SocketAddress> addresses = ownsRoot_ ? ownAddresses_ : joining_.id.addresses;
    for (os::SocketAddress& address : addresses) address = address.withPort(joining_.id.port);
    Status last;
    for (Nanos pause = kFirstRetry;; pause = std::min(2 * pause, kLastRetry)) {
      const Deadline round = Deadline::after(joining_.config.connectTimeout);
      DialResult result =
          dialTcp(addresses, makeRequest(), {limit_.deadline.earlier(round), limit_.stop});
      if (result.problem == DialProblem::kNone) return std::move(result.fd);
      // Not the creation, this round has run out of time: somebody does not answer.
      if (result.problem == DialProblem::kStopped && limit_.check("join").ok())
        result.problem = DialProblem::kUnreachable;
      if (result.problem == DialProblem::kStopped) return explain(result, last);
      const bool maybeLater = result.problem == DialProblem::kUnreachable ||
                              result.problem == DialProblem::kUnknownTarget;
      if (!joining_.id.rootAtRankZero || !maybeLater) return explain(result, last);
      last = std::move(result.why);
      const Status slept = os::sleepFor(pause, limit_, "join");
      if (!slept.ok()) return explain({{}, DialProblem::kStopped, slept}, last);
    }
  }

  [[nodiscard]] Status explain(const DialResult& result, const Status& last) const {
    const Status& why = result.why;
    switch (result.problem) {
      case DialProblem::kUnknownTarget:
        return invalidUsage(
            "the root does not know this unique id: it was used before, its communicator failed "
            "or was destroyed, or it was made by another process");
      case DialProblem::kWrongSecret:
        return invalidUsage(joining_.id.rootAtRankZero
                                ? "the root has another secret: INCCL_SECRET differs between ranks"
                                : "the root has another secret than this unique id");
      case DialProblem::kStopped:
        if (errors_.raised() || last.ok()) return why;
        return timeoutError(fmt::format("rank {} found no root in time: {}{}", joining_.rank,
                                        last.message(), hint()));
      case DialProblem::kUnreachable:
        return remoteError(std::string(why.message()) + hint());
      case DialProblem::kNone:
      case DialProblem::kRefused:
        return why;
    }
    return why;
  }

  // The usual causes of an unreachable root.
  [[nodiscard]] std::string hint() const {
    const auto& addresses = joining_.id.addresses;
    if (!joining_.id.authenticated)
      return " (a launch without INCCL_SECRET listens on loopback only, unless "
             "INCCL_SOCKET_IFNAME names an interface on all ranks)";
    if (std::ranges::all_of(addresses, &os::SocketAddress::isLoopback))
      return " (the root has loopback addresses only: set INCCL_SOCKET_IFNAME on its host)";
    return "";
  }

  Result<wire::Table> awaitTable(int fd) {
    const os::WaitLimit limit{Deadline::at(limit_.deadline.instant() + kVerdictGrace), &errors_};
    auto frame = recvFrame(fd, limit, "wait for all ranks to join", Descriptors::kNone,
                           wire::bodyLimit(wire::Kind::kTable));
    if (!frame.ok()) {
      if (frame.status().code() != Code::kRemoteError || errors_.raised()) return frame.status();
      return remoteError("the root went away before all ranks had joined");
    }
    if (frame->kind == wire::Kind::kFailure) {
      INCCL_TRY_ASSIGN(const auto failure, wire::decodeBody<wire::Failure>(frame->body));
      return Status(failure.code, failure.sentence);
    }
    if (frame->kind != wire::Kind::kTable)
      return remoteError(
          fmt::format("the root sent an unexpected {} message", wire::name(frame->kind)));
    return wire::decodeBody<wire::Table>(frame->body);
  }

  [[nodiscard]] Result<Membership> toMembership(const wire::Table& table) const {
    Membership membership;
    membership.rank = joining_.rank;
    membership.nonce = joining_.id.nonce;
    membership.communicator = table.communicator;
    membership.hub = fromWire(table.hub);
    for (const wire::Peer& peer : table.peers) {
      if (peer.rank != static_cast<int>(membership.peers.size()))
        return remoteError("the root sent a table that is out of order");
      membership.peers.push_back(fromWire(peer));
    }
    if (membership.peers.size() != static_cast<size_t>(joining_.nRanks))
      return remoteError(fmt::format("the root sent a table of {} ranks instead of {}",
                                     membership.peers.size(), joining_.nRanks));
    const Nanos hubInterval =
        std::max<Nanos>(Nanos{table.heartbeatMs} * kMillisecond, 10 * kMillisecond);
    membership.heartbeatInterval = std::min(heartbeatInterval(joining_.config), hubInterval);
    if (joining_.config.heartbeatFail > 0)
      membership.silenceLimit = std::max(joining_.config.heartbeatFail, 4 * hubInterval);
    return membership;
  }

  ServiceThread& service_;
  const Joining& joining_;
  ErrorState& errors_;
  const OpHistory& history_;
  const os::WaitLimit limit_;
  std::shared_ptr<Doors> doors_;
  bool ownsRoot_ = false;
  std::vector<os::SocketAddress> ownAddresses_;
};

}  // namespace

Result<MemberOwner> meet(ServiceThread& service, const Joining& joining, ErrorState& errors,
                         const OpHistory& history) {
  return Rendezvous(service, joining, errors, history).run();
}

PeerInfo describeSelf(int rank, const Config& config, uint64_t processKey) {
  PeerInfo self;
  self.rank = rank;
  self.host = os::hostName();
  self.hostKey = os::hostKey(config.hostId);
  self.pid = ::getpid();
  self.processKey = processKey;
  self.configHash = config.hash();
  return self;
}

}  // namespace inccl::bootstrap
