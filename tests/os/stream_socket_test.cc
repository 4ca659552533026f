// Waits that end: by data, by deadline, by a raised error; and the race for the first address.
#include "os/stream_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "os/listener.h"
#include "os/thread.h"
#include "support/fail_nth_call.h"

namespace inccl::os {
namespace {

using ::testing::HasSubstr;

WaitLimit within(Nanos duration, const ErrorState* stop = nullptr) {
  return {Deadline::after(duration), stop};
}

struct Pair {
  UniqueFd left, right;
};
Pair makePair() {
  int fds[2];
  EXPECT_EQ(sys::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

TEST(StreamSocket, MoreThanTheBufferHoldsGoesThrough) {
  Pair pair = makePair();
  std::vector<std::byte> sent(3'000'001);
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i * 7);
  std::vector<std::byte> got(sent.size());
  Status received;
  auto thread = Thread::start("receiver", [&] {
    received = recvAll(pair.right.get(), got, within(10 * kSecond), "receive");
  });
  ASSERT_TRUE(thread.ok());
  ASSERT_TRUE(sendAll(pair.left.get(), sent, within(10 * kSecond), "send").ok());
  thread.value().join();
  ASSERT_TRUE(received.ok()) << received.message();
  EXPECT_EQ(got, sent);
}

TEST(StreamSocket, NothingIsAFinishedTransfer) {
  Pair pair = makePair();
  EXPECT_TRUE(sendAll(pair.left.get(), {}, within(0), "send").ok());
  EXPECT_TRUE(recvAll(pair.left.get(), {}, within(0), "receive").ok());
}

TEST(StreamSocket, DeadlineEndsBothDirections) {
  Pair pair = makePair();
  std::vector<std::byte> bytes(4 << 20);
  const Status received =
      recvAll(pair.right.get(), std::span(bytes).first(1), within(30 * kMillisecond), "wait for x");
  EXPECT_EQ(received.code(), Code::kTimeout);
  EXPECT_THAT(std::string(received.message()), HasSubstr("wait for x"));
  EXPECT_EQ(sendAll(pair.left.get(), bytes, within(30 * kMillisecond), "send").code(),
            Code::kTimeout);
}

TEST(StreamSocket, ARaisedErrorEndsTheWaitSoon) {
  Pair pair = makePair();
  ErrorState errors;
  Nanos raisedAt = 0;
  auto thread = Thread::start("raiser", [&] {
    (void)sys::poll(nullptr, 0, 30);
    raisedAt = nowNs();
    EXPECT_TRUE(errors.raise(Status(Code::kAborted, "aborted")));
  });
  ASSERT_TRUE(thread.ok());
  std::array<std::byte, 1> byte;
  const Status received = recvAll(pair.right.get(), byte, within(10 * kSecond, &errors), "receive");
  const Nanos ended = nowNs();
  thread.value().join();
  EXPECT_EQ(received.code(), Code::kAborted);
  // Two slices: this machine may be busy, but nobody waited for the deadline.
  EXPECT_LT(ended - raisedAt, kSecond);
}

TEST(StreamSocket, AClosedPeerIsARemoteError) {
  Pair pair = makePair();
  std::array<std::byte, 4> bytes{};
  ASSERT_TRUE(sendAll(pair.left.get(), std::span(bytes).first(2), within(kSecond), "send").ok());
  pair.left.reset();
  EXPECT_EQ(recvAll(pair.right.get(), bytes, within(kSecond), "receive").code(),
            Code::kRemoteError);
  EXPECT_EQ(sendAll(pair.right.get(), bytes, within(kSecond), "send").code(), Code::kRemoteError);
}

TEST(StreamSocket, SleepEndsWithItsLimit) {
  ErrorState errors;
  EXPECT_TRUE(sleepFor(5 * kMillisecond, within(kSecond, &errors), "sleep").ok());
  EXPECT_EQ(sleepFor(kSecond, within(5 * kMillisecond), "sleep").code(), Code::kTimeout);
  EXPECT_TRUE(errors.raise(Status(Code::kAborted, "aborted")));
  EXPECT_EQ(sleepFor(kSecond, within(kSecond, &errors), "sleep").code(), Code::kAborted);
}

Listener listenOnLoopback() {
  const std::array addresses = {SocketAddress::loopback(AF_INET, 0)};
  auto listener = Listener::open(addresses, 0, 0);
  EXPECT_TRUE(listener.ok()) << listener.status().message();
  return std::move(*listener);
}

// A port of this machine that nobody listens on.
SocketAddress closedAddress() {
  const Listener brief = listenOnLoopback();
  return SocketAddress::loopback(AF_INET, brief.port());
}

TEST(ConnectRace, TheOneThatAnswersWins) {
  const Listener listener = listenOnLoopback();
  const std::array addresses = {closedAddress(), closedAddress(),
                                SocketAddress::loopback(AF_INET, listener.port()),
                                SocketAddress::loopback(AF_INET6, 1)};
  auto connected = connectFirst(addresses, within(10 * kSecond));
  ASSERT_TRUE(connected.ok()) << connected.status().message();
  EXPECT_EQ(connected->candidate, 2u);
  auto accepting = acceptStream(listener.sockets()[0].get());
  ASSERT_TRUE(accepting.ok() && accepting->valid());
  const UniqueFd accepted = std::move(*accepting);
  std::array<std::byte, 3> bytes = {std::byte{1}, std::byte{2}, std::byte{3}}, got{};
  ASSERT_TRUE(sendAll(connected->fd.get(), bytes, within(kSecond), "send").ok());
  ASSERT_TRUE(recvAll(accepted.get(), got, within(kSecond), "receive").ok());
  EXPECT_EQ(got, bytes);
}

TEST(ConnectRace, AllRefusalsAreListed) {
  const std::array addresses = {closedAddress(), closedAddress()};
  const auto connected = connectFirst(addresses, within(10 * kSecond));
  ASSERT_FALSE(connected.ok());
  const std::string message(connected.status().message());
  for (const SocketAddress& address : addresses)
    EXPECT_THAT(message, HasSubstr(address.describe() + ": connect: Connection refused"));
}

// A full backlog that drops the SYN stands for an address that does not answer: the race must not
// wait for it.
TEST(ConnectRace, ASilentAddressDoesNotHoldUpTheNext) {
  UniqueFd silent(sys::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = SocketAddress::loopback(AF_INET, 0);
  ASSERT_EQ(sys::bind(silent.get(), any.raw(), any.rawLength()), 0);
  ASSERT_EQ(sys::listen(silent.get(), 0), 0);
  sockaddr_in bound{};
  socklen_t length = sizeof bound;
  ASSERT_EQ(sys::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
  const SocketAddress silentAddress = SocketAddress::loopback(AF_INET, ntohs(bound.sin_port));
  std::vector<Connected> fillers;
  const std::array only = {silentAddress};
  for (int i = 0; i < 64; ++i) {
    auto filler = connectFirst(only, within(100 * kMillisecond));
    if (!filler.ok()) break;
    fillers.push_back(std::move(*filler));
  }
  ASSERT_EQ(connectFirst(only, within(50 * kMillisecond)).status().code(), Code::kTimeout);

  const Listener listener = listenOnLoopback();
  const std::array addresses = {silentAddress, SocketAddress::loopback(AF_INET, listener.port())};
  const Nanos start = nowNs();
  const auto connected = connectFirst(addresses, within(10 * kSecond));
  ASSERT_TRUE(connected.ok()) << connected.status().message();
  EXPECT_EQ(connected.value().candidate, 1u);
  EXPECT_LT(nowNs() - start, 5 * kSecond);

  // Preferred, it is waited for, but not for ever.
  const Nanos again = nowNs();
  const auto patient = connectFirst(addresses, within(10 * kSecond), 1);
  ASSERT_TRUE(patient.ok()) << patient.status().message();
  EXPECT_EQ(patient.value().candidate, 1u);
  EXPECT_GE(nowNs() - again, kPreferredHeadStart);
}

TEST(ConnectRace, APreferredAddressThatRefusesCostsNoTime) {
  const Listener listener = listenOnLoopback();
  const std::array addresses = {closedAddress(), SocketAddress::loopback(AF_INET, listener.port())};
  const Nanos start = nowNs();
  const auto connected = connectFirst(addresses, within(10 * kSecond), 1);
  ASSERT_TRUE(connected.ok()) << connected.status().message();
  EXPECT_EQ(connected.value().candidate, 1u);
  EXPECT_LT(nowNs() - start, kPreferredHeadStart);
}

TEST(ConnectRace, NoAddressIsRefused) {
  EXPECT_EQ(connectFirst({}, within(kSecond)).status().code(), Code::kInvalidArgument);
}

TEST(ConnectRace, EveryFailingCallIsAnErrorOrIsRacedAround) {
  const Listener listener = listenOnLoopback();
  const std::array addresses = {SocketAddress::loopback(AF_INET, listener.port()),
                                SocketAddress::loopback(AF_INET, listener.port())};
  int succeeded = 0;
  const uint64_t walked = test::forEachFailingCall({}, [&](uint64_t) {
    const auto connected = connectFirst(addresses, within(5 * kSecond));
    if (connected.ok()) ++succeeded;
    EXPECT_NE(connected.ok(), !connected.status().message().empty());
  });
  EXPECT_GE(walked, 3u);    // socket, connect, setsockopt at least
  EXPECT_GE(succeeded, 2);  // a failed socket or connect leaves the other address
}

}  // namespace
}  // namespace inccl::os
