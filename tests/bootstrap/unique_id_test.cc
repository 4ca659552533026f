// The token: there and back, too many addresses, and damage at every byte.
#include "bootstrap/unique_id.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bootstrap/session_fixture.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;

os::SocketAddress v4(const std::string& text) {
  in_addr raw{};
  EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &raw), 1);
  return os::SocketAddress::ipv4(raw, 0);
}
os::SocketAddress v6(const std::string& text, uint32_t scope) {
  in6_addr raw{};
  EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &raw), 1);
  return os::SocketAddress::ipv6(raw, scope, 0);
}

UniqueId sampleId() {
  UniqueId id;
  for (size_t i = 0; i < id.nonce.size(); ++i) id.nonce[i] = static_cast<std::byte>(i * 17);
  id.port = 50123;
  id.addresses = {v4("10.0.0.7"), v6("fd00::2", 0), v6("fe80::9", 3)};
  return id;
}

TEST(UniqueId, ComesBackTheSame) {
  for (const bool rootAtRankZero : {false, true}) {
    for (const bool authenticated : {false, true}) {
      UniqueId id = sampleId();
      id.rootAtRankZero = rootAtRankZero;
      id.authenticated = authenticated;
      const auto back = UniqueId::decode(id.encode());
      ASSERT_TRUE(back.ok()) << back.status().message();
      EXPECT_EQ(back.value().nonce, id.nonce);
      EXPECT_EQ(back.value().port, id.port);
      EXPECT_EQ(back.value().rootAtRankZero, rootAtRankZero);
      EXPECT_EQ(back.value().authenticated, authenticated);
      EXPECT_EQ(back.value().addresses, id.addresses);
    }
  }
}

TEST(UniqueId, KeepsTheFirstAddressesThatFit) {
  UniqueId id = sampleId();
  id.addresses.clear();
  for (int i = 0; i < 40; ++i) id.addresses.push_back(v4(fmt::format("10.0.0.{}", i)));
  const auto many = UniqueId::decode(id.encode());
  ASSERT_TRUE(many.ok());
  EXPECT_EQ(many.value().addresses.size(), 19u);  // 95 bytes of 5
  EXPECT_EQ(many.value().addresses[18], v4("10.0.0.18"));
  id.addresses.clear();
  for (int i = 0; i < 9; ++i) id.addresses.push_back(v6(fmt::format("fe80::{}", i), 1));
  const auto scoped = UniqueId::decode(id.encode());
  ASSERT_TRUE(scoped.ok());
  EXPECT_EQ(scoped.value().addresses.size(), 4u);  // 95 bytes of 21
}

TEST(UniqueId, DamageAtEveryByteIsSeen) {
  const UniqueIdBytes good = sampleId().encode();
  for (size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {1, 0x80, 0xff}) {
      UniqueIdBytes bad = good;
      bad[i] ^= static_cast<std::byte>(flip);
      const auto decoded = UniqueId::decode(bad);
      ASSERT_EQ(decoded.status().code(), Code::kInvalidArgument) << "byte " << i;
    }
  }
}

TEST(UniqueId, ForeignBytesAreRefusedWithAReason) {
  EXPECT_THAT(textOf(UniqueId::decode({}).status()), HasSubstr("not made by this library"));
  UniqueIdBytes damaged = sampleId().encode();
  damaged[40] ^= std::byte{1};
  EXPECT_THAT(textOf(UniqueId::decode(damaged).status()), HasSubstr("damaged"));
  UniqueId empty = sampleId();
  empty.addresses.clear();
  EXPECT_THAT(textOf(UniqueId::decode(empty.encode()).status()), HasSubstr("names no root"));
}

TEST(UniqueId, CreateMakesADifferentOneEachTime) {
  const UniqueId first = createId(), second = createId();
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_TRUE(first.authenticated);
  EXPECT_FALSE(first.rootAtRankZero);
  EXPECT_GT(first.port, 0);
  for (const os::SocketAddress& address : first.addresses) EXPECT_TRUE(address.isLoopback());
  // One port for the whole process.
  EXPECT_EQ(first.port, second.port);
}

TEST(UniqueId, CreateHonoursThePortRange) {
  Config config = loopbackConfig();
  config.portLow = config.portHigh = createId().port;
  // The process's own port lies in the range and is shared.
  const auto id = UniqueId::create(config);
  ASSERT_TRUE(id.ok()) << id.status().message();
  EXPECT_EQ(id.value().port, config.portLow);
  config.interfaceNames = "nosuchinterface";
  EXPECT_EQ(UniqueId::create(config).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace inccl::bootstrap
