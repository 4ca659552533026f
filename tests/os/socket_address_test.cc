// Addresses as values, and the grammar by which names and interfaces become addresses.
#include "os/socket_address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace inccl::os {
namespace {

using ::testing::HasSubstr;

SocketAddress v4(const char* text, uint16_t port) {
  in_addr raw{};
  EXPECT_EQ(inet_pton(AF_INET, text, &raw), 1);
  return SocketAddress::ipv4(raw, port);
}
SocketAddress v6(const char* text, uint32_t scope, uint16_t port) {
  in6_addr raw{};
  EXPECT_EQ(inet_pton(AF_INET6, text, &raw), 1);
  return SocketAddress::ipv6(raw, scope, port);
}

TEST(SocketAddress, PrintsAsPeopleWriteIt) {
  EXPECT_EQ(v4("10.1.2.3", 80).describe(), "10.1.2.3:80");
  EXPECT_EQ(v6("fd00::2", 0, 5000).describe(), "[fd00::2]:5000");
  EXPECT_EQ(v6("fe80::1", 1, 5000).describe(), "[fe80::1%lo]:5000");
  EXPECT_EQ(v6("fe80::1", 60000, 1).describe(), "[fe80::1%60000]:1");
}

TEST(SocketAddress, ComparesByFamilyHostScopeAndPort) {
  EXPECT_EQ(v4("10.1.2.3", 80), v4("10.1.2.3", 80));
  EXPECT_NE(v4("10.1.2.3", 80), v4("10.1.2.3", 81));
  EXPECT_NE(v4("10.1.2.3", 80), v4("10.1.2.4", 80));
  EXPECT_NE(v6("fe80::1", 1, 80), v6("fe80::1", 2, 80));
  EXPECT_NE(v4("127.0.0.1", 80), v6("::1", 0, 80));
  EXPECT_TRUE(v4("10.1.2.3", 80).sameHost(v4("10.1.2.3", 81)));
  EXPECT_EQ(v4("10.1.2.3", 80).withPort(81), v4("10.1.2.3", 81));
}

TEST(SocketAddress, KnowsLoopbackAndLinkLocal) {
  EXPECT_TRUE(v4("127.0.0.1", 1).isLoopback());
  EXPECT_TRUE(v4("127.9.9.9", 1).isLoopback());
  EXPECT_FALSE(v4("128.0.0.1", 1).isLoopback());
  EXPECT_TRUE(v6("::1", 0, 1).isLoopback());
  EXPECT_FALSE(v6("::2", 0, 1).isLoopback());
  EXPECT_TRUE(v6("fe80::5", 1, 1).isLinkLocal());
  EXPECT_TRUE(v4("169.254.1.1", 1).isLinkLocal());
  EXPECT_FALSE(v4("169.253.1.1", 1).isLinkLocal());
}

TEST(SocketAddress, ParsesNumbersAndNothingElse) {
  EXPECT_EQ(SocketAddress::parse("10.1.2.3").value(), v4("10.1.2.3", 0));
  EXPECT_EQ(SocketAddress::parse("fd00::2").value(), v6("fd00::2", 0, 0));
  for (const char* text : {"", "localhost", "10.1.2", "10.1.2.3:80", "10.1.2.256", "[::1]", "::g",
                           "fe80::1%lo", " 10.1.2.3"})
    EXPECT_EQ(SocketAddress::parse(text).status().code(), Code::kInvalidArgument) << text;
}

TEST(SocketAddress, ShortAndForeignSockaddrsAreRefused) {
  sockaddr_in full{};
  full.sin_family = AF_INET;
  EXPECT_TRUE(SocketAddress::fromSockaddr(reinterpret_cast<sockaddr*>(&full), sizeof full).ok());
  EXPECT_FALSE(SocketAddress::fromSockaddr(reinterpret_cast<sockaddr*>(&full), 8).ok());
  full.sin_family = AF_UNIX;
  EXPECT_FALSE(SocketAddress::fromSockaddr(reinterpret_cast<sockaddr*>(&full), sizeof full).ok());
}

TEST(Resolve, NumericHostsWithAndWithoutPort) {
  EXPECT_THAT(resolve("10.0.0.1", 7).value(), ::testing::ElementsAre(v4("10.0.0.1", 7)));
  EXPECT_THAT(resolve("10.0.0.1:9", 7).value(), ::testing::ElementsAre(v4("10.0.0.1", 9)));
  EXPECT_THAT(resolve("::1", 7).value(), ::testing::ElementsAre(v6("::1", 0, 7)));
  EXPECT_THAT(resolve("[::1]", 7).value(), ::testing::ElementsAre(v6("::1", 0, 7)));
  EXPECT_THAT(resolve("[::1]:65535", 7).value(), ::testing::ElementsAre(v6("::1", 0, 65535)));
}

TEST(Resolve, LocalhostHasALoopbackAddress) {
  const auto addresses = resolve("localhost:1234", 0);
  ASSERT_TRUE(addresses.ok()) << addresses.status().message();
  EXPECT_TRUE(std::ranges::all_of(addresses.value(), &SocketAddress::isLoopback));
  EXPECT_EQ(addresses.value().front().port(), 1234);
}

TEST(Resolve, NonsenseIsRefusedWithAReason) {
  for (const char* text :
       {"", ":5", "host:", "host:0", "host:65536", "host:12x", "[::1", "[::1]5", "host:-1"})
    EXPECT_EQ(resolve(text, 7).status().code(), Code::kInvalidArgument) << text;
  const auto unknown = resolve("no-such-host.invalid:1", 0);
  EXPECT_EQ(unknown.status().code(), Code::kSystemError);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("no-such-host.invalid"));
}

TEST(LocalAddresses, LoopbackWhenNamed) {
  const auto all = localAddresses("lo", AF_UNSPEC);
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_TRUE(std::ranges::all_of(all.value(), &SocketAddress::isLoopback));
  EXPECT_THAT(all.value(), ::testing::Contains(v4("127.0.0.1", 0)));
  const auto exact = localAddresses("=lo", AF_INET);
  ASSERT_TRUE(exact.ok());
  EXPECT_THAT(exact.value(), ::testing::ElementsAre(v4("127.0.0.1", 0)));
}

TEST(LocalAddresses, NamesThatMatchNothingAreAnError) {
  const auto none = localAddresses("nosuchif", AF_UNSPEC);
  EXPECT_EQ(none.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("nosuchif"));
  // A prefix matches more than a whole name.
  EXPECT_TRUE(localAddresses("l", AF_INET).ok());
  EXPECT_FALSE(localAddresses("=l", AF_INET).ok());
  // Second of several names.
  EXPECT_TRUE(localAddresses("nosuchif,lo", AF_INET).ok());
}

TEST(LocalAddresses, UnnamedLeavesLoopbackOutWhereThereIsBetter) {
  const auto all = localAddresses("", AF_UNSPEC);
  ASSERT_TRUE(all.ok()) << all.status().message();
  const bool anyLoopback = std::ranges::any_of(all.value(), &SocketAddress::isLoopback);
  const bool allLoopback = std::ranges::all_of(all.value(), &SocketAddress::isLoopback);
  EXPECT_EQ(anyLoopback, allLoopback);
  const auto without = localAddresses("^lo", AF_UNSPEC);
  if (without.ok()) {
    EXPECT_FALSE(std::ranges::any_of(without.value(), &SocketAddress::isLoopback));
  }
}

}  // namespace
}  // namespace inccl::os
