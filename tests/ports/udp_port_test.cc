// Datagrams through sockets: whole, with their sender, in batches, with and without segmentation.
#include "ports/udp/udp_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <random>

#include "support/fail_nth_call.h"

namespace inccl::ports {
namespace {

using ::testing::HasSubstr;

struct Pair {
  explicit Pair(bool segmentation = true, int family = AF_INET) {
    const auto open = [&] {
      return UdpPort::open(os::SocketAddress::loopback(family, 0), {.segmentation = segmentation});
    };
    a = std::move(open()).value();
    b = std::move(open()).value();
  }
  std::unique_ptr<UdpPort> a, b;
};

// Everything that arrives until nothing has for 200 ms.
std::vector<std::vector<std::byte>> receiveAll(UdpPort& port, const os::SocketAddress& from,
                                               size_t atOnce = 7) {
  std::vector<std::vector<std::byte>> all;
  std::vector<IncomingDatagram> batch(atOnce);
  pollfd waiting{port.waitDescriptor(), POLLIN, 0};
  for (bool more = true; more;) {
    const size_t count = port.receive(batch).value();
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(batch[i].from, from);
      all.emplace_back(batch[i].bytes.begin(), batch[i].bytes.end());
    }
    more = count > 0 || ::poll(&waiting, 1, 200) > 0;
  }
  return all;
}

class UdpPorts : public testing::TestWithParam<std::tuple<bool, int>> {};

TEST_P(UdpPorts, EverySizeArrivesWholeAndInOrder) {
  const auto [segmentation, family] = GetParam();
  const Pair pair(segmentation, family);
  std::mt19937_64 random(1);
  std::vector<std::vector<std::byte>> sent;
  for (const size_t bytes :
       {1, 28, 284, 1052, 8220, 284, 284, 284, 284, 100, 284, 1052, 1052, 1052, 2, 9000})
    for (int copy = 0; copy < 3; ++copy) {
      auto& datagram = sent.emplace_back(bytes);
      for (std::byte& byte : datagram) byte = static_cast<std::byte>(random());
    }
  std::vector<OutgoingDatagram> batch;
  for (const auto& datagram : sent) {
    const size_t head = std::min<size_t>(datagram.size(), 28);
    const size_t tail = datagram.size() > 40 ? 2 : 0;
    const std::span<const std::byte> all(datagram);
    batch.push_back(
        {pair.b->address(),
         {all.first(head), all.subspan(head, all.size() - head - tail), all.last(tail)}});
  }
  ASSERT_EQ(pair.a->send(batch).value(), batch.size());
  EXPECT_EQ(receiveAll(*pair.b, pair.a->address()), sent);
}

INSTANTIATE_TEST_SUITE_P(All, UdpPorts,
                         testing::Combine(testing::Bool(), testing::Values(AF_INET, AF_INET6)));

TEST(UdpPort, ManyReceiversOfOnePacket) {
  const Pair pair, other;
  const std::vector<std::byte> packet(300, std::byte{9});
  std::vector<OutgoingDatagram> batch;
  for (int i = 0; i < 100; ++i) {
    batch.push_back({pair.b->address(), {packet, {}, {}}});
    batch.push_back({other.b->address(), {packet, {}, {}}});
  }
  ASSERT_EQ(pair.a->send(batch).value(), 200u);
  EXPECT_EQ(receiveAll(*pair.b, pair.a->address()).size(), 100u);
  EXPECT_EQ(receiveAll(*other.b, pair.a->address()).size(), 100u);
}

// Each call that can fail does once: the port is not there with a reason, or works all the same.
TEST(UdpPort, EveryFailingCallIsAnErrorOrDoneWithout) {
  const uint64_t failed = test::forEachFailingCall({.errorNumber = ENOMEM}, [](uint64_t) {
    auto a = UdpPort::open(os::SocketAddress::loopback(AF_INET, 0), {});
    auto b = UdpPort::open(os::SocketAddress::loopback(AF_INET, 0), {});
    if (!a.ok() || !b.ok()) {
      EXPECT_FALSE((a.ok() ? b : a).status().message().empty());
      return;
    }
    const std::vector<std::byte> packet(100);
    const std::vector<OutgoingDatagram> batch(3, {b.value()->address(), {packet, {}, {}}});
    const auto sent = a.value()->send(batch);
    std::array<IncomingDatagram, 8> arrived;
    const auto received = b.value()->receive(arrived);
    EXPECT_TRUE(!sent.ok() || sent.value() == 3);
    EXPECT_TRUE(!sent.ok() || !received.ok() || received.value() == 3);
  });
  EXPECT_GE(failed, 10u);
}

// An interface that cannot cut what is larger than its packets: one by one, then.
TEST(UdpPort, ARefusedSegmentationIsDoneWithout) {
  for (const int error : {EINVAL, EIO}) {
    const Pair pair;
    const std::vector<std::byte> packet(500, std::byte{3});
    const std::vector<OutgoingDatagram> batch(5, {pair.b->address(), {packet, {}, {}}});
    {
      const test::FailNthCall failing({.n = 1, .errorNumber = error, .only = "sendmmsg"});
      EXPECT_EQ(pair.a->send(batch).value(), 5u);
    }
    EXPECT_EQ(pair.a->send(batch).value(), 5u);
    EXPECT_EQ(receiveAll(*pair.b, pair.a->address()).size(), 10u);
  }
}

TEST(UdpPort, NobodyThereIsALoss) {
  Pair pair;
  const auto gone = pair.b->address();
  pair.b.reset();
  const std::vector<std::byte> packet(1000);
  const std::vector<OutgoingDatagram> batch(40, {gone, {packet, {}, {}}});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(pair.a->send(batch).ok());
  std::array<IncomingDatagram, 4> arrived;
  EXPECT_EQ(pair.a->receive(arrived).value(), 0u);
}

// One address that nothing can be sent to does not hold up what goes to others.
TEST(UdpPort, AnAddressThatCannotBeIsALoss) {
  const Pair pair;
  in_addr everybody{};
  everybody.s_addr = INADDR_BROADCAST;
  const std::vector<std::byte> packet(100, std::byte{5});
  std::vector<OutgoingDatagram> batch;
  for (const auto& nowhere :
       {os::SocketAddress::loopback(AF_INET6, 9), os::SocketAddress::loopback(AF_INET, 0),
        os::SocketAddress::ipv4(everybody, 9)}) {
    batch.push_back({nowhere, {packet, {}, {}}});
    batch.push_back({pair.b->address(), {packet, {}, {}}});
  }
  const auto sent = pair.a->send(batch);
  ASSERT_TRUE(sent.ok()) << sent.status().message();
  EXPECT_EQ(sent.value(), batch.size());
  EXPECT_EQ(receiveAll(*pair.b, pair.a->address()).size(), 3u);
}

TEST(UdpPort, WhatCannotBeIsAnErrorThatSaysWhatAndWhere) {
  const Pair pair;
  const auto taken = UdpPort::open(pair.a->address(), {});
  ASSERT_FALSE(taken.ok());
  EXPECT_THAT(std::string(taken.status().message()), HasSubstr(pair.a->address().describe()));
  const std::vector<std::byte> huge(65001);
  const OutgoingDatagram datagram{pair.b->address(), {huge, {}, {}}};
  EXPECT_FALSE(pair.a->send({&datagram, 1}).ok());
}

}  // namespace
}  // namespace inccl::ports
