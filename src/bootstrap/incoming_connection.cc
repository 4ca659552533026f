#include "bootstrap/incoming_connection.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "bootstrap/acceptor.h"
#include "bootstrap/hub.h"
#include "bootstrap/member.h"
#include "bootstrap/service_thread.h"

namespace inccl::bootstrap {
namespace {

Status unexpected(wire::Kind kind) {
  return remoteError(fmt::format("an unexpected {} message", wire::name(kind)));
}

}  // namespace

Result<std::shared_ptr<IncomingConnection>> IncomingConnection::open(ServiceThread& service,
                                                                     std::weak_ptr<Acceptor> door,
                                                                     os::UniqueFd fd) {
  std::shared_ptr<IncomingConnection> self(
      new IncomingConnection(service, std::move(door), std::move(fd)));
  auto& loop = service.loop();
  // Level-triggered: whatever has come already is reported at the next turn of the loop.
  INCCL_TRY_ASSIGN(self->watch_, loop.watch(self->fd_.get(), EPOLLIN,
                                            [raw = self.get()](uint32_t) { raw->onReadable(); }));
  self->timeout_ = loop.runAt(nowNs() + kHandshakeTimeout, [raw = self.get()] {
    raw->drop(timeoutError("the handshake took too long"));
  });
  return self;
}

IncomingConnection::IncomingConnection(ServiceThread& service, std::weak_ptr<Acceptor> door,
                                       os::UniqueFd fd)
    : service_(service), door_(std::move(door)), fd_(std::move(fd)) {}

void IncomingConnection::onReadable() {
  const auto keep = shared_from_this();
  while (fd_.valid()) {
    if (!fill(wire::kHeaderBytes)) return;
    const std::span<const std::byte> bytes(frame_);
    const auto header = wire::decodeHeader(bytes.first<wire::kHeaderBytes>());
    if (!header.ok()) return drop(header.status());
    if (header.value().length > wire::kHandshakeBodyLimit)
      return drop(unexpected(header.value().kind));
    if (!fill(wire::kHeaderBytes + header.value().length)) return;
    const std::vector<std::byte> frame = std::move(frame_);
    frame_.clear();
    onFrame(header.value().kind, std::span(frame).subspan(wire::kHeaderBytes));
  }
}

bool IncomingConnection::fill(size_t bytes) {
  while (frame_.size() < bytes) {
    const size_t before = frame_.size();
    frame_.resize(bytes);
    const ssize_t got = os::sys::recv(fd_.get(), frame_.data() + before, bytes - before, 0);
    const int error = errno;
    frame_.resize(before + static_cast<size_t>(got > 0 ? got : 0));
    if (got > 0 || (got < 0 && error == EINTR)) continue;
    if (got == 0)
      drop(remoteError("closed during the handshake"));
    else if (error != EAGAIN && error != EWOULDBLOCK)
      drop(systemError("handshake: recv", error));
    return false;
  }
  return true;
}

void IncomingConnection::onFrame(wire::Kind kind, std::span<const std::byte> body) {
  Status done;
  switch (expected_) {
    case Expected::kHello:
      done = onHello(kind, body);
      break;
    case Expected::kProof:
      done = onProof(kind, body);
      break;
    case Expected::kRequest:
      done = onRequest(kind, body);
      break;
  }
  if (!done.ok()) drop(done);
}

Status IncomingConnection::onHello(wire::Kind kind, std::span<const std::byte> body) {
  if (kind != wire::Kind::kHello) return unexpected(kind);
  INCCL_TRY_ASSIGN(transcript_.hello, wire::decodeBody<wire::Hello>(body));
  const auto nonce =
      service_.directory().nonceOf(transcript_.hello.purpose, transcript_.hello.target);
  if (!nonce) {
    // A peer that was quicker than this process's own rank comes back; a foreign id does not.
    early_ = transcript_.hello.purpose != wire::Purpose::kControl;
    return reject(wire::RejectReason::kUnknownTarget, "nobody of that name is here");
  }
  nonce_ = *nonce;
  INCCL_TRY_ASSIGN(transcript_.accepting, randomChallenge());
  INCCL_TRY(reply(wire::encodeFrame(wire::Challenge{transcript_.accepting})));
  expected_ = Expected::kProof;
  return {};
}

Status IncomingConnection::onProof(wire::Kind kind, std::span<const std::byte> body) {
  if (kind != wire::Kind::kProof) return unexpected(kind);
  INCCL_TRY_ASSIGN(const wire::Proof proof, wire::decodeBody<wire::Proof>(body));
  if (!isProof(proof.proof, Role::kConnecting, nonce_, transcript_))
    return reject(wire::RejectReason::kWrongProof, "the proof of the secret is wrong");
  expected_ = Expected::kRequest;
  return {};
}

Status IncomingConnection::onRequest(wire::Kind kind, std::span<const std::byte> body) {
  switch (transcript_.hello.purpose) {
    case wire::Purpose::kControl:
      return kind == wire::Kind::kJoin ? onJoin(body) : unexpected(kind);
    case wire::Purpose::kData:
      return kind == wire::Kind::kDataRequest ? onDataRequest(body) : unexpected(kind);
    case wire::Purpose::kDescriptor:
      return kind == wire::Kind::kDescriptorRequest ? onDescriptorRequest(body) : unexpected(kind);
  }
  return unexpected(kind);
}

Status IncomingConnection::onJoin(std::span<const std::byte> body) {
  INCCL_TRY_ASSIGN(const wire::Join join, wire::decodeBody<wire::Join>(body));
  const auto hub = service_.directory().hub(transcript_.hello.target);
  if (!hub) return reject(wire::RejectReason::kUnknownTarget, "the root has closed");
  INCCL_TRY(welcome());
  hub->admit(std::move(fd_), join);
  return {};
}

Status IncomingConnection::onDataRequest(std::span<const std::byte> body) {
  INCCL_TRY_ASSIGN(const auto request, wire::decodeBody<wire::DataRequest>(body));
  const auto member = service_.directory().member(transcript_.hello.target, request.toRank);
  if (!member) return reject(wire::RejectReason::kUnknownTarget, "that rank is not here");
  if (!member->hasPeer(request.fromRank))
    return reject(wire::RejectReason::kRefused, "the communicator has no such rank");
  INCCL_TRY(welcome());
  member->takeData(request.fromRank, request.channel, std::move(fd_));
  return {};
}

Status IncomingConnection::onDescriptorRequest(std::span<const std::byte> body) {
  INCCL_TRY_ASSIGN(const auto request, wire::decodeBody<wire::DescriptorRequest>(body));
  const auto member = service_.directory().member(transcript_.hello.target, request.ofRank);
  if (!member) return reject(wire::RejectReason::kUnknownTarget, "that rank is not here");
  INCCL_TRY(welcome());
  member->takeDescriptorRequest(request.name, std::move(fd_));
  return {};
}

Status IncomingConnection::welcome() {
  INCCL_TRY(reply(wire::encodeFrame(wire::Welcome{prove(Role::kAccepting, nonce_, transcript_)})));
  finish();
  return {};
}

// A handshake's answers fit the empty buffer of a new socket, so one send takes all.
Status IncomingConnection::reply(const std::vector<std::byte>& frame) {
  ssize_t sent = 0;
  do {
    sent = os::sys::send(fd_.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(frame.size())) return {};
  return systemError("handshake: send", sent < 0 ? errno : EIO);
}

Status IncomingConnection::reject(wire::RejectReason reason, std::string sentence) {
  INCCL_TRY(reply(wire::encodeFrame(wire::Reject{reason, sentence})));
  return remoteError(std::move(sentence));
}

void IncomingConnection::drop(const Status& why) {
  const auto keep = shared_from_this();
  if (!early_) service_.countStranger(std::string(why.message()));
  finish();
  // What has come and was not read would turn the close into a reset, which may overtake a reject.
  std::array<std::byte, 1024> rest;
  if (fd_.valid()) (void)os::sys::recv(fd_.get(), rest.data(), rest.size(), 0);
  fd_.reset();
}

void IncomingConnection::finish() {
  stopListening();
  if (const auto door = door_.lock()) door->forget(this);
}

void IncomingConnection::stopListening() {
  service_.loop().unwatch(watch_);
  service_.loop().cancel(timeout_);
}

IncomingConnection::~IncomingConnection() { stopListening(); }

}  // namespace inccl::bootstrap
