// A session's good days: ranks meet, exchange, connect, pass descriptors, and part.
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "bootstrap/endpoints.h"
#include "bootstrap/session_fixture.h"
#include "os/listener.h"
#include "os/stream_socket.h"
#include "support/process_resources.h"
#include "support/run_ranks.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;

class SessionRanks : public ::testing::TestWithParam<int> {};

TEST_P(SessionRanks, MeetAndGather) {
  const int size = GetParam();
  const UniqueId id = createId();
  test::runRanks(size, [&](int rank) {
    RankUnderTest self;
    const Status joined = self.join(id, size, rank);
    ASSERT_TRUE(joined.ok()) << joined.message();
    ASSERT_EQ(self.session->rank(), rank);
    ASSERT_EQ(self.session->peers().size(), static_cast<size_t>(size));
    for (int peer = 0; peer < size; ++peer) {
      const PeerInfo& info = self.session->peers()[static_cast<size_t>(peer)];
      EXPECT_EQ(info.rank, peer);
      EXPECT_EQ(info.pid, ::getpid());
      EXPECT_FALSE(info.hostKey.empty());
    }
    for (int round = 0; round < 5; ++round) {
      // From nothing to the limit.
      const size_t bytes = round == 4 ? 64 << 10 : static_cast<size_t>(round * rank * 1000);
      const std::vector<std::byte> mine(bytes, static_cast<std::byte>(rank + round));
      auto all = self.session->allGather(mine, soon());
      ASSERT_TRUE(all.ok()) << all.status().message();
      ASSERT_EQ(all->size(), static_cast<size_t>(size));
      for (int peer = 0; peer < size; ++peer) {
        const size_t expected = round == 4 ? 64 << 10 : static_cast<size_t>(round * peer * 1000);
        const auto& blob = (*all)[static_cast<size_t>(peer)];
        ASSERT_EQ(blob.size(), expected);
        EXPECT_TRUE(std::ranges::all_of(
            blob, [&](std::byte b) { return b == static_cast<std::byte>(peer + round); }));
      }
    }
    self.session->leave(5, kSecond);
    EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
  });
}

// Notes come to the service thread, in order from each sender, to whom they are for.
TEST_P(SessionRanks, PostNotes) {
  const int size = GetParam();
  if (size == 1) return;  // it would write to itself
  const UniqueId id = createId();
  test::runRanks(size, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, size, rank).ok());
    std::vector<std::atomic<int>> heard(static_cast<size_t>(size));
    std::atomic<int> wrong{0};
    self.session->takeNotes([&](int from, std::span<const std::byte> note) {
      auto& count = heard[static_cast<size_t>(from)];
      const auto expected = static_cast<std::byte>(from + count.load());
      if (note.size() != 3000 || note.back() != expected) ++wrong;
      ++count;
    });
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    // Each sends ten to everybody, then ten to its right neighbour.
    for (int i = 0; i < 20; ++i)
      self.session->post(i < 10 ? Session::kAllRanks : (rank + 1) % size,
                         std::vector<std::byte>(3000, static_cast<std::byte>(rank + i)));
    const int left = (rank + size - 1) % size;
    const auto allHeard = [&] {
      for (int peer = 0; peer < size; ++peer) {
        if (heard[static_cast<size_t>(peer)].load() < (peer == left ? 20 : 10)) return false;
      }
      return true;
    };
    const Deadline deadline = soon();
    while (!allHeard() && !deadline.passed()) ::poll(nullptr, 0, 1);
    EXPECT_TRUE(allHeard());
    EXPECT_EQ(wrong.load(), 0);
    self.session->takeNotes(nullptr);
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    self.session->leave(5, kSecond);
    EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
  });
}

TEST_P(SessionRanks, ConnectEveryPairInBothDirections) {
  const int size = GetParam();
  const UniqueId id = createId();
  test::runRanks(size, [&](int rank) {
    RankUnderTest self;
    const Status joined = self.join(id, size, rank);
    ASSERT_TRUE(joined.ok()) << joined.message();
    for (int peer = 0; peer < size; ++peer) {
      if (peer == rank) continue;
      for (const uint32_t channel : {0u, 7u}) {
        auto out = self.session->connectTo(peer, channel, soon());
        ASSERT_TRUE(out.ok()) << out.status().message();
        auto in = self.session->acceptFrom(peer, channel, soon());
        ASSERT_TRUE(in.ok()) << in.status().message();
        const std::string mine = fmt::format("{}>{}:{}", rank, peer, channel);
        const std::string theirs = fmt::format("{}>{}:{}", peer, rank, channel);
        const os::WaitLimit limit{soon()};
        ASSERT_TRUE(os::sendAll(out->get(), toBytes(mine), limit, "test").ok());
        std::vector<std::byte> got(theirs.size());
        ASSERT_TRUE(os::recvAll(in->get(), got, limit, "test").ok());
        EXPECT_EQ(toText(got), theirs);
        // And back over the same connection.
        ASSERT_TRUE(os::sendAll(in->get(), toBytes("back"), limit, "test").ok());
        got.resize(4);
        ASSERT_TRUE(os::recvAll(out->get(), got, limit, "test").ok());
        EXPECT_EQ(toText(got), "back");
      }
    }
    auto met = self.session->allGather({}, soon());
    ASSERT_TRUE(met.ok()) << met.status().message();
    self.session->leave(0, kSecond);
  });
}

TEST_P(SessionRanks, PassDescriptors) {
  const int size = GetParam();
  const UniqueId id = createId();
  test::runRanks(size, [&](int rank) {
    RankUnderTest self;
    const Status joined = self.join(id, size, rank);
    ASSERT_TRUE(joined.ok()) << joined.message();
    const os::UniqueFd memory(os::sys::memfdCreate("test", 0));
    const std::string text = fmt::format("memory of {}", rank);
    ASSERT_EQ(os::sys::write(memory.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    // Some offers come before the requests for them, some after.
    const auto offer = [&] { return self.session->offerDescriptor("m", memory.get()); };
    if (rank % 2 == 1) (void)os::sys::poll(nullptr, 0, 20);
    ASSERT_TRUE(offer().ok());
    EXPECT_EQ(offer().code(), Code::kInvalidUsage);
    for (int peer = 0; peer < size; ++peer) {
      auto fetched = self.session->fetchDescriptor(peer, "m", soon());
      ASSERT_TRUE(fetched.ok()) << fetched.status().message();
      std::array<char, 64> got{};
      const ssize_t bytes = ::pread(fetched->get(), got.data(), got.size(), 0);
      EXPECT_EQ(std::string(got.data(), static_cast<size_t>(bytes)),
                fmt::format("memory of {}", peer));
    }
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    self.session->withdrawDescriptor("m");
    const auto absent =
        self.session->fetchDescriptor(rank, "m", Deadline::after(30 * kMillisecond));
    EXPECT_EQ(absent.status().code(), Code::kTimeout);
    self.session->leave(0, kSecond);
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, SessionRanks, ::testing::Values(1, 2, 3, 5, 8));

TEST(Session, EightRanksMeetQuickly) {
  const UniqueId id = createId();
  std::array<Nanos, 8> took{};
  test::runRanks(8, [&](int rank) {
    RankUnderTest self;
    const Nanos start = nowNs();
    ASSERT_TRUE(self.join(id, 8, rank).ok());
    took[static_cast<size_t>(rank)] = nowNs() - start;
    self.session->leave(0, kSecond);
  });
  const Nanos slowest = *std::ranges::max_element(took);
  RecordProperty("slowestJoinUs", static_cast<int>(slowest / kMicrosecond));
  // A bound that says "no retry and no timer was in the way", far above what it takes (a few ms).
  EXPECT_LT(slowest, kSecond);
}

os::SocketAddress peerOf(const os::UniqueFd& socket) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  EXPECT_EQ(::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&raw), &length), 0);
  return os::SocketAddress::fromSockaddr(reinterpret_cast<sockaddr*>(&raw), length).value();
}

// Nobody listens at the first, a stranger at the second; then one that is the peer's, its last.
TEST(Session, PreferredAddressesComeFirstAndMayBeWrong) {
  const UniqueId id = createId();
  const auto stranger = os::SocketAddress::parse("127.0.0.2").value();
  const auto nobody = os::SocketAddress::parse("127.0.0.3").value();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    const auto told = wire::decodeEndpoints(self.session->peers()[1].endpoints).value().addresses;
    const os::SocketAddress last = fromWire(told.back());
    if (rank == 0) {
      ASSERT_TRUE(self.session->allGather({}, soon()).ok());
      self.session->prefer({{}, {nobody, stranger}});
      auto first = self.session->connectTo(1, 0, soon());
      ASSERT_TRUE(first.ok()) << first.status().message();
      EXPECT_NE(peerOf(*first), stranger.withPort(last.port()));
      self.session->prefer({{}, {last.withPort(0)}});
      auto second = self.session->connectTo(1, 1, soon());
      ASSERT_TRUE(second.ok()) << second.status().message();
      EXPECT_EQ(peerOf(*second), last);
    } else {
      const std::array addresses{stranger};
      const auto door = os::Listener::open(addresses, last.port(), last.port());
      ASSERT_TRUE(door.ok()) << door.status().message();
      ASSERT_TRUE(self.session->allGather({}, soon()).ok());
      const int listening = door.value().sockets()[0].get();
      ASSERT_TRUE(os::waitReady(listening, POLLIN, {soon()}, "stranger").ok());
      EXPECT_TRUE(os::acceptStream(listening).ok());  // and hangs up
      for (const uint32_t channel : {0u, 1u})
        EXPECT_TRUE(self.session->acceptFrom(0, channel, soon()).ok());
    }
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    self.session->leave(0, kSecond);
  });
}

TEST(Session, NothingIsLeftOpen) {
  const auto once = [] {
    const UniqueId id = createId();
    test::runRanks(3, [&](int rank) {
      RankUnderTest self;
      ASSERT_TRUE(self.join(id, 3, rank).ok());
      auto fd = self.session->connectTo((rank + 1) % 3, 0, soon());  // never accepted
      EXPECT_TRUE(fd.ok());
      ASSERT_TRUE(self.session->allGather({}, soon()).ok());
      self.session->leave(0, kSecond);
    });
  };
  once();
  const auto before = test::ProcessResources::now();
  once();
  once();
  EXPECT_EQ(before.leakedSince(), "");
}

TEST(Session, BadNumbersAreRefused) {
  const UniqueId id = createId();
  RankUnderTest self;
  EXPECT_EQ(self.join(id, 0, 0).code(), Code::kInvalidArgument);
  EXPECT_EQ(self.join(id, -3, 0).code(), Code::kInvalidArgument);
  EXPECT_EQ(self.join(id, 2, 2).code(), Code::kInvalidArgument);
  EXPECT_EQ(self.join(id, 2, -1).code(), Code::kInvalidArgument);
  EXPECT_EQ(self.join(id, 1 << 20, 0).code(), Code::kInvalidArgument);
  ASSERT_TRUE(self.join(id, 1, 0).ok());
  EXPECT_EQ(self.session->connectTo(0, 0, soon()).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(self.session->fetchDescriptor(1, "m", soon()).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace inccl::bootstrap
