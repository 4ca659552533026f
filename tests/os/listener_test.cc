// One port on several addresses: free ports, ranges, taken ports, missing families.
#include "os/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "os/stream_socket.h"
#include "support/fail_nth_call.h"

namespace inccl::os {
namespace {

using ::testing::HasSubstr;

const std::array kBoth = {SocketAddress::loopback(AF_INET, 0),
                          SocketAddress::loopback(AF_INET6, 0)};
const std::array kIpv4 = {SocketAddress::loopback(AF_INET, 0)};

TEST(Listener, BothFamiliesShareOnePort) {
  auto listener = Listener::open(kBoth, 0, 0);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  EXPECT_GT(listener->port(), 0);
  ASSERT_FALSE(listener->sockets().empty());
  size_t reached = 0;
  for (const SocketAddress& address : kBoth) {
    const std::array one = {address.withPort(listener->port())};
    if (connectFirst(one, {Deadline::after(kSecond)}).ok()) ++reached;
  }
  EXPECT_EQ(reached, listener->sockets().size());
  auto accepted = acceptStream(listener->sockets()[0].get());
  ASSERT_TRUE(accepted.ok());
  EXPECT_TRUE(accepted->valid());
  auto none = acceptStream(listener->sockets()[0].get());
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->valid());
}

TEST(Listener, ARangeIsUsedUpThenRefused) {
  auto first = Listener::open(kIpv4, 0, 0);
  ASSERT_TRUE(first.ok());
  const uint16_t port = first->port();
  const auto again = Listener::open(kIpv4, port, port);
  EXPECT_EQ(again.status().code(), Code::kSystemError);
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("is in use"));
  // One of two: the other one is found, wherever the search starts.
  const uint16_t low = port == 65535 ? 65534 : port;
  auto second = Listener::open(kIpv4, low, static_cast<uint16_t>(low + 1));
  EXPECT_TRUE(!second.ok() || second->port() != port);
  const auto full = Listener::open(kIpv4, low, static_cast<uint16_t>(low + 1));
  EXPECT_THAT(std::string(full.status().message()), HasSubstr("all ports of the range"));
}

TEST(Listener, AMissingFamilyIsLeftOut) {
  test::FailNthCall noIpv6({.n = 2, .errorNumber = EAFNOSUPPORT, .only = "socket"});
  auto listener = Listener::open(kBoth, 0, 0);
  ASSERT_TRUE(listener.ok()) << listener.status().message();
  EXPECT_EQ(listener->sockets().size(), 1u);
}

TEST(Listener, NothingToBindIsAnError) {
  EXPECT_EQ(Listener::open({}, 0, 0).status().code(), Code::kInvalidArgument);
  test::FailNthCall none({.n = 1, .errorNumber = EMFILE, .only = "socket", .andAllLater = true});
  const auto listener = Listener::open(kBoth, 0, 0);
  EXPECT_THAT(std::string(listener.status().message()), HasSubstr("Too many open files"));
}

TEST(Listener, EveryFailingCallIsAnErrorOrAFallback) {
  test::forEachFailingCall({}, [](uint64_t) {
    auto listener = Listener::open(kBoth, 0, 0);
    if (listener.ok()) {
      EXPECT_GE(listener->sockets().size(), 1u);
      EXPECT_GT(listener->port(), 0);
    } else {
      EXPECT_FALSE(listener.status().message().empty());
    }
  });
}

TEST(Listener, AGivenUpConnectionIsSkipped) {
  auto listener = Listener::open(kIpv4, 0, 0);
  ASSERT_TRUE(listener.ok());
  const std::array one = {kIpv4[0].withPort(listener->port())};
  const auto connected = connectFirst(one, {Deadline::after(kSecond)});
  ASSERT_TRUE(connected.ok());
  test::FailNthCall aborted({.n = 1, .errorNumber = ECONNABORTED, .only = "accept4"});
  auto accepted = acceptStream(listener->sockets()[0].get());
  ASSERT_TRUE(accepted.ok());
  EXPECT_TRUE(accepted->valid());
}

}  // namespace
}  // namespace inccl::os
