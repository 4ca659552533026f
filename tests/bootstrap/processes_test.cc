// What only real processes show: separate memory, kill, stop, continue, exit, fork.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootstrap/session_fixture.h"
#include "os/stream_socket.h"
#include "support/run_processes.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;

TEST(Processes, MeetConnectAndGather) {
  const auto ends = test::runProcesses(4, [](test::RankProcess& self) {
    const auto bytes = self.sharedId<UniqueIdBytes>([] { return createId().encode(); });
    const auto id = UniqueId::decode(bytes);
    ASSERT_TRUE(id.ok());
    RankUnderTest me;
    const Status joined = me.join(id.value(), 4, self.rank());
    ASSERT_TRUE(joined.ok()) << joined.message();
    EXPECT_EQ(me.session->peers()[static_cast<size_t>(self.rank())].pid, ::getpid());
    EXPECT_NE(me.session->peers()[0].processKey, me.session->peers()[1].processKey);
    EXPECT_EQ(me.session->peers()[0].hostKey, me.session->peers()[3].hostKey);
    const int next = (self.rank() + 1) % 4, previous = (self.rank() + 3) % 4;
    auto out = me.session->connectTo(next, 1, soon());
    ASSERT_TRUE(out.ok()) << out.status().message();
    auto in = me.session->acceptFrom(previous, 1, soon());
    ASSERT_TRUE(in.ok()) << in.status().message();
    auto all = me.session->allGather(toBytes(std::to_string(self.rank())), soon());
    ASSERT_TRUE(all.ok()) << all.status().message();
    EXPECT_EQ(toText((*all)[3]), "3");
    me.session->leave(0, kSecond);
    EXPECT_FALSE(me.errors.raised()) << me.errors.status().message();
  });
  EXPECT_EQ(test::notClean(ends), "");
}

Config withHeartbeats(Nanos suspect, Nanos fail) {
  Config config = loopbackConfig();
  config.heartbeatSuspect = suspect;
  config.heartbeatFail = fail;
  return config;
}

// Joins, says so by progress 1, waits for an error, leaves its text behind.
void joinAndAwaitError(test::RankProcess& self, const Config& config) {
  const auto bytes = self.sharedId<UniqueIdBytes>([&] { return createId(config).encode(); });
  RankUnderTest me;
  const Status joined = me.join(UniqueId::decode(bytes).value(), self.size(), self.rank(), config);
  ASSERT_TRUE(joined.ok()) << joined.message();
  ASSERT_TRUE(me.session->allGather({}, soon()).ok());
  self.setProgress(1);
  const Status error = me.awaitError(20 * kSecond);
  self.say(fmt::format("{} {}", static_cast<int>(error.code()), error.message()));
  self.setProgress(2);
  self.meetAll();
}

std::string remote(const std::string& text) {
  return fmt::format("{} {}", static_cast<int>(Code::kRemoteError), text);
}

// `victim` gets a signal when all have met; everyone in `witnesses` must name it.
void expectNamed(int size, int victim, int signalNumber, const Config& config,
                 const std::string& how) {
  test::RankProcesses processes(size,
                                [&](test::RankProcess& self) { joinAndAwaitError(self, config); });
  for (int rank = 0; rank < size; ++rank) ASSERT_TRUE(processes.awaitProgress(rank, 1));
  processes.signal(victim, signalNumber);
  const Nanos start = nowNs();
  for (int rank = 0; rank < size; ++rank) {
    if (rank == victim) continue;
    ASSERT_TRUE(processes.awaitProgress(rank, 2)) << "rank " << rank;
    EXPECT_THAT(processes.said(rank), HasSubstr(remote(fmt::format("rank {} on host", victim))));
    EXPECT_THAT(processes.said(rank),
                HasSubstr(fmt::format("(pid {}) {}", processes.pid(victim), how)));
  }
  EXPECT_LT(nowNs() - start, 5 * kSecond);
  if (signalNumber == SIGSTOP) {
    // Continued, the victim finds the error that the others have long since raised.
    processes.signal(victim, SIGCONT);
    ASSERT_TRUE(processes.awaitProgress(victim, 2));
    EXPECT_THAT(processes.said(victim), HasSubstr(remote(fmt::format("rank {} on host", victim))));
    EXPECT_EQ(test::notClean(processes.wait()), "");
  }
}

TEST(ProcessFailure, AKilledRankIsNamedByAll) {
  expectNamed(4, 2, SIGKILL, loopbackConfig(), "died (connection closed)");
}

TEST(ProcessFailure, AKilledRankZeroWithTheRootIsNamedByAll) {
  expectNamed(4, 0, SIGKILL, loopbackConfig(), "died (connection closed)");
}

TEST(ProcessFailure, AStoppedRankIsNamedByAllAndLearnsOfItLater) {
  expectNamed(3, 1, SIGSTOP, withHeartbeats(100 * kMillisecond, 300 * kMillisecond),
              "has been silent for");
}

TEST(ProcessFailure, AStoppedRankZeroWithTheRootIsNamedByAllAndLearnsOfItLater) {
  expectNamed(3, 0, SIGSTOP, withHeartbeats(100 * kMillisecond, 300 * kMillisecond),
              "has been silent for");
}

TEST(ProcessFailure, AStopShorterThanTheLimitIsForgiven) {
  const Config config = withHeartbeats(100 * kMillisecond, 5 * kSecond);
  for (const int victim : {0, 1}) {
    test::RankProcesses processes(3, [&](test::RankProcess& self) {
      const auto bytes = self.sharedId<UniqueIdBytes>([&] { return createId(config).encode(); });
      RankUnderTest me;
      ASSERT_TRUE(me.join(UniqueId::decode(bytes).value(), 3, self.rank(), config).ok());
      self.setProgress(1);
      const Status error = me.awaitError(1500 * kMillisecond);
      EXPECT_TRUE(error.ok()) << error.message();
      self.meetAll();
      me.session->leave(0, kSecond);
    });
    for (int rank = 0; rank < 3; ++rank) ASSERT_TRUE(processes.awaitProgress(rank, 1));
    processes.signal(victim, SIGSTOP);
    (void)os::sys::poll(nullptr, 0, 500);
    processes.signal(victim, SIGCONT);
    EXPECT_EQ(test::notClean(processes.wait()), "");
  }
}

TEST(ProcessFailure, WithoutHeartbeatLimitNobodySuspectsAStoppedRank) {
  const Config config = withHeartbeats(100 * kMillisecond, 0);
  test::RankProcesses processes(2, [&](test::RankProcess& self) {
    const auto bytes = self.sharedId<UniqueIdBytes>([&] { return createId(config).encode(); });
    RankUnderTest me;
    ASSERT_TRUE(me.join(UniqueId::decode(bytes).value(), 2, self.rank(), config).ok());
    self.setProgress(1);
    const Status error = me.awaitError(800 * kMillisecond);
    EXPECT_TRUE(error.ok()) << error.message();
    self.meetAll();
    me.session->leave(0, kSecond);
  });
  for (int rank = 0; rank < 2; ++rank) ASSERT_TRUE(processes.awaitProgress(rank, 1));
  processes.signal(1, SIGSTOP);
  (void)os::sys::poll(nullptr, 0, 600);
  processes.signal(1, SIGCONT);
  EXPECT_EQ(test::notClean(processes.wait()), "");
}

// Rank 0 says goodbye and its process, with the root in it, ends; the others go on and then leave.
TEST(ProcessFailure, ARootThatLeavesProperlyIsNoFailure) {
  const auto ends = test::runProcesses(3, [](test::RankProcess& self) {
    const auto bytes = self.sharedId<UniqueIdBytes>([] { return createId().encode(); });
    RankUnderTest me;
    ASSERT_TRUE(me.join(UniqueId::decode(bytes).value(), 3, self.rank()).ok());
    ASSERT_TRUE(me.session->allGather({}, soon()).ok());
    if (self.rank() == 0) return me.session->leave(3, kSecond);
    auto out = me.session->connectTo(3 - self.rank(), 0, soon());
    ASSERT_TRUE(out.ok()) << out.status().message();
    const Status error = me.awaitError(300 * kMillisecond);
    EXPECT_TRUE(error.ok()) << error.message();
    auto in = me.session->acceptFrom(3 - self.rank(), 0, soon());
    ASSERT_TRUE(in.ok()) << in.status().message();
    // Later connections need no root either.
    auto again = me.session->connectTo(3 - self.rank(), 1, soon());
    ASSERT_TRUE(again.ok()) << again.status().message();
    ASSERT_TRUE(me.session->acceptFrom(3 - self.rank(), 1, soon()).ok());
    me.session->leave(3, kSecond);
    EXPECT_FALSE(me.errors.raised()) << me.errors.status().message();
  });
  EXPECT_EQ(test::notClean(ends), "");
}

void expectForkedError(const Status& status) {
  EXPECT_EQ(status.code(), Code::kInvalidUsage);
  EXPECT_THAT(textOf(status), HasSubstr("forked child"));
}

// Everything that a child might do with the session it inherited.
void useInForkedChild(RankUnderTest& inherited) {
  Session& session = *inherited.session;
  expectForkedError(session.allGather({}, soon()).status());
  expectForkedError(session.connectTo(1, 0, soon()).status());
  expectForkedError(session.acceptFrom(1, 0, soon()).status());
  expectForkedError(session.offerDescriptor("x", 0));
  expectForkedError(session.fetchDescriptor(1, "x", soon()).status());
  expectForkedError(session.explainBrokenPeer(1, "x", kSecond));
  session.withdrawDescriptor("x");
  session.reportFailure(remoteError("x"), 1);
  session.reportWaiting({1, 1}, allReduceOf(1));
  session.leave(0, kSecond);
  session.abandon();
  inherited.session.reset();
  // Communicators of its own are another matter.
  const UniqueId id = createId();
  RankUnderTest own;
  EXPECT_TRUE(own.join(id, 1, 0).ok());
}

TEST(Fork, TheChildGetsErrorsAndTheParentGoesOn) {
  const auto ends = test::runProcesses(2, [](test::RankProcess& self) {
    const auto bytes = self.sharedId<UniqueIdBytes>([] { return createId().encode(); });
    RankUnderTest me;
    ASSERT_TRUE(me.join(UniqueId::decode(bytes).value(), 2, self.rank()).ok());
    for (int i = 0; i < 5; ++i) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        useInForkedChild(me);
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
      }
      int status = -1;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    EXPECT_TRUE(me.session->allGather({}, soon()).ok());
    me.session->leave(0, kSecond);
    EXPECT_FALSE(me.errors.raised()) << me.errors.status().message();
  });
  EXPECT_EQ(test::notClean(ends), "");
}

// A worker that a rank has forked holds no connection of it open.
TEST(Fork, ADeathIsSeenThoughAForkedChildLivesOn) {
  test::RankProcesses processes(2, [](test::RankProcess& self) {
    if (self.rank() == 0) return joinAndAwaitError(self, loopbackConfig());
    const auto bytes = self.sharedId<UniqueIdBytes>([] { return UniqueIdBytes{}; });
    RankUnderTest me;
    ASSERT_TRUE(me.join(UniqueId::decode(bytes).value(), 2, 1).ok());
    ASSERT_TRUE(me.session->allGather({}, soon()).ok());
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      (void)os::sys::poll(nullptr, 0, 5000);
      ::_exit(0);
    }
    self.setProgress(1);
    (void)os::sys::poll(nullptr, 0, 10000);
  });
  for (int rank = 0; rank < 2; ++rank) ASSERT_TRUE(processes.awaitProgress(rank, 1));
  processes.signal(1, SIGKILL);
  const Nanos start = nowNs();
  ASSERT_TRUE(processes.awaitProgress(0, 2));
  EXPECT_LT(nowNs() - start, 3 * kSecond);
  EXPECT_THAT(processes.said(0), HasSubstr("rank 1 on host"));
}

}  // namespace
}  // namespace inccl::bootstrap
