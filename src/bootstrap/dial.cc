#include "bootstrap/dial.h"

#include <fmt/format.h>

#include "bootstrap/authentication.h"
#include "bootstrap/frame_io.h"
#include "os/unix_socket.h"

namespace inccl::bootstrap {
namespace {

DialProblem problemOf(wire::RejectReason reason) {
  switch (reason) {
    case wire::RejectReason::kUnknownTarget:
      return DialProblem::kUnknownTarget;
    case wire::RejectReason::kWrongProof:
      return DialProblem::kWrongSecret;
    case wire::RejectReason::kRefused:
      return DialProblem::kRefused;
  }
  return DialProblem::kRefused;
}

// The conversation over one connection. After a failure problem() says what kind it was.
class Handshake {
 public:
  Handshake(int fd, const DialRequest& request, const os::WaitLimit& limit)
      : fd_(fd), request_(request), limit_(limit) {}

  Status run() {
    INCCL_TRY(prepareCryptography());
    Transcript transcript;
    transcript.hello.purpose = request_.purpose;
    transcript.hello.target = request_.target;
    INCCL_TRY_ASSIGN(transcript.hello.challenge, randomChallenge());
    INCCL_TRY(os::sendAll(fd_, wire::encodeFrame(transcript.hello), limit_, request_.what));
    INCCL_TRY_ASSIGN(const auto challenge, expect<wire::Challenge>());
    transcript.accepting = challenge.challenge;
    std::vector<std::byte> answer =
        wire::encodeFrame(wire::Proof{prove(Role::kConnecting, request_.nonce, transcript)});
    answer.insert(answer.end(), request_.frame.begin(), request_.frame.end());
    INCCL_TRY(os::sendAll(fd_, answer, limit_, request_.what));
    INCCL_TRY_ASSIGN(const auto welcome, expect<wire::Welcome>());
    if (isProof(welcome.proof, Role::kAccepting, request_.nonce, transcript)) return {};
    problem_ = DialProblem::kWrongSecret;
    return invalidUsage(fmt::format("{}: the peer does not know the secret", request_.what));
  }
  [[nodiscard]] DialProblem problem() const { return problem_; }

 private:
  template <typename Message>
  Result<Message> expect() {
    INCCL_TRY_ASSIGN(const ReceivedFrame frame, recvFrame(fd_, limit_, request_.what));
    if (frame.kind == Message::kKind) return wire::decodeBody<Message>(frame.body);
    if (frame.kind != wire::Kind::kReject)
      return remoteError(
          fmt::format("{}: an unexpected {} message", request_.what, wire::name(frame.kind)));
    INCCL_TRY_ASSIGN(const auto reject, wire::decodeBody<wire::Reject>(frame.body));
    problem_ = problemOf(reject.reason);
    return invalidUsage(fmt::format("{}: {}", request_.what, reject.sentence));
  }

  int fd_;
  const DialRequest& request_;
  const os::WaitLimit& limit_;
  DialProblem problem_ = DialProblem::kUnreachable;  // unless a better reason is known
};

// Shakes hands over `fd`; the result holds it when that went well.
DialResult shakeHands(os::UniqueFd fd, const DialRequest& request, const os::WaitLimit& limit) {
  const os::WaitLimit own{limit.deadline.earlier(Deadline::after(kHandshakeTimeout)), limit.stop};
  Handshake handshake(fd.get(), request, own);
  Status status = handshake.run();
  if (status.ok()) return {std::move(fd), DialProblem::kNone, {}};
  const Status stopped = limit.check(request.what);
  if (!stopped.ok()) return {{}, DialProblem::kStopped, stopped};
  return {{}, handshake.problem(), std::move(status)};
}

}  // namespace

DialResult dialTcp(const std::vector<os::SocketAddress>& addresses, const DialRequest& request,
                   const os::WaitLimit& limit, size_t preferred) {
  std::vector<os::SocketAddress> left = addresses;
  DialResult last{{}, DialProblem::kUnreachable, remoteError(request.what + ": it has no address")};
  bool answered = false;
  while (!left.empty()) {
    auto connected = os::connectFirst(left, limit, preferred);
    if (!connected.ok()) {
      const Status stopped = limit.check(request.what);
      if (!stopped.ok()) return {{}, DialProblem::kStopped, stopped};
      // What a process said that did answer tells more than who did not.
      if (answered) return last;
      return {{}, DialProblem::kUnreachable, std::move(connected).status().within(request.what)};
    }
    DialResult result = shakeHands(std::move(connected->fd), request, limit);
    result.address = left[connected->candidate];
    if (result.problem == DialProblem::kNone || result.problem == DialProblem::kStopped)
      return result;
    answered = true;
    left.erase(left.begin() + static_cast<ptrdiff_t>(connected->candidate));
    if (connected->candidate < preferred) --preferred;
    last = std::move(result);
  }
  return last;
}

DialResult dialLocal(const std::string& name, const DialRequest& request,
                     const os::WaitLimit& limit) {
  auto fd = os::connectAbstract(name);
  if (!fd.ok()) return {{}, DialProblem::kUnreachable, std::move(fd).status().within(request.what)};
  if (!fd->valid())
    return {{},
            DialProblem::kUnreachable,
            remoteError(fmt::format("{}: nobody listens at '@{}'", request.what, name))};
  const Status sameUser = os::requireSameUser(fd->get());
  if (!sameUser.ok()) return {{}, DialProblem::kRefused, sameUser};
  return shakeHands(std::move(*fd), request, limit);
}

}  // namespace inccl::bootstrap
