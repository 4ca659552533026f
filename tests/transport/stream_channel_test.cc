// Channels over streams: every length, both ways of sending and receiving, faults, cuts, damage.
#include "transport/stream_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "transport/loopback/loopback_stream.h"
#include "transport/tcp/tcp_transport.h"

namespace inccl::transport {
namespace {

constexpr size_t kSlotBytes = 4096;

std::vector<std::byte> pattern(size_t bytes, uint32_t salt) {
  std::vector<std::byte> data(bytes);
  for (size_t i = 0; i < bytes; ++i)
    data[i] = static_cast<std::byte>((i * 131 + salt * 7 + (i >> 8)) & 0xff);
  return data;
}

loopback::LoopbackPair socketPair(size_t slotBytes = kSlotBytes, int bufferBytes = 0) {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  if (bufferBytes > 0)
    ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bufferBytes, sizeof bufferBytes);
  return {std::make_unique<StreamSendChannel>(
              std::make_unique<tcp::SocketStream>(os::UniqueFd(fds[0])), slotBytes),
          std::make_unique<StreamRecvChannel>(
              std::make_unique<tcp::SocketStream>(os::UniqueFd(fds[1])), slotBytes)};
}

// Sends and receives messages of all `lengths`, mixing the ways by `mix`; gives up after many
// polls.
void exchange(loopback::LoopbackPair& pair, const std::vector<size_t>& lengths, uint32_t mix) {
  size_t sent = 0, received = 0;
  std::vector<std::byte> into(kSlotBytes);
  for (int poll = 0; poll < 2000000 && received < lengths.size(); ++poll) {
    if (sent < lengths.size()) {
      const auto number = static_cast<uint32_t>(sent + 1);
      const auto data = pattern(lengths[sent], number);
      if ((sent + mix) % 2 == 0) {
        const Progress verdict = pair.send->send(data.data(), data.size(), OpTag(number, mix));
        ASSERT_NE(verdict, Progress::kBroken);
        if (verdict == Progress::kDone) ++sent;
      } else if (std::byte* const slot = pair.send->reserve()) {
        if (!data.empty()) std::memcpy(slot, data.data(), data.size());
        pair.send->commit(data.size(), OpTag(number, mix));
        ++sent;
      }
    } else {
      ASSERT_NE(pair.send->flush(), Progress::kBroken);
    }
    const auto number = static_cast<uint32_t>(received + 1);
    const auto expected = pattern(lengths[received], number);
    if ((received / 2 + mix) % 2 == 0) {
      const Progress verdict = pair.recv->receive(into.data(), expected.size(), OpTag(number, mix));
      ASSERT_TRUE(verdict == Progress::kDone || verdict == Progress::kPending);
      if (verdict == Progress::kPending) continue;
    } else {
      const Arrival arrival = pair.recv->arrived();
      if (!arrival.data) continue;
      ASSERT_EQ(arrival.bytes, expected.size());
      ASSERT_EQ(arrival.tag, OpTag(number, mix));
      if (arrival.bytes > 0) std::memcpy(into.data(), arrival.data, arrival.bytes);
      pair.recv->release();
    }
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), into.begin()))
        << "message " << received;
    ++received;
  }
  EXPECT_EQ(received, lengths.size());
}

const std::vector<size_t>& lengths() {
  static const std::vector<size_t> all = [] {
    std::vector<size_t> list = {0,          1, 7, 8,          55,         1000, kSlotBytes - 1,
                                kSlotBytes, 0, 3, kSlotBytes, kSlotBytes, 1};
    for (size_t i = 0; i < 200; ++i) list.push_back(i * 37 % (kSlotBytes + 1));
    return list;
  }();
  return all;
}

TEST(StreamChannel, CarriesEveryLengthOverSockets) {
  for (const uint32_t mix : {0u, 1u}) {
    auto pair = socketPair();
    exchange(pair, lengths(), mix);
    auto narrow = socketPair(kSlotBytes, 2048);
    exchange(narrow, lengths(), mix);
  }
}

TEST(StreamChannel, SurvivesShortAndLateMoves) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    loopback::LoopbackFaults faults;
    faults.seed = seed;
    faults.shortMoves = 0.5;
    faults.skippedMoves = 0.3;
    faults.bufferBytes = 64 + seed * 100;
    auto pair = loopback::makePair(faults, kSlotBytes);
    exchange(pair, lengths(), static_cast<uint32_t>(seed));
  }
}

TEST(StreamChannel, TwoMessagesMayBeUnderWayWhateverTheStreamTakes) {
  loopback::LoopbackFaults faults;
  faults.bufferBytes = 1;  // the stream takes nothing to speak of
  auto pair = loopback::makePair(faults, kSlotBytes);
  const auto data = pattern(kSlotBytes, 1);
  EXPECT_EQ(pair.send->send(data.data(), data.size(), OpTag(1, 1)), Progress::kDone);
  EXPECT_EQ(pair.send->send(data.data(), data.size(), OpTag(1, 1)), Progress::kDone);
  EXPECT_EQ(pair.send->send(data.data(), data.size(), OpTag(1, 1)), Progress::kPending);
  EXPECT_EQ(pair.send->flush(), Progress::kPending);
}

TEST(StreamChannel, AMismatchLeavesTheMessageWhereItIs) {
  auto pair = socketPair();
  const auto data = pattern(100, 1);
  std::vector<std::byte> into(100);
  ASSERT_EQ(pair.send->send(data.data(), data.size(), OpTag(5, 1)), Progress::kDone);
  EXPECT_EQ(pair.recv->receive(into.data(), 100, OpTag(5, 2)), Progress::kMismatch);
  EXPECT_EQ(pair.recv->receive(into.data(), 99, OpTag(5, 1)), Progress::kMismatch);
  EXPECT_EQ(pair.recv->receive(into.data(), 100, OpTag(5, 1)), Progress::kDone);
  EXPECT_EQ(into, data);
}

TEST(StreamChannel, ACutAtAnyByteIsAnErrorAndNeverAMessage) {
  constexpr size_t kBytes = 20;
  const auto data = pattern(kBytes, 3);
  for (uint64_t cut = 0; cut < 2 * (16 + kBytes); ++cut) {
    loopback::LoopbackFaults faults;
    faults.cutAfterBytes = cut;
    auto pair = loopback::makePair(faults, kSlotBytes);
    for (int message = 0; message < 2; ++message)
      static_cast<void>(pair.send->send(data.data(), data.size(), OpTag(1, 1)));
    std::vector<std::byte> into(kBytes);
    size_t whole = 0;
    Progress verdict = Progress::kPending;
    for (int poll = 0; poll < 100 && verdict != Progress::kBroken; ++poll) {
      verdict = pair.recv->receive(into.data(), kBytes, OpTag(1, 1));
      if (verdict == Progress::kDone) {
        ++whole;
        ASSERT_EQ(into, data);
      }
    }
    EXPECT_EQ(verdict, Progress::kBroken) << "cut at " << cut;
    EXPECT_EQ(whole, cut / (16 + kBytes)) << "cut at " << cut;
    EXPECT_FALSE(pair.recv->failure().ok());
    EXPECT_EQ(pair.recv->arrived().data, nullptr);
    EXPECT_TRUE(pair.recv->broken());
  }
}

TEST(StreamChannel, DamagedFramesAreRefused) {
  for (const bool badMagic : {true, false}) {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    const os::UniqueFd writer(fds[0]);
    StreamRecvChannel channel(std::make_unique<tcp::SocketStream>(os::UniqueFd(fds[1])),
                              kSlotBytes);
    auto header =
        wire::StreamFrame{badMagic ? 8 : static_cast<uint32_t>(kSlotBytes + 1), OpTag(1, 1)}
            .encode();
    if (badMagic) header[0] ^= std::byte{1};
    ASSERT_EQ(::write(writer.get(), header.data(), header.size()),
              static_cast<ssize_t>(header.size()));
    EXPECT_EQ(channel.arrived().data, nullptr);
    EXPECT_TRUE(channel.broken());
    EXPECT_NE(channel.failure().message().find("damaged frame"), std::string_view::npos);
  }
}

TEST(StreamChannel, APeerThatClosesIsNamedAsSuch) {
  auto pair = socketPair();
  const auto data = pattern(10, 1);
  std::vector<std::byte> into(10);
  ASSERT_EQ(pair.send->send(data.data(), data.size(), OpTag(1, 1)), Progress::kDone);
  pair.send.reset();
  EXPECT_EQ(pair.recv->receive(into.data(), 10, OpTag(1, 1)), Progress::kDone)
      << "what was sent still arrives";
  EXPECT_EQ(pair.recv->receive(into.data(), 10, OpTag(1, 1)), Progress::kBroken);
  EXPECT_NE(pair.recv->failure().message().find("closed by the peer"), std::string_view::npos);
}

TEST(StreamChannel, InterruptedAndFailingCalls) {
  static int errorNumber;
  static int failures;
  const auto hook = [](const char* call) {
    return failures > 0 && std::string_view(call) == "sendmsg" ? (--failures, errorNumber) : 0;
  };
  const auto data = pattern(10, 1);
  std::vector<std::byte> into(10);
  for (const int transient : {EINTR, EAGAIN, ENOBUFS}) {
    auto pair = socketPair();
    errorNumber = transient;
    failures = 1;
    os::sys::setFaultHook(hook);
    EXPECT_EQ(pair.send->send(data.data(), 10, OpTag(1, 1)), Progress::kDone);
    EXPECT_EQ(pair.send->flush(), Progress::kDone);
    os::sys::setFaultHook(nullptr);
    EXPECT_EQ(pair.recv->receive(into.data(), 10, OpTag(1, 1)), Progress::kDone);
  }
  auto pair = socketPair();
  errorNumber = ECONNRESET;
  failures = 1;
  os::sys::setFaultHook(hook);
  EXPECT_EQ(pair.send->send(data.data(), 10, OpTag(1, 1)), Progress::kBroken);
  os::sys::setFaultHook(nullptr);
  EXPECT_EQ(pair.send->flush(), Progress::kBroken) << "a broken channel stays broken";
  EXPECT_NE(pair.send->failure().message().find("reset"), std::string_view::npos);
}

TEST(StreamChannel, CarriesAStreamBetweenThreads) {
  auto pair = socketPair(65536);
  constexpr size_t kBytes = 65536, kMessages = 400;
  std::thread sender([&] {
    for (uint32_t message = 1; message <= kMessages; ++message) {
      const auto data = pattern(kBytes, message);
      while (pair.send->send(data.data(), kBytes, OpTag(message, 1)) == Progress::kPending)
        std::this_thread::yield();
    }
    while (pair.send->flush() == Progress::kPending) std::this_thread::yield();
  });
  std::vector<std::byte> into(kBytes);
  bool same = true;
  for (uint32_t message = 1; message <= kMessages; ++message) {
    Progress verdict = Progress::kPending;
    while ((verdict = pair.recv->receive(into.data(), kBytes, OpTag(message, 1))) ==
           Progress::kPending)
      std::this_thread::yield();
    same = same && verdict == Progress::kDone && into == pattern(kBytes, message);
  }
  sender.join();
  EXPECT_TRUE(same);
}

}  // namespace
}  // namespace inccl::transport
