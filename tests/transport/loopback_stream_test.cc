// The faulty pipe and the channels over it: every fault does what it says, and
// no fault ever turns into a wrong message.
#include "transport/loopback/loopback_stream.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/seed.h"
#include "transport/message_exchange.h"

namespace inccl::transport::loopback {
namespace {

using test::Verbs;

constexpr size_t kSlotBytes = 4096;
constexpr size_t kHeaderBytes = wire::StreamFrame::kBytes;

std::vector<size_t> randomLengths(std::mt19937_64& random, size_t count) {
  std::vector<size_t> lengths;
  for (size_t i = 0; i < count; ++i) {
    const size_t most = random() % 4 == 0 ? kSlotBytes : 64;
    lengths.push_back(random() % (most + 1));
  }
  return lengths;
}

TEST(LoopbackStream, NoMixOfShortLateAndSkippedMovesChangesAMessage) {
  const auto trials = static_cast<uint64_t>(inccl::test::testTrials(60));
  for (uint64_t trial = 0; trial < trials; ++trial) {
    SCOPED_TRACE(testing::Message()
                 << "INCCL_TEST_SEED=" << inccl::test::testSeed() << " trial " << trial);
    auto random = inccl::test::trialRandom(trial);
    LoopbackFaults faults;
    faults.seed = random();
    faults.shortMoves = static_cast<double>(random() % 10) / 10;
    faults.skippedMoves = static_cast<double>(random() % 8) / 10;
    faults.delayHigh = trial % 3 == 0 ? 2 * kMicrosecond : 0;
    faults.bufferBytes = 1 + random() % 10000;
    auto pair = makePair(faults, kSlotBytes);
    const auto lengths = randomLengths(random, 100);
    test::exchange(*pair.send, *pair.recv, lengths, test::kAllVerbs[trial % 3],
                   test::kAllVerbs[trial / 3 % 3]);
    if (HasFailure()) return;
  }
}

TEST(LoopbackStream, ACutAtEveryByteGivesTheWholeMessagesBeforeItAndThenTheError) {
  const std::vector<size_t> lengths = {23, 40};
  constexpr size_t kFirst = kHeaderBytes + 23, kBoth = kFirst + kHeaderBytes + 40;
  for (const Verbs receiving : test::kAllVerbs) {
    for (uint64_t cut = 0; cut <= kBoth; ++cut) {
      SCOPED_TRACE(testing::Message() << "cut at " << cut);
      LoopbackFaults faults;
      faults.cutAfterBytes = cut;
      faults.shortMoves = cut % 2 == 0 ? 0.7 : 0;
      faults.seed = cut;
      auto pair = makePair(faults, kSlotBytes);
      test::Sender sender(*pair.send, lengths, Verbs::kCopy);
      test::Receiver receiver(*pair.recv, {23, 40, 1}, receiving);
      Progress sent = Progress::kPending, received = Progress::kPending;
      for (int poll = 0; poll < 10000 && received == Progress::kPending; ++poll) {
        if (sent == Progress::kPending) sent = sender.step();
        received = receiver.step();
      }
      for (int poll = 0; poll < 10000 && sent == Progress::kPending; ++poll) sent = sender.step();
      EXPECT_EQ(received, Progress::kBroken);
      EXPECT_EQ(receiver.received(), cut >= kBoth ? 2u : cut >= kFirst ? 1u : 0u);
      EXPECT_EQ(sent, cut >= kBoth ? Progress::kDone : Progress::kBroken);
      const std::string text(pair.recv->failure().message());
      EXPECT_NE(text.find("was cut"), std::string::npos) << text;
      EXPECT_NE(text.find("seed " + std::to_string(cut)), std::string::npos) << text;
      const uint64_t within = cut >= kFirst ? cut - kFirst : cut;
      const bool inHeader = within > 0 && within < kHeaderBytes;
      const bool inPayload = within >= kHeaderBytes && cut < kBoth;
      EXPECT_EQ(text.find("within the header") != std::string::npos, inHeader) << text;
      EXPECT_EQ(text.find(" bytes of a message") != std::string::npos, inPayload) << text;
    }
  }
}

TEST(LoopbackStream, DamageOfTheHeaderIsNoticed) {
  const auto data = test::content(8, 1);
  std::vector<std::byte> into(8);
  for (uint64_t byte = 0; byte < kHeaderBytes; ++byte) {
    SCOPED_TRACE(testing::Message() << "byte " << byte);
    LoopbackFaults faults;
    faults.damagedByte = byte;
    auto pair = makePair(faults, kSlotBytes);
    ASSERT_EQ(pair.send->send(data.data(), 8, test::tagOf(1)), Progress::kDone);
    const Progress verdict = pair.recv->receive(into.data(), 8, test::tagOf(1));
    // Magic, and a length beyond the slot: damaged. A shorter length or another
    // tag: a mismatch.
    if (byte < 4 || (byte > 4 && byte < 8)) {
      EXPECT_EQ(verdict, Progress::kBroken);
      EXPECT_NE(pair.recv->failure().message().find("damaged frame"), std::string_view::npos);
      EXPECT_TRUE(pair.recv->broken());
    } else {
      EXPECT_EQ(verdict, Progress::kMismatch);
    }
  }
}

TEST(LoopbackStream, AStallShowsAsWaitingAndNotAsAnError) {
  LoopbackFaults faults;
  faults.stallAfterBytes = kHeaderBytes + 8 + 5;
  auto pair = makePair(faults, kSlotBytes);
  const auto data = test::content(8, 1);
  std::vector<std::byte> into(8);
  for (uint32_t number = 1; number <= 2; ++number)
    ASSERT_EQ(pair.send->send(data.data(), 8, test::tagOf(number)), Progress::kDone);
  EXPECT_EQ(pair.recv->receive(into.data(), 8, test::tagOf(1)), Progress::kDone);
  for (int poll = 0; poll < 1000; ++poll)
    ASSERT_EQ(pair.recv->receive(into.data(), 8, test::tagOf(2)), Progress::kPending);
  EXPECT_TRUE(pair.recv->failure().ok());
  const auto large = test::content(kSlotBytes, 3);
  Progress verdict = Progress::kDone;
  for (int message = 0; message < 100 && verdict == Progress::kDone; ++message)
    verdict = pair.send->send(large.data(), large.size(), test::tagOf(3));
  EXPECT_EQ(verdict, Progress::kPending) << "once the pipe is full";
}

TEST(LoopbackStream, ADelayPassesWithTheGivenClock) {
  ManualClock clock;
  LoopbackFaults faults;
  faults.delayLow = faults.delayHigh = 5 * kMillisecond;
  faults.clock = &clock;
  auto pair = makePair(faults, kSlotBytes);
  const auto data = test::content(8, 1);
  std::vector<std::byte> into(8);
  ASSERT_EQ(pair.send->send(data.data(), 8, test::tagOf(1)), Progress::kDone);
  clock.advance(3 * kMillisecond);
  ASSERT_EQ(pair.send->send(data.data(), 8, test::tagOf(2)), Progress::kDone);
  EXPECT_EQ(pair.recv->receive(into.data(), 8, test::tagOf(1)), Progress::kPending);
  clock.advance(2 * kMillisecond);
  EXPECT_EQ(pair.recv->receive(into.data(), 8, test::tagOf(1)), Progress::kDone);
  EXPECT_EQ(pair.recv->receive(into.data(), 8, test::tagOf(2)), Progress::kPending);
  clock.advance(3 * kMillisecond);
  EXPECT_EQ(pair.recv->receive(into.data(), 8, test::tagOf(2)), Progress::kDone);
}

TEST(LoopbackStream, TwoSlotsAreTakenWithoutTheReceiver) {
  LoopbackFaults faults;
  faults.bufferBytes = 1;
  auto pair = makePair(faults, kSlotBytes);
  for (uint32_t number = 1; number <= 2; ++number) {
    std::byte* const slot = pair.send->reserve();
    ASSERT_NE(slot, nullptr);
    std::memset(slot, 1, kSlotBytes);
    pair.send->commit(kSlotBytes, test::tagOf(number));
  }
  EXPECT_EQ(pair.send->reserve(), nullptr);
  EXPECT_EQ(pair.send->flush(), Progress::kPending);
}

bool polls(const WaitHandle& handle) {
  pollfd fd{handle.fd, handle.events, 0};
  return os::sys::poll(&fd, 1, 0) == 1;
}

TEST(LoopbackStream, WaitHandlesWakeWhenTheOtherSideMoves) {
  LoopbackFaults faults;
  faults.bufferBytes = 100;
  auto pair = makePair(faults, kSlotBytes);
  const auto data = test::content(300, 1);
  std::vector<std::byte> into(300);
  EXPECT_FALSE(polls(pair.recv->waitHandle()));
  ASSERT_EQ(pair.send->send(data.data(), 300, test::tagOf(1)), Progress::kDone);
  EXPECT_TRUE(polls(pair.recv->waitHandle()));
  EXPECT_FALSE(polls(pair.send->waitHandle())) << "the pipe is full";
  EXPECT_EQ(pair.recv->receive(into.data(), 300, test::tagOf(1)), Progress::kPending);
  EXPECT_TRUE(polls(pair.send->waitHandle()));
  pair.send.reset();
  while (pair.recv->receive(into.data(), 300, test::tagOf(1)) == Progress::kPending) {
  }
  EXPECT_TRUE(polls(pair.recv->waitHandle())) << "the end is news too";
}

TEST(LoopbackStream, AnEndThatGoesIsTheEndForTheOther) {
  const auto data = test::content(8, 1);
  std::vector<std::byte> into(8);
  auto reading = makePair({}, kSlotBytes);
  ASSERT_EQ(reading.send->send(data.data(), 8, test::tagOf(1)), Progress::kDone);
  reading.send.reset();
  EXPECT_EQ(reading.recv->receive(into.data(), 8, test::tagOf(1)), Progress::kDone);
  EXPECT_EQ(reading.recv->receive(into.data(), 8, test::tagOf(2)), Progress::kBroken);
  EXPECT_NE(reading.recv->failure().message().find("closed by the peer"), std::string_view::npos);
  auto writing = makePair({}, kSlotBytes);
  writing.recv.reset();
  EXPECT_EQ(writing.send->send(data.data(), 8, test::tagOf(1)), Progress::kBroken);
}

TEST(LoopbackStream, TheSameSeedGivesTheSameFaults) {
  const auto trace = [](uint64_t seed) {
    LoopbackFaults faults;
    faults.seed = seed;
    faults.shortMoves = faults.skippedMoves = 0.5;
    LoopbackPipe pipe(faults, "pipe");
    std::vector<std::byte> bytes(1000);
    std::vector<ssize_t> moves;
    for (int i = 0; i < 50; ++i) {
      const iovec part{bytes.data(), bytes.size()};
      moves.push_back(pipe.write(&part, 1));
      moves.push_back(pipe.read(&part, 1));
    }
    return moves;
  };
  EXPECT_EQ(trace(7), trace(7));
  EXPECT_NE(trace(7), trace(8));
}

TEST(LoopbackStream, CarriesAStreamBetweenThreads) {
  LoopbackFaults faults;
  faults.seed = inccl::test::testSeed();
  faults.shortMoves = 0.3;
  auto pair = makePair(faults, kSlotBytes);
  std::vector<size_t> lengths;
  for (size_t i = 0; i < 3000; ++i) lengths.push_back(i * 53 % (kSlotBytes + 1));
  const Deadline deadline = Deadline::after(test::kPatience);
  std::thread thread([&] {
    test::Sender sender(*pair.send, lengths, Verbs::kMixed);
    while (sender.step() == Progress::kPending && !deadline.passed()) std::this_thread::yield();
  });
  test::Receiver receiver(*pair.recv, lengths, Verbs::kMixed);
  Progress verdict = Progress::kPending;
  while ((verdict = receiver.step()) == Progress::kPending && !deadline.passed())
    std::this_thread::yield();
  thread.join();
  EXPECT_EQ(verdict, Progress::kDone);
}

}  // namespace
}  // namespace inccl::transport::loopback
