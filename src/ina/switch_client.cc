#include "ina/switch_client.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "os/syscalls.h"
#include "wire/aggregation_packet.h"

namespace inccl::ina {
namespace {

constexpr std::string_view kWhat = "the switch's controller";

}  // namespace

Result<std::unique_ptr<SwitchClient>> SwitchClient::connect(const std::string& where,
                                                            const std::string& token,
                                                            const os::WaitLimit& limit) {
  const auto context = fmt::format("switch {}", where);
  auto candidates = os::resolve(where, 0);
  if (!candidates.ok()) return std::move(candidates).status().within(context);
  if (candidates.value().front().port() == 0)
    return invalidArgument(fmt::format("{}: expected host:port", context));
  auto connected = os::connectFirst(candidates.value(), limit);
  if (!connected.ok()) return std::move(connected).status().within(context);
  const int fd = connected.value().fd.get();
  INCCL_TRY(os::setNoDelay(fd));
  INCCL_TRY_ASSIGN(const wire::SealHello mine, wire::SealHello::make());
  const auto hello = mine.encode();
  INCCL_TRY(os::sendAll(fd, hello, limit, kWhat).within(context));
  std::array<std::byte, wire::SealHello::kBytes> theirs;
  INCCL_TRY(os::recvAll(fd, theirs, limit, kWhat).within(context));
  auto decoded = wire::SealHello::decode(theirs);
  if (!decoded.ok()) return std::move(decoded).status().within(context);
  return std::unique_ptr<SwitchClient>(new SwitchClient(
      std::move(connected.value().fd), candidates.value()[connected.value().candidate],
      wire::SealKeys::derive(token, mine, decoded.value())));
}

Result<std::vector<std::byte>> SwitchClient::ask(std::span<const std::byte> request,
                                                 const os::WaitLimit& limit) {
  const auto context = fmt::format("switch {}", address_.describe());
  INCCL_TRY(os::sendAll(fd_.get(), writing_.close(request), limit, kWhat).within(context));
  std::array<std::byte, wire::Seal::kLengthBytes> head;
  Status received = os::recvAll(fd_.get(), head, limit, kWhat);
  if (!received.ok() && received.code() == Code::kRemoteError)
    return remoteError(
        fmt::format("{} closed the connection: is its token another (INCCL_INA_TOKEN)?", context));
  INCCL_TRY(std::move(received).within(context));
  INCCL_TRY_ASSIGN(const size_t length, wire::Seal::length(head));
  std::vector<std::byte> sealed(length);
  INCCL_TRY(os::recvAll(fd_.get(), sealed, limit, kWhat).within(context));
  auto plain = reading_.open(sealed);
  if (!plain.ok()) return std::move(plain).status().within(context);
  return plain;
}

Result<wire::SwitchGrant> SwitchClient::askForGrant(std::span<const std::byte> request,
                                                    const os::WaitLimit& limit) {
  INCCL_TRY_ASSIGN(const auto answer, ask(request, limit));
  INCCL_TRY_ASSIGN(const auto kind, wire::kindOfSwitchMessage(answer));
  if (kind == wire::SwitchMessage::kRefusal) {
    INCCL_TRY_ASSIGN(const auto refusal,
                     wire::decodeSwitchMessage<wire::SwitchRefusal>(answer, "refusal"));
    return remoteError(fmt::format("switch {}: {}", address_.describe(), refusal.reason));
  }
  if (kind != wire::SwitchMessage::kGrant)
    return remoteError(fmt::format("switch {}: an answer to something else", address_.describe()));
  INCCL_TRY_ASSIGN(const auto grant, wire::decodeSwitchMessage<wire::SwitchGrant>(answer, "grant"));
  if (!grant.isPossible())
    return remoteError(fmt::format("switch {}: a grant that cannot be", address_.describe()));
  return grant;
}

Result<wire::SwitchGrant> SwitchClient::join(const wire::JoinSwitch& request,
                                             const os::WaitLimit& limit) {
  if (request.workers.size() > wire::kMostWorkers)
    return invalidUsage(fmt::format("switch {}: {} ranks, a switch sums {} at most",
                                    address_.describe(), request.workers.size(),
                                    wire::kMostWorkers));
  return askForGrant(wire::encodeSwitchMessage(wire::SwitchMessage::kJoin, request), limit);
}

Result<wire::SwitchGrant> SwitchClient::newEpoch(const os::WaitLimit& limit) {
  return askForGrant(wire::encodeSwitchMessage(wire::SwitchMessage::kNewEpoch), limit);
}

Status SwitchClient::attach(uint32_t session, const os::WaitLimit& limit) {
  const wire::AttachSwitch request{session};
  INCCL_TRY_ASSIGN(const auto answer,
                   ask(wire::encodeSwitchMessage(wire::SwitchMessage::kAttach, request), limit));
  INCCL_TRY_ASSIGN(const auto kind, wire::kindOfSwitchMessage(answer));
  if (kind == wire::SwitchMessage::kDone) return {};
  return remoteError(fmt::format("switch {}: it does not know the session that rank 0 was given",
                                 address_.describe()));
}

Result<wire::CounterList> SwitchClient::counters(const os::WaitLimit& limit) {
  INCCL_TRY_ASSIGN(const auto answer,
                   ask(wire::encodeSwitchMessage(wire::SwitchMessage::kCounters), limit));
  INCCL_TRY_ASSIGN(const auto kind, wire::kindOfSwitchMessage(answer));
  if (kind != wire::SwitchMessage::kCounterList)
    return remoteError(fmt::format("switch {}: an answer to something else", address_.describe()));
  return wire::decodeSwitchMessage<wire::CounterList>(answer, "counters");
}

Status SwitchClient::leave(const os::WaitLimit& limit) {
  return ask(wire::encodeSwitchMessage(wire::SwitchMessage::kLeave), limit).status();
}

Result<os::SocketAddress> localAddressTowards(const os::SocketAddress& peer) {
  const os::UniqueFd probe(
      os::sys::socket(peer.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage mine{};
  socklen_t length = sizeof mine;
  if (!probe.valid() || os::sys::connect(probe.get(), peer.raw(), peer.rawLength()) != 0 ||
      os::sys::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&mine), &length) != 0)
    return systemError(fmt::format("no way to {}", peer.describe()), errno);
  INCCL_TRY_ASSIGN(const auto address, os::SocketAddress::fromSockaddr(
                                           reinterpret_cast<const sockaddr*>(&mine), length));
  return address.withPort(0);
}

}  // namespace inccl::ina
