// Where a process listens: everywhere with a secret, on loopback without, on what is named always.
#include "bootstrap/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace inccl::bootstrap {
namespace {

using os::SocketAddress;

const SocketAddress kLoopback4 = SocketAddress::loopback(AF_INET, 0);
const SocketAddress kLoopback6 = SocketAddress::loopback(AF_INET6, 0);

TEST(ListenScope, WithoutASecretLoopbackOnly) {
  const auto scope = listenScope({}, false);
  ASSERT_TRUE(scope.ok()) << scope.status().message();
  EXPECT_THAT(scope.value().bindTo, ::testing::ElementsAre(kLoopback4, kLoopback6));
  EXPECT_EQ(scope.value().advertised, scope.value().bindTo);
  // Excluding interfaces names none.
  Config config;
  config.interfaceNames = "^docker";
  EXPECT_THAT(listenScope(config, false).value().bindTo,
              ::testing::ElementsAre(kLoopback4, kLoopback6));
}

TEST(ListenScope, WithASecretEverywhere) {
  const auto scope = listenScope({}, true);
  ASSERT_TRUE(scope.ok()) << scope.status().message();
  EXPECT_THAT(scope.value().bindTo, ::testing::ElementsAre(SocketAddress::any(AF_INET, 0),
                                                           SocketAddress::any(AF_INET6, 0)));
  EXPECT_FALSE(scope.value().advertised.empty());
}

TEST(ListenScope, NamedInterfacesAloneWithOrWithoutASecret) {
  Config config;
  config.interfaceNames = "lo";
  for (const bool authenticated : {false, true}) {
    const auto scope = listenScope(config, authenticated);
    ASSERT_TRUE(scope.ok()) << scope.status().message();
    EXPECT_TRUE(std::ranges::all_of(scope.value().bindTo, &SocketAddress::isLoopback));
    EXPECT_EQ(scope.value().advertised, scope.value().bindTo);
  }
  config.interfaceNames = "nosuchif";
  EXPECT_EQ(listenScope(config, true).status().code(), Code::kInvalidArgument);
}

TEST(ListenScope, OneFamilyWhenAskedFor) {
  Config config;
  config.addressFamily = "AF_INET";
  EXPECT_THAT(listenScope(config, false).value().bindTo, ::testing::ElementsAre(kLoopback4));
  config.addressFamily = "AF_INET6";
  EXPECT_THAT(listenScope(config, false).value().bindTo, ::testing::ElementsAre(kLoopback6));
}

SocketAddress at(const char* text, uint16_t port) {
  return SocketAddress::parse(text).value().withPort(port);
}

TEST(DialOrder, PreferredAddressesComeFirstWithThePortThatWasTold) {
  std::vector<wire::Address> told;
  for (const char* text : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
    told.push_back(toWire(at(text, 0), 5000));
  // Not set, told, told twice, not told, and in a family that nobody listens in.
  const std::vector<SocketAddress> preferred{at("10.0.0.2", 0), at("10.0.0.2", 7),
                                             at("192.168.0.9", 0), at("fd00::1", 0)};
  const DialOrder order = dialOrder(told, preferred);
  EXPECT_EQ(order.preferred, 2u);
  EXPECT_THAT(order.addresses, ::testing::ElementsAre(at("10.0.0.2", 5000), at("192.168.0.9", 5000),
                                                      at("10.0.0.1", 5000), at("10.0.0.3", 5000)));
  const DialOrder plain = dialOrder(told, {});
  EXPECT_EQ(plain.preferred, 0u);
  EXPECT_EQ(plain.addresses.size(), 3u);
  EXPECT_TRUE(dialOrder({}, preferred).addresses.empty());
}

TEST(WireAddress, ComesBackTheSame) {
  in6_addr raw = in6addr_loopback;
  for (const auto& address : {kLoopback4, kLoopback6, SocketAddress::ipv6(raw, 7, 0)})
    EXPECT_EQ(fromWire(toWire(address, 5000)), address.withPort(5000));
}

}  // namespace
}  // namespace inccl::bootstrap
