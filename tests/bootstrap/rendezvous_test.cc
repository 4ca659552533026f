// Creations that must fail: contradictions, strangers, and ranks that never come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "bootstrap/authentication.h"
#include "bootstrap/dial.h"
#include "bootstrap/frame_io.h"
#include "bootstrap/service_thread.h"
#include "bootstrap/session_fixture.h"
#include "os/listener.h"
#include "support/process_resources.h"
#include "support/run_ranks.h"
#include "support/seed.h"
#include "wire/control_messages.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;

Config impatient(Nanos timeout = 300 * kMillisecond) {
  Config config = loopbackConfig();
  config.creationTimeout = timeout;
  return config;
}

uint64_t strangers() { return ServiceThread::get().value()->strangersDropped(); }

std::vector<os::SocketAddress> rootOf(const UniqueId& id) {
  std::vector<os::SocketAddress> addresses;
  for (const auto& address : id.addresses) addresses.push_back(address.withPort(id.port));
  return addresses;
}

// A bare connection to the root.
os::UniqueFd connectToRoot(const UniqueId& id) {
  auto connected = os::connectFirst(rootOf(id), {soon()});
  EXPECT_TRUE(connected.ok()) << connected.status().message();
  return std::move(connected->fd);
}

// An impostor that knows the nonce and says what it likes.
DialResult joinAs(const UniqueId& id, const wire::Join& join) {
  DialRequest request;
  request.target = rootTag(id);
  request.nonce = id.nonce;
  request.frame = wire::encodeFrame(join);
  request.what = "join";
  return dialTcp(rootOf(id), request, {soon()});
}

TEST(Rendezvous, MissingRanksAreNamedAtTheDeadline) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int index) {
    const int rank = index * 2;  // 0, 2, 4 of 6
    RankUnderTest self;
    const Nanos start = nowNs();
    const Status joined = self.join(id, 6, rank, impatient());
    EXPECT_EQ(joined.code(), Code::kTimeout);
    EXPECT_EQ(textOf(joined), "ranks 1, 3, 5 of 6 did not join in time");
    EXPECT_GE(nowNs() - start, 250 * kMillisecond);
    EXPECT_LT(nowNs() - start, 5 * kSecond);
  });
}

TEST(Rendezvous, TheMostImpatientRankDecides) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    const Status joined =
        self.join(id, 3, rank, impatient(rank == 0 ? 200 * kMillisecond : kSecond * 30));
    EXPECT_EQ(textOf(joined), "rank 2 of 3 did not join in time");
  });
}

TEST(Rendezvous, ARankThatComesTooLateLearnsWhy) {
  const UniqueId id = createId();
  RankUnderTest first, late;
  EXPECT_EQ(first.join(id, 2, 0, impatient(50 * kMillisecond)).code(), Code::kTimeout);
  const Status joined = late.join(id, 2, 1);
  EXPECT_EQ(joined.code(), Code::kTimeout);
  EXPECT_EQ(textOf(joined), "rank 1 of 2 did not join in time");
}

TEST(Rendezvous, ADoubledRankFailsForAll) {
  const UniqueId id = createId();
  std::array<std::string, 4> words;
  test::runRanks(4, [&](int index) {
    RankUnderTest self;
    // 0, 1, 2, 2 of 5
    const Status joined = self.join(id, 5, std::min(index, 2));
    EXPECT_EQ(joined.code(), Code::kInvalidUsage);
    words[static_cast<size_t>(index)] = textOf(joined);
  });
  EXPECT_THAT(words[0], HasSubstr("rank 2 is claimed twice: by rank 2 on host"));
  for (const std::string& each : words) EXPECT_EQ(each, words[0]);
}

TEST(Rendezvous, DifferentSizesFailForAll) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    const Status joined = self.join(id, rank == 0 ? 3 : 4, rank);
    EXPECT_EQ(joined.code(), Code::kInvalidUsage);
    EXPECT_THAT(textOf(joined), HasSubstr("was told of"));
    EXPECT_THAT(textOf(joined), HasSubstr("rank 0 on host"));
    EXPECT_THAT(textOf(joined), HasSubstr("rank 1 on host"));
  });
}

TEST(Rendezvous, DifferentSettingsFailForAll) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    Config config = loopbackConfig();
    if (rank == 1) config.bufferBytes = 1 << 20;
    const Status joined = self.join(id, 3, rank, config);
    EXPECT_EQ(joined.code(), Code::kInvalidUsage);
    EXPECT_THAT(textOf(joined), HasSubstr("other settings than"));
  });
}

TEST(Rendezvous, AnotherVersionFailsForAll) {
  const UniqueId id = createId();
  Status joined;
  test::runRanks(2, [&](int index) {
    if (index == 0) {
      RankUnderTest self;
      joined = self.join(id, 2, 0);
      return;
    }
    wire::Join join;
    join.protocolVersion = 99;
    join.nRanks = 2;
    join.patienceMs = 10000;
    join.self.rank = 1;
    join.self.host = "elsewhere";
    auto dialled = joinAs(id, join);
    ASSERT_EQ(dialled.problem, DialProblem::kNone) << dialled.why.message();
    const auto frame = recvFrame(dialled.fd.get(), {soon()}, "verdict");
    ASSERT_TRUE(frame.ok()) << frame.status().message();
    EXPECT_EQ(frame.value().kind, wire::Kind::kFailure);
  });
  EXPECT_EQ(joined.code(), Code::kInvalidUsage);
  EXPECT_THAT(textOf(joined), HasSubstr("rank 1 on host elsewhere (pid 0) speaks version 99"));
}

TEST(Rendezvous, ImpossibleNumbersFailForAll) {
  for (const int rank : {-1, 2, 1 << 30}) {
    const UniqueId id = createId();
    wire::Join join;
    join.nRanks = 2;
    join.patienceMs = 10000;
    join.self.rank = rank;
    auto dialled = joinAs(id, join);
    ASSERT_EQ(dialled.problem, DialProblem::kNone) << dialled.why.message();
    const auto frame = recvFrame(dialled.fd.get(), {soon()}, "verdict");
    ASSERT_TRUE(frame.ok()) << frame.status().message();
    EXPECT_EQ(frame.value().kind, wire::Kind::kFailure);
  }
}

TEST(Rendezvous, ARankThatDiesBeforeAllHaveJoinedFailsTheCreation) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int index) {
    if (index == 0) {
      RankUnderTest self;
      const Nanos start = nowNs();
      const Status joined = self.join(id, 3, 0);
      EXPECT_EQ(joined.code(), Code::kRemoteError);
      EXPECT_THAT(textOf(joined), HasSubstr("rank 1 on host gone (pid 77) died"));
      EXPECT_LT(nowNs() - start, 5 * kSecond);
      return;
    }
    wire::Join join;
    join.nRanks = 3;
    join.patienceMs = 10000;
    join.self.rank = 1;
    join.self.host = "gone";
    join.self.pid = 77;
    join.self.configHash = loopbackConfig().hash();
    const auto dialled = joinAs(id, join);
    EXPECT_EQ(dialled.problem, DialProblem::kNone) << dialled.why.message();
    (void)os::sys::poll(nullptr, 0, 50);  // until the other has come too
  });
}

TEST(Rendezvous, AForeignNonceIsDroppedAndCounted) {
  const UniqueId id = createId();
  UniqueId foreign = id;
  foreign.nonce[3] ^= std::byte{1};
  const uint64_t before = strangers();
  RankUnderTest self;
  const Status joined = self.join(foreign, 2, 0);
  EXPECT_EQ(joined.code(), Code::kInvalidUsage);
  EXPECT_THAT(textOf(joined), HasSubstr("does not know this unique id"));
  EXPECT_GT(strangers(), before);
  // The root is as good as before.
  test::runRanks(2, [&](int rank) {
    RankUnderTest good;
    EXPECT_TRUE(good.join(id, 2, rank).ok());
  });
}

TEST(Rendezvous, AWrongProofIsDroppedAndCounted) {
  const UniqueId id = createId();
  const uint64_t before = strangers();
  DialRequest request;
  request.target = rootTag(id);
  request.frame = wire::encodeFrame(wire::Join{});
  request.what = "join";
  const auto dialled = dialTcp(rootOf(id), request, {soon()});
  EXPECT_EQ(dialled.problem, DialProblem::kWrongSecret);
  EXPECT_GT(strangers(), before);
}

TEST(Rendezvous, AUsedIdIsRefused) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    EXPECT_TRUE(self.session->allGather({}, soon()).ok());
    RankUnderTest again;
    EXPECT_EQ(again.join(id, 2, rank).code(), Code::kInvalidUsage);
    EXPECT_TRUE(self.session->allGather({}, soon()).ok());
    self.session->leave(0, kSecond);
  });
}

TEST(Rendezvous, AMachineThatIsNotThereIsAnErrorAtOnce) {
  UniqueId id = createId();
  // A port on which nobody listens.
  {
    const std::array addresses = {os::SocketAddress::loopback(AF_INET, 0)};
    id.port = os::Listener::open(addresses, 0, 0).value().port();
  }
  RankUnderTest self;
  const Status joined = self.join(id, 2, 0);
  EXPECT_EQ(joined.code(), Code::kRemoteError);
  EXPECT_THAT(textOf(joined), HasSubstr("Connection refused"));
}

TEST(Rendezvous, GarbageFromStrangersHarmsNobody) {
  const UniqueId id = createId();
  const uint64_t before = strangers();
  std::mt19937_64 random(test::testSeed());
  constexpr int kStrangers = 30;
  std::vector<os::UniqueFd> connections;
  for (int i = 0; i < kStrangers; ++i) {
    connections.push_back(connectToRoot(id));
    std::vector<std::byte> garbage(1 + random() % 300);
    for (auto& byte : garbage) byte = static_cast<std::byte>(random());
    // Some begin well.
    if (i % 3 == 0) {
      const auto header = wire::encodeHeader({wire::Kind::kHello, 33});
      garbage[0] = static_cast<std::byte>(wire::Purpose::kControl);
      garbage.insert(garbage.begin(), header.begin(), header.end());
    }
    EXPECT_TRUE(os::sendAll(connections.back().get(), garbage, {soon()}, "garbage").ok());
  }
  std::vector<os::UniqueFd> silent;
  for (int i = 0; i < 10; ++i) silent.push_back(connectToRoot(id));
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    const Status joined = self.join(id, 3, rank);
    EXPECT_TRUE(joined.ok()) << joined.message();
    EXPECT_TRUE(self.session->allGather({}, soon()).ok());
    self.session->leave(0, kSecond);
  });
  connections.clear();
  const Deadline deadline = soon();
  while (strangers() < before + kStrangers && !deadline.passed())
    (void)os::sys::poll(nullptr, 0, 1);
  EXPECT_GE(strangers(), before + kStrangers);
}

TEST(Rendezvous, ASilentStrangerIsDroppedInTime) {
  const UniqueId id = createId();
  const uint64_t before = strangers();
  const os::UniqueFd silent = connectToRoot(id);
  std::array<std::byte, 1> byte;
  const Nanos start = nowNs();
  const os::WaitLimit limit{Deadline::after(15 * kSecond)};
  EXPECT_EQ(os::recvAll(silent.get(), byte, limit, "end").code(), Code::kRemoteError);
  EXPECT_GT(nowNs() - start, kSecond);
  EXPECT_GT(strangers(), before);
}

TEST(Rendezvous, AnAbortEndsTheJoin) {
  const UniqueId id = createId();
  Nanos abortedAt = 0;
  RankUnderTest self;
  test::runRanks(2, [&](int index) {
    if (index == 1) {
      (void)os::sys::poll(nullptr, 0, 50);
      abortedAt = nowNs();
      EXPECT_TRUE(self.errors.raise(Status(Code::kAborted, "aborted")));
      return;
    }
    const Status joined = self.join(id, 2, 0);
    EXPECT_EQ(joined.code(), Code::kAborted);
    EXPECT_LT(nowNs() - abortedAt, kSecond);
  });
  // An error raised before is enough.
  EXPECT_EQ(self.join(id, 2, 0).code(), Code::kAborted);
}

TEST(Rendezvous, FailedCreationsLeaveNothing) {
  const auto once = [] {
    const UniqueId id = createId();
    RankUnderTest self;
    EXPECT_EQ(self.join(id, 2, 0, impatient(20 * kMillisecond)).code(), Code::kTimeout);
    UniqueId alone = createId();
    EXPECT_TRUE(self.join(alone, 1, 0).ok());
  };
  (void)ServiceThread::get();
  const auto before = test::ProcessResources::now();
  once();
  EXPECT_EQ(before.leakedSince(10 * kSecond), "");
}

}  // namespace
}  // namespace inccl::bootstrap
