// The caller's half of a session of two or more ranks: checks, waits, connections.
#include "bootstrap/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "bootstrap/dial.h"
#include "bootstrap/endpoints.h"
#include "bootstrap/frame_io.h"
#include "bootstrap/member_owner.h"
#include "bootstrap/rendezvous.h"
#include "bootstrap/service_thread.h"
#include "bootstrap/solo_session.h"

namespace inccl::bootstrap {
namespace {

// A peer may know less than this rank for a moment: it has yet to read the table.
constexpr Nanos kFirstPause = 1 * kMillisecond, kLongestPause = 20 * kMillisecond;

class MemberSession final : public Session {
 public:
  MemberSession(MemberOwner member, ErrorState& errors)
      : member_(std::move(member)), errors_(errors) {}

  [[nodiscard]] int rank() const override { return me().rank; }
  [[nodiscard]] const std::vector<PeerInfo>& peers() const override { return me().peers; }
  [[nodiscard]] std::string communicatorKey() const override {
    std::string key;
    for (const std::byte byte : me().communicator)
      key += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return key;
  }

  Result<std::vector<std::vector<std::byte>>> allGather(const std::vector<std::byte>& mine,
                                                        Deadline deadline) override {
    INCCL_TRY(usable());
    return member_->gather(mine, {deadline, &errors_});
  }

  Result<os::UniqueFd> connectTo(int peer, uint32_t channel, Deadline deadline) override {
    INCCL_TRY(usableWith(peer));
    INCCL_TRY_ASSIGN(const wire::Endpoints endpoints, wire::decodeEndpoints(info(peer).endpoints));
    const DialOrder order = dialOrder(endpoints.addresses, preferredOf(peer));
    DialRequest request = requestTo(peer, wire::Purpose::kData);
    request.frame = wire::encodeFrame(wire::DataRequest{rank(), peer, channel});
    return dialUntil(peer, request, {deadline, &errors_}, [&](const os::WaitLimit& limit) {
      DialResult result =
          dialTcp(order.addresses, request, limit, doubtsPreferred_ ? 0 : order.preferred);
      if (result.problem == DialProblem::kNone) noteWay(peer, order, result.address);
      return result;
    });
  }
  void prefer(std::vector<Addresses> addressesOfRanks) override {
    preferred_ = std::move(addressesOfRanks);
  }

  Result<os::UniqueFd> acceptFrom(int peer, uint32_t channel, Deadline deadline) override {
    INCCL_TRY(usableWith(peer));
    return member_->awaitData(peer, channel, {deadline, &errors_});
  }

  Status offerDescriptor(const std::string& name, int fd) override {
    INCCL_TRY(usable());
    return member_->desk().offer(name, fd);
  }
  void withdrawDescriptor(const std::string& name) override {
    if (!forked()) member_->desk().withdraw(name);
  }

  Result<os::UniqueFd> requestDescriptor(int peer, const std::string& name,
                                         Deadline deadline) override {
    INCCL_TRY(usableWith(peer));
    INCCL_TRY_ASSIGN(const wire::Endpoints endpoints, wire::decodeEndpoints(info(peer).endpoints));
    DialRequest request = requestTo(peer, wire::Purpose::kDescriptor);
    request.frame = wire::encodeFrame(wire::DescriptorRequest{peer, name});
    return dialUntil(peer, request, {deadline, &errors_}, [&](const os::WaitLimit& within) {
      return dialLocal(endpoints.localName, request, within);
    });
  }
  Result<os::UniqueFd> receiveDescriptor(int peer, const std::string& name, int connection,
                                         Deadline deadline) override {
    INCCL_TRY(usableWith(peer));
    const os::WaitLimit limit{deadline, &errors_};
    const std::string what = fmt::format("fetch '{}' of {}", name, info(peer).describe());
    INCCL_TRY_ASSIGN(ReceivedFrame frame,
                     recvFrame(connection, limit, what, Descriptors::kExpected));
    if (frame.kind != wire::Kind::kDescriptorReply || !frame.descriptor.valid())
      return remoteError(what + ": no descriptor came (too many open files?)");
    return std::move(frame.descriptor);
  }

  void reportFailure(const Status& failure, int culprit) override {
    if (!forked()) member_->report(failure, culprit);
  }

  Status explainBrokenPeer(int peer, const std::string& during, Nanos grace) override {
    if (peer < 0) {
      INCCL_TRY(usable());
    } else {
      INCCL_TRY(usableWith(peer));
    }
    const os::WaitLimit limit{Deadline::after(grace), &errors_};
    while (limit.check("explain").ok()) {
      const Status left = peer < 0 ? Status() : member_->whetherLeft(peer);
      if (!left.ok()) return raiseAndReport(left, peer);
      member_->awaitNews(limit);
    }
    if (errors_.raised()) return errors_.status();
    if (peer < 0)
      return raiseAndReport(remoteError(fmt::format("{} lost a connection during {}",
                                                    info(rank()).describe(), during)),
                            peer);
    return raiseAndReport(remoteError(fmt::format("{} closed its connection during {}",
                                                  info(peer).describe(), during)),
                          peer);
  }

  [[nodiscard]] Status whetherLeft(int peer) override {
    INCCL_TRY(usableWith(peer));
    return member_->whetherLeft(peer);
  }
  [[nodiscard]] bool someoneLeft() const override { return member_->someoneLeft(); }

  void reportWaiting(OpTag tag, const OpSignature& signature) override {
    if (!forked()) member_->askOthers(tag, signature);
  }

  void takeNotes(TakeNote take) override {
    if (!forked()) member_->takeNotes(std::move(take));
  }
  void post(int to, std::vector<std::byte> note) override {
    if (!forked()) member_->post(to, std::move(note));
  }

  void leave(uint32_t lastSequence, Nanos linger) override {
    if (!forked()) member_->leave(lastSequence, {Deadline::after(linger), &errors_});
  }

  void abandon() override {
    if (!forked()) member_->abandon();
  }

 private:
  [[nodiscard]] const Membership& me() const { return member_->membership(); }
  [[nodiscard]] const PeerInfo& info(int peer) const {
    return me().peers[static_cast<size_t>(peer)];
  }
  [[nodiscard]] bool forked() const { return member_.forked(); }

  [[nodiscard]] Status usable() const {
    if (forked())
      return invalidUsage(
          fmt::format("this communicator was made by process {}; its forked child {} cannot use it",
                      info(rank()).pid, ::getpid()));
    return errors_.status();
  }
  [[nodiscard]] Status usableWith(int peer) const {
    INCCL_TRY(usable());
    if (member_->hasPeer(peer)) return {};
    return invalidArgument(fmt::format("the communicator has no rank {}", peer));
  }

  [[nodiscard]] DialRequest requestTo(int peer, wire::Purpose purpose) const {
    DialRequest request;
    request.purpose = purpose;
    request.target = me().communicator;
    request.nonce = me().nonce;
    request.what = fmt::format("connect to {}", info(peer).describe());
    return request;
  }

  // A peer whose control channel lives comes to answer; one that does not becomes the error.
  template <typename Dial>
  Result<os::UniqueFd> dialUntil(int peer, const DialRequest& request, const os::WaitLimit& limit,
                                 Dial dial) {
    for (Nanos pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
      INCCL_TRY(member_->whetherLeft(peer));
      DialResult result = dial(limit);
      if (result.problem == DialProblem::kNone) return std::move(result.fd);
      const bool maybeLater = result.problem == DialProblem::kUnreachable ||
                              result.problem == DialProblem::kUnknownTarget;
      if (!maybeLater) return result.why;
      const Status slept = os::sleepFor(pause, limit, request.what);
      if (slept.ok()) continue;
      if (errors_.raised()) return slept;
      return timeoutError(
          fmt::format("{}: not before the deadline: {}", request.what, result.why.message()));
    }
  }

  [[nodiscard]] Addresses preferredOf(int peer) const {
    const auto rank = static_cast<size_t>(peer);
    return rank < preferred_.size() ? preferred_[rank] : Addresses();
  }

  // Traffic that goes elsewhere than it was planned for is worth a word, the first time. Whoever
  // said it may be wrong about all, so nobody is waited for any more.
  void noteWay(int peer, const DialOrder& order, const os::SocketAddress& taken) {
    if (order.preferred == 0 || taken == order.addresses.front()) return;
    if (doubtsPreferred_.exchange(true)) return;
    logWarn("{}: connected by {}, not by {} as the topology says", info(peer).describe(),
            taken.describe(), order.addresses.front().describe());
  }

  Status raiseAndReport(const Status& failure, int culprit) {
    if (errors_.raise(failure)) member_->report(failure, culprit);
    return errors_.status();
  }

  MemberOwner member_;
  ErrorState& errors_;
  std::vector<Addresses> preferred_;  // by rank; empty: nothing was said
  std::atomic<bool> doubtsPreferred_{false};
};

}  // namespace

Result<std::unique_ptr<Session>> Session::join(const UniqueId& id, int nRanks, int rank,
                                               const Config& config, ErrorState& errors,
                                               const OpHistory& history) {
  if (nRanks < 1 || nRanks > static_cast<int>(wire::kRankLimit))
    return invalidArgument(
        fmt::format("{} is no number of ranks from 1 to {}", nRanks, wire::kRankLimit));
  if (rank < 0 || rank >= nRanks)
    return invalidArgument(fmt::format("rank {} is not one of {} ranks", rank, nRanks));
  INCCL_TRY(errors.status());
  if (nRanks == 1) return joinAlone(id, config);
  INCCL_TRY_ASSIGN(ServiceThread * service, ServiceThread::get());
  INCCL_TRY_ASSIGN(MemberOwner member, meet(*service, {id, nRanks, rank, config}, errors, history));
  return std::unique_ptr<Session>(new MemberSession(std::move(member), errors));
}

}  // namespace inccl::bootstrap
