// Ports carry whole datagrams with their sender's address; faults are counted and repeatable.
#include <gtest/gtest.h>

#include <map>

#include "ports/faulty_port.h"
#include "ports/memory/memory_port.h"

namespace inccl::ports {
namespace {

std::vector<std::byte> bytesOf(uint32_t number, size_t length = 8) {
  std::vector<std::byte> bytes(length);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

void sendTo(DatagramPort& from, DatagramPort& to, uint32_t number) {
  const auto bytes = bytesOf(number);
  const OutgoingDatagram datagram{to.address(),
                                  {std::span(bytes).first(3), std::span(bytes).subspan(3), {}}};
  ASSERT_EQ(from.send({&datagram, 1}).value(), 1u);
}

std::vector<uint32_t> receiveAll(DatagramPort& port) {
  std::vector<uint32_t> numbers;
  std::array<IncomingDatagram, 7> batch;
  for (int idle = 0; idle < 2;) {
    const size_t count = port.receive(batch).value();
    idle = count == 0 ? idle + 1 : 0;
    for (size_t i = 0; i < count; ++i) {
      uint32_t number = UINT32_MAX;
      if (batch[i].bytes.size() == 8) std::memcpy(&number, batch[i].bytes.data(), sizeof number);
      numbers.push_back(number);
    }
  }
  return numbers;
}

TEST(MemoryPort, DatagramsArriveWholeInOrderWithTheirSender) {
  const auto network = MemoryNetwork::create();
  const auto a = network->open(), b = network->open();
  for (uint32_t number = 0; number < 20; ++number) sendTo(*a, *b, number);
  IncomingDatagram first;
  ASSERT_EQ(b->receive({&first, 1}).value(), 1u);
  EXPECT_EQ(first.from, a->address());
  EXPECT_EQ(first.bytes.size(), 8u);
  EXPECT_EQ(receiveAll(*b).size(), 19u);
  EXPECT_TRUE(receiveAll(*a).empty());
}

TEST(MemoryPort, NobodyThereIsALossAndTooLargeAnError) {
  const auto network = MemoryNetwork::create(16);
  const auto a = network->open();
  auto gone = network->open();
  const auto address = gone->address();
  gone.reset();
  const auto small = bytesOf(1), large = bytesOf(1, 17);
  const OutgoingDatagram lost{address, {small, {}, {}}}, refused{address, {large, {}, {}}};
  EXPECT_EQ(a->send({&lost, 1}).value(), 1u);
  EXPECT_FALSE(a->send({&refused, 1}).ok());
}

std::pair<std::vector<uint32_t>, FaultCounts> through(const FaultRates& rates, uint64_t seed,
                                                      uint32_t count = 2000) {
  const auto network = MemoryNetwork::create();
  const auto a = network->open();
  FaultyPort b(network->open(), rates, seed);
  for (uint32_t number = 0; number < count; ++number) sendTo(*a, b, number);
  auto numbers = receiveAll(b);
  return {std::move(numbers), b.counts()};
}

TEST(FaultyPort, WithoutFaultsItIsThePort) {
  const auto [numbers, counts] = through({}, 1);
  ASSERT_EQ(numbers.size(), 2000u);
  EXPECT_TRUE(std::ranges::is_sorted(numbers));
  EXPECT_EQ(counts.passed, 2000u);
}

TEST(FaultyPort, LossAndDuplicationAreWhatTheCountsSay) {
  const auto [numbers, counts] = through({.loss = 0.1, .duplication = 0.1}, 2);
  EXPECT_EQ(numbers.size(), 2000 - counts.lost + counts.duplicated);
  EXPECT_NEAR(static_cast<double>(counts.lost), 200, 80);
  EXPECT_NEAR(static_cast<double>(counts.duplicated), 180, 80);
  std::map<uint32_t, int> times;
  for (const uint32_t number : numbers) ++times[number];
  EXPECT_EQ(times.size(), 2000 - counts.lost);
}

TEST(FaultyPort, ReorderedDatagramsAreLateAndNotLost) {
  const auto [numbers, counts] = through({.reordering = 0.2}, 3);
  EXPECT_EQ(numbers.size(), 2000u);
  EXPECT_FALSE(std::ranges::is_sorted(numbers));
  EXPECT_GT(counts.reordered, 300u);
  for (size_t i = 0; i < numbers.size(); ++i)
    EXPECT_LE(std::abs(static_cast<long>(numbers[i]) - static_cast<long>(i)), 16);
}

TEST(FaultyPort, DamageIsOneBitOrALostEnd) {
  const auto [numbers, counts] = through({.corruption = 0.1, .truncation = 0.1}, 4);
  EXPECT_EQ(numbers.size(), 2000u);
  EXPECT_GT(counts.corrupted, 100u);
  EXPECT_EQ(static_cast<uint64_t>(std::ranges::count(numbers, UINT32_MAX)), counts.truncated);
}

TEST(FaultyPort, ABlackoutCutsOnePeerOffInItsDirection) {
  using Direction = Blackout::Direction;
  for (const Direction direction : {Direction::kArriving, Direction::kLeaving, Direction::kBoth}) {
    const auto network = MemoryNetwork::create();
    const auto victim = network->open(), other = network->open();
    FaultyPort port(network->open(), {}, 1);
    port.setBlackout({direction, 2});
    for (uint32_t number = 0; number < 2; ++number) sendTo(*other, port, number);
    for (uint32_t number = 2; number < 5; ++number) sendTo(*victim, port, number);
    sendTo(*other, port, 9);
    const bool hears = direction == Direction::kLeaving, speaks = direction == Direction::kArriving;
    EXPECT_EQ(receiveAll(port),
              hears ? (std::vector<uint32_t>{0, 1, 2, 3, 4, 9}) : (std::vector<uint32_t>{0, 1, 9}));
    const auto bytes = bytesOf(7);
    const std::array<std::span<const std::byte>, 3> pieces = {bytes, {}, {}};
    const std::array<OutgoingDatagram, 4> batch = {{{victim->address(), pieces},
                                                    {other->address(), pieces},
                                                    {victim->address(), pieces},
                                                    {other->address(), pieces}}};
    EXPECT_EQ(port.send(batch).value(), 4u);
    EXPECT_EQ(receiveAll(*victim).size(), speaks ? 2u : 0u);
    EXPECT_EQ(receiveAll(*other).size(), 2u);
    EXPECT_EQ(port.counts().blackedOut, (hears ? 0u : 3u) + (speaks ? 0u : 2u));
  }
}

TEST(FaultyPort, ASeedRepeatsItself) {
  const FaultRates rates{0.05, 0.05, 0.1, 0.05, 0.05};
  EXPECT_EQ(through(rates, 5).first, through(rates, 5).first);
  EXPECT_NE(through(rates, 5).first, through(rates, 6).first);
}

}  // namespace
}  // namespace inccl::ports
