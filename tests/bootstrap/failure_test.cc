// One rank fails, all ranks say so in the same words: ranks as threads.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "bootstrap/session_fixture.h"
#include "os/host_identity.h"
#include "support/run_ranks.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;

class Failures : public ::testing::TestWithParam<int> {};

TEST_P(Failures, ASessionThatGoesWithoutGoodbyeIsADeathForAllOthers) {
  const int size = GetParam();
  const UniqueId id = createId();
  for (int victim : {0, size - 1}) {
    const UniqueId fresh = victim == 0 ? id : createId();
    test::runRanks(size, [&](int rank) {
      RankUnderTest self;
      ASSERT_TRUE(self.join(fresh, size, rank).ok());
      ASSERT_TRUE(self.session->allGather({}, soon()).ok());
      if (rank == victim) return;  // destroys the session
      const Status error = self.awaitError();
      EXPECT_EQ(error.code(), Code::kRemoteError);
      EXPECT_EQ(textOf(error),
                fmt::format("rank {} on host {} (pid {}) died (connection closed) before the first "
                            "operation",
                            victim, os::hostName(), ::getpid()));
      // Sticky: every call fails with it.
      EXPECT_EQ(textOf(self.session->allGather({}, soon()).status()), textOf(error));
    });
  }
}

TEST_P(Failures, AReportReachesAllInTheSameWords) {
  const int size = GetParam();
  const UniqueId id = createId();
  test::runRanks(size, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, size, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 1) {
      const Status failure(Code::kTimeout, "rank 1 waited 3 s for rank 0 on host x (pid 5)");
      EXPECT_TRUE(self.errors.raise(failure));
      self.session->reportFailure(failure, 0);
    }
    const Status error = self.awaitError();
    EXPECT_EQ(error.code(), Code::kTimeout);
    EXPECT_EQ(textOf(error), "rank 1 waited 3 s for rank 0 on host x (pid 5)");
    (void)os::sys::poll(nullptr, 0, 20);  // nobody goes before all have been told
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, Failures, ::testing::Values(2, 3, 5));

TEST(Failure, AReportThatNamesNobodyIsGivenTheReportersName) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 2) {
      const Status failure(Code::kSystemError, "no memory");
      EXPECT_TRUE(self.errors.raise(failure));
      self.session->reportFailure(failure, -1);
      (void)os::sys::poll(nullptr, 0, 50);
      return;
    }
    const Status error = self.awaitError();
    EXPECT_EQ(error.code(), Code::kSystemError);
    EXPECT_EQ(textOf(error), self.session->peers()[2].describe() + ": no memory");
  });
}

TEST(Failure, TheFirstOneWinsForAll) {
  const UniqueId id = createId();
  std::array<std::string, 4> words;
  test::runRanks(4, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 4, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    // Reports only: nothing is raised locally, so all depend on the arbiter.
    if (rank < 2)
      self.session->reportFailure(remoteError(fmt::format("rank {} is first", rank)), rank);
    words[static_cast<size_t>(rank)] = textOf(self.awaitError());
    (void)os::sys::poll(nullptr, 0, 20);
  });
  EXPECT_THAT(words[0], HasSubstr("is first"));
  for (const std::string& each : words) EXPECT_EQ(each, words[0]);
}

TEST(Failure, EveryRankAddsWhatItWasDoing) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    for (uint32_t sequence = 1; sequence <= 12; ++sequence) {
      const OpSignature signature = allReduceOf(sequence);
      self.history.begin({sequence, signature.digest()}, signature);
      if (sequence < 12 || rank == 1) self.history.end(sequence);
    }
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 2) return;
    const std::string error = textOf(self.awaitError());
    EXPECT_THAT(error, HasSubstr("died (connection closed)"));
    if (rank == 0)
      EXPECT_THAT(error, HasSubstr("during operation 12 (all_reduce count 12 type float op sum)"));
    else
      EXPECT_THAT(error, HasSubstr("after operation 12"));
  });
}

// Each of the blocking calls, waiting for something that will never come.
TEST(Failure, EndsEveryWait) {
  using Wait = Status (*)(Session&);
  const std::array<Wait, 3> waits = {
      [](Session& session) { return session.allGather({}, soon()).status(); },
      [](Session& session) { return session.acceptFrom(2, 5, soon()).status(); },
      [](Session& session) { return session.fetchDescriptor(2, "never", soon()).status(); },
  };
  for (const Wait& wait : waits) {
    const UniqueId id = createId();
    std::atomic<Nanos> died{0};
    test::runRanks(3, [&](int rank) {
      RankUnderTest self;
      ASSERT_TRUE(self.join(id, 3, rank).ok());
      ASSERT_TRUE(self.session->allGather({}, soon()).ok());
      if (rank == 2) {
        (void)os::sys::poll(nullptr, 0, 30);
        died = nowNs();
        return;
      }
      const Status ended = wait(*self.session);
      EXPECT_EQ(ended.code(), Code::kRemoteError);
      EXPECT_THAT(textOf(ended), HasSubstr("rank 2 on host"));
      EXPECT_LT(nowNs() - died, kSecond);
    });
  }
}

TEST(Failure, AnAbortEndsEveryWaitLocally) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 0) {
      EXPECT_TRUE(self.errors.raise(Status(Code::kAborted, "aborted")));
      const Nanos start = nowNs();
      EXPECT_EQ(self.session->allGather({}, soon()).status().code(), Code::kAborted);
      EXPECT_EQ(self.session->acceptFrom(1, 0, soon()).status().code(), Code::kAborted);
      EXPECT_EQ(self.session->connectTo(1, 0, soon()).status().code(), Code::kAborted);
      EXPECT_EQ(self.session->fetchDescriptor(1, "x", soon()).status().code(), Code::kAborted);
      self.session->leave(0, 10 * kSecond);
      self.session.reset();
      EXPECT_LT(nowNs() - start, kSecond);
    } else {
      // It left, in the end, as far as the others know.
      (void)os::sys::poll(nullptr, 0, 50);
      EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
    }
  });
}

TEST(Failure, DeadlinesEndEveryWait) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    const auto brief = [] { return Deadline::after(30 * kMillisecond); };
    EXPECT_EQ(self.session->acceptFrom(1 - rank, 3, brief()).status().code(), Code::kTimeout);
    EXPECT_EQ(self.session->fetchDescriptor(1 - rank, "never", brief()).status().code(),
              Code::kTimeout);
    if (rank == 0) {
      EXPECT_EQ(self.session->allGather({}, brief()).status().code(), Code::kTimeout);
    }
    EXPECT_FALSE(self.errors.raised());
    (void)os::sys::poll(nullptr, 0, 100);
    self.session->leave(0, kSecond);
  });
}

TEST(Abandon, IsADeathForAllOthersWhileTheSessionStillLives) {
  const UniqueId id = createId();
  std::array<std::atomic<bool>, 3> heard{};
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 1) {
      self.session->abandon();
      self.session->abandon();
      const Deadline deadline = soon();
      while (!(heard[0] && heard[2]) && !deadline.passed()) (void)os::sys::poll(nullptr, 0, 1);
      self.session->leave(0, kSecond);  // says nothing any more
      return;
    }
    const Status error = self.awaitError(2 * kSecond);
    EXPECT_THAT(textOf(error), HasSubstr("rank 1 on host"));
    EXPECT_THAT(textOf(error), HasSubstr("died (connection closed)"));
    heard[static_cast<size_t>(rank)] = true;
  });
}

// A group begins all its operations at once and ends them together.
TEST(Leavers, AreNoticedByARankThatWaitsInTheFirstOperationOfAGroup) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 1) return self.session->leave(0, kSecond);
    const OpSignature call = allReduceOf(4);
    self.history.begin(OpTag(1, call.digest()), call);
    self.history.begin(OpTag(2, call.digest()), call);
    self.session->reportWaiting(OpTag(1, call.digest()), call);
    const Status error = self.awaitError(3 * kSecond);
    EXPECT_EQ(error.code(), Code::kRemoteError);
    EXPECT_THAT(textOf(error), HasSubstr("left (destroyed its communicator) after operation 0"));
  });
}

TEST(BrokenPeer, TheArbitersWordsAreAwaited) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    if (rank == 2) {
      (void)os::sys::poll(nullptr, 0, 50);
      return;
    }
    const Status error = self.session->explainBrokenPeer(2, "all_reduce", 10 * kSecond);
    EXPECT_EQ(textOf(error), textOf(self.errors.status()));
    EXPECT_THAT(textOf(error), HasSubstr("rank 2 on host"));
    EXPECT_THAT(textOf(error), HasSubstr("died (connection closed)"));
  });
}

TEST(BrokenPeer, OwnWordsWhenNobodyKnowsAndAllHearThem) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    Status error;
    if (rank == 0)
      error = self.session->explainBrokenPeer(1, "all_reduce count 4", 30 * kMillisecond);
    else
      error = self.awaitError();
    EXPECT_EQ(error.code(), Code::kRemoteError);
    EXPECT_EQ(textOf(error), self.session->peers()[1].describe() +
                                 " closed its connection during all_reduce count 4");
    (void)os::sys::poll(nullptr, 0, 20);
  });
}

TEST(BrokenPeer, NobodyKnowsWhichIsSaidInTheReportersName) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    ASSERT_TRUE(self.session->allGather({}, soon()).ok());
    Status error;
    if (rank == 0)
      error = self.session->explainBrokenPeer(-1, "all_reduce count 4", 30 * kMillisecond);
    else
      error = self.awaitError();
    EXPECT_EQ(error.code(), Code::kRemoteError);
    EXPECT_EQ(textOf(error),
              self.session->peers()[0].describe() + " lost a connection during all_reduce count 4");
    EXPECT_TRUE(self.errors.raised());
    (void)os::sys::poll(nullptr, 0, 20);
  });
}

TEST(BrokenPeer, ARankThatHasLeftIsSaidToHaveLeft) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    if (rank == 1) return self.session->leave(9, kSecond);
    const Status error = self.session->explainBrokenPeer(1, "all_reduce", 10 * kSecond);
    EXPECT_EQ(error.code(), Code::kRemoteError);
    EXPECT_EQ(textOf(error), self.session->peers()[1].describe() +
                                 " left (destroyed its communicator) after operation 9");
    EXPECT_EQ(textOf(self.errors.status()), textOf(error));
  });
}

}  // namespace
}  // namespace inccl::bootstrap
