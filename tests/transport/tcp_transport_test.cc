// The TCP transport over a connector of its own: who connects, who accepts,
// what fails, what is held.
#include "transport/tcp/tcp_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "transport/message_exchange.h"

namespace inccl::transport::tcp {
namespace {

using ::testing::HasSubstr;

// Socket pairs by (from, to, channel), shared by the connectors of all ranks.
class Switchboard {
 public:
  Result<os::UniqueFd> end(int from, int to, uint32_t channel, size_t side) {
    auto& ends = ends_[{from, to, channel}];
    if (!ends[0].valid() && !ends[1].valid()) {
      int fds[2];
      if (os::sys::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
        return systemError("socketpair", errno);
      ends[0].reset(fds[0]);
      ends[1].reset(fds[1]);
    }
    return std::move(ends[side]);
  }

 private:
  std::map<std::tuple<int, int, uint32_t>, std::array<os::UniqueFd, 2>> ends_;
};

class FakeConnector final : public PeerConnector {
 public:
  FakeConnector(Switchboard& board, int rank) : board_(board), rank_(rank) {}
  Result<os::UniqueFd> connectTo(int peer, uint32_t channel, Deadline) override {
    if (!failure.ok()) return failure;
    return board_.end(rank_, peer, channel, 0);
  }
  Result<os::UniqueFd> acceptFrom(int peer, uint32_t channel, Deadline) override {
    if (!failure.ok()) return failure;
    return board_.end(peer, rank_, channel, 1);
  }
  Status offerDescriptor(const std::string&, int) override { return internalError("not here"); }
  void withdrawDescriptor(const std::string&) override {}
  Result<os::UniqueFd> requestDescriptor(int, const std::string&, Deadline) override {
    return internalError("not here");
  }
  Result<os::UniqueFd> receiveDescriptor(int, const std::string&, int, Deadline) override {
    return internalError("not here");
  }
  [[nodiscard]] const ErrorState& errors() const override { return errors_; }

  Status failure;

 private:
  Switchboard& board_;
  int rank_;
  ErrorState errors_;
};

Deadline soon() { return Deadline::after(10 * kSecond); }

TEST(TcpTransport, OpensAFifoPerPeerDirectionAndChannel) {
  constexpr int kRanks = 3;
  Switchboard board;
  std::vector<std::unique_ptr<FakeConnector>> connectors;
  std::vector<std::unique_ptr<TcpTransport>> transports;
  for (int rank = 0; rank < kRanks; ++rank) {
    connectors.push_back(std::make_unique<FakeConnector>(board, rank));
    transports.push_back(std::make_unique<TcpTransport>(*connectors.back(), 4096));
  }
  EXPECT_EQ(transports[0]->name(), "tcp");
  EXPECT_FALSE(transports[0]->caps().multiChannel);
  EXPECT_EQ(transports[0]->multiGroup(), nullptr);
  for (int from = 0; from < kRanks; ++from) {
    for (int to = 0; to < kRanks; ++to) {
      if (from == to) continue;
      for (const uint32_t channel : {0u, 7u}) {
        auto send = transports[static_cast<size_t>(from)]->openSend(to, channel, soon());
        auto recv = transports[static_cast<size_t>(to)]->openRecv(from, channel, soon());
        ASSERT_TRUE(send.ok() && recv.ok());
        EXPECT_EQ(send.value()->slotBytes(), 4096u);
        EXPECT_GE(send.value()->slotCount(), 2u);
        test::exchange(*send.value(), *recv.value(), {0, 1, 4096, 17}, test::Verbs::kMixed,
                       test::Verbs::kMixed);
      }
    }
  }
}

TEST(TcpTransport, PassesOnWhatTheConnectorSays) {
  Switchboard board;
  FakeConnector connector(board, 0);
  TcpTransport transport(connector);
  connector.failure = timeoutError("rank 1 on host a did not answer");
  const auto send = transport.openSend(1, 0, soon());
  ASSERT_FALSE(send.ok());
  EXPECT_EQ(send.status().code(), Code::kTimeout);
  EXPECT_THAT(std::string(send.status().message()), HasSubstr("rank 1 on host a did not answer"));
}

TEST(TcpTransport, AReceivingEndIsEmptyUntilThePeerConnects) {
  Switchboard board;
  FakeConnector one(board, 0), other(board, 1);
  TcpTransport zero(one, 4096), peer(other, 4096);
  one.failure = timeoutError("nobody connected");
  auto recv = zero.openRecv(1, 0, soon()).value();
  EXPECT_EQ(recv->arrived().data, nullptr);
  EXPECT_FALSE(recv->broken());
  one.failure = {};
  auto send = peer.openSend(0, 0, soon()).value();
  test::exchange(*send, *recv, {17, 0}, test::Verbs::kMixed, test::Verbs::kMixed);
}

TEST(TcpTransport, APeerThatCannotConnectBreaksTheChannel) {
  Switchboard board;
  FakeConnector connector(board, 0);
  TcpTransport transport(connector, 4096);
  connector.failure = remoteError("rank 1 has left");
  auto recv = transport.openRecv(1, 0, soon()).value();
  std::byte nothing{};
  EXPECT_EQ(recv->receive(&nothing, 1, {}), Progress::kBroken);
  EXPECT_EQ(recv->failure().message(), "rank 1 has left");
}

TEST(TcpTransport, RefusesAChannelThatWouldExceedTheBudget) {
  constexpr size_t kSlot = 4096;
  const uint64_t budget =
      2 * StreamSendChannel::bufferBytes(kSlot) + StreamRecvChannel::bufferBytes(kSlot);
  Switchboard board;
  FakeConnector connector(board, 0);
  TcpTransport transport(connector, kSlot, budget);
  EXPECT_TRUE(transport.openSend(1, 0, soon()).ok());
  EXPECT_TRUE(transport.openRecv(1, 0, soon()).ok());
  EXPECT_TRUE(transport.openSend(2, 0, soon()).ok());
  const Status refused = transport.openSend(3, 0, soon()).status();
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(std::to_string(budget)));
}

TEST(StreamSlots, ShrinkUntilAllPeersFitAndSayWhenTheyCannot) {
  constexpr uint64_t kBudget = 64 << 20;
  constexpr size_t kLargest = TcpTransport::kSlotBytes;
  EXPECT_EQ(streamSlotBytesWithin(kBudget, 1, kLargest).value(), kLargest);
  EXPECT_EQ(streamSlotBytesWithin(kBudget, 8, kLargest).value(), kLargest);
  size_t previous = kLargest;
  for (const int ranks : {2, 3, 5, 13, 100, 500}) {
    const auto slot = streamSlotBytesWithin(kBudget, ranks, kLargest);
    ASSERT_TRUE(slot.ok()) << ranks;
    EXPECT_LE(slot.value(), previous);
    previous = slot.value();
    const uint64_t channels = 2 * static_cast<uint64_t>(ranks - 1);
    EXPECT_LE(channels * (StreamSendChannel::bufferBytes(previous) +
                          StreamRecvChannel::bufferBytes(previous)),
              kBudget);
  }
  const Status refused = streamSlotBytesWithin(1 << 20, 1000, kLargest).status();
  EXPECT_EQ(refused.code(), Code::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("1000 ranks need "));
}

}  // namespace
}  // namespace inccl::transport::tcp
