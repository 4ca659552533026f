// Ranks connected by pipes: order of opening, faults of a pair, death of a
// rank.
#include "transport/loopback/loopback_transport.h"

#include <gtest/gtest.h>

#include "support/run_ranks.h"
#include "support/seed.h"
#include "transport/message_exchange.h"

namespace inccl::transport::loopback {
namespace {

Deadline soon() { return Deadline::after(test::kPatience); }

TEST(LoopbackTransport, EitherSideMayOpenFirst) {
  const auto network = std::make_shared<LoopbackNetwork>(2);
  LoopbackTransport zero(network, 0), one(network, 1);
  EXPECT_EQ(zero.name(), "loopback");
  auto recv = one.openRecv(0, 3, soon());
  auto send = zero.openSend(1, 3, soon());
  ASSERT_TRUE(send.ok() && recv.ok());
  test::exchange(*send.value(), *recv.value(), {0, 1, 65536, 7}, test::Verbs::kMixed,
                 test::Verbs::kMixed);
}

TEST(LoopbackTransport, RefusesStrangersAndASecondOpening) {
  const auto network = std::make_shared<LoopbackNetwork>(2);
  LoopbackTransport zero(network, 0);
  EXPECT_FALSE(zero.openSend(2, 0, soon()).ok());
  EXPECT_FALSE(zero.openRecv(-1, 0, soon()).ok());
  const auto first = zero.openSend(1, 0, soon());
  EXPECT_TRUE(first.ok());
  EXPECT_NE(zero.openSend(1, 0, soon()).status().message().find("opened twice"),
            std::string_view::npos);
  EXPECT_TRUE(zero.openSend(1, 1, soon()).ok());
}

TEST(LoopbackTransport, EveryRankTalksToEveryOtherThroughFaults) {
  for (const int ranks : {2, 3, 5}) {
    LoopbackFaults faults;
    faults.seed = inccl::test::testSeed();
    faults.shortMoves = 0.5;
    faults.skippedMoves = 0.2;
    faults.bufferBytes = 3000;
    const auto network = std::make_shared<LoopbackNetwork>(ranks, faults, 4096);
    std::vector<size_t> lengths;
    for (size_t i = 0; i < 50; ++i) lengths.push_back(i * 97 % 4097);
    inccl::test::runRanks(ranks, [&](int rank) {
      LoopbackTransport transport(network, rank);
      std::vector<std::unique_ptr<SendChannel>> sends;
      std::vector<std::unique_ptr<RecvChannel>> recvs;
      std::vector<test::Sender> senders;
      std::vector<test::Receiver> receivers;
      for (int peer = 0; peer < ranks; ++peer) {
        if (peer == rank) continue;
        sends.push_back(transport.openSend(peer, 0, soon()).value());
        recvs.push_back(transport.openRecv(peer, 0, soon()).value());
        senders.emplace_back(*sends.back(), lengths, test::Verbs::kMixed);
        receivers.emplace_back(*recvs.back(), lengths, test::Verbs::kCopy);
      }
      bool pending = true;
      while (pending) {
        pending = false;
        for (auto& sender : senders) {
          const Progress verdict = sender.step();
          ASSERT_NE(verdict, Progress::kBroken);
          pending = pending || verdict == Progress::kPending;
        }
        for (auto& receiver : receivers) {
          const Progress verdict = receiver.step();
          // A peer that has everything may already be gone; what it sent still
          // arrives.
          ASSERT_TRUE(verdict == Progress::kDone || verdict == Progress::kPending);
          pending = pending || verdict == Progress::kPending;
        }
        std::this_thread::yield();
      }
    });
  }
}

TEST(LoopbackTransport, ARankThatDiesBreaksItsStreamsAndNoOthers) {
  const auto network = std::make_shared<LoopbackNetwork>(3);
  LoopbackTransport zero(network, 0), one(network, 1), two(network, 2);
  auto fromOne = zero.openRecv(1, 0, soon()).value();
  auto toOne = zero.openSend(1, 0, soon()).value();
  auto fromTwo = zero.openRecv(2, 0, soon()).value();
  auto toZero = two.openSend(0, 0, soon()).value();
  network->disconnect(1);
  const auto data = test::content(8, 1);
  std::vector<std::byte> into(8);
  EXPECT_EQ(fromOne->receive(into.data(), 8, test::tagOf(1)), Progress::kBroken);
  EXPECT_EQ(toOne->send(data.data(), 8, test::tagOf(1)), Progress::kBroken);
  auto late = zero.openRecv(1, 9, soon()).value();
  EXPECT_EQ(late->arrived().data, nullptr);
  EXPECT_TRUE(late->broken());
  EXPECT_NE(late->failure().message().find("from rank 1 to rank 0"), std::string_view::npos);
  EXPECT_EQ(toZero->send(data.data(), 8, test::tagOf(1)), Progress::kDone);
  EXPECT_EQ(fromTwo->receive(into.data(), 8, test::tagOf(1)), Progress::kDone);
}

TEST(LoopbackTransport, FaultsOfOnePairConcernThatPairOnly) {
  const auto network = std::make_shared<LoopbackNetwork>(3);
  LoopbackFaults stalled;
  stalled.stallAfterBytes = 0;
  network->setFaults(1, 0, stalled);
  LoopbackTransport zero(network, 0);
  const auto data = test::content(8, 1);
  std::vector<std::byte> into(8);
  for (const int peer : {1, 2}) {
    LoopbackTransport other(network, peer);
    auto send = other.openSend(0, 0, soon()).value();
    auto recv = zero.openRecv(peer, 0, soon()).value();
    ASSERT_EQ(send->send(data.data(), 8, test::tagOf(1)), Progress::kDone);
    EXPECT_EQ(recv->receive(into.data(), 8, test::tagOf(1)),
              peer == 1 ? Progress::kPending : Progress::kDone);
  }
}

}  // namespace
}  // namespace inccl::transport::loopback
