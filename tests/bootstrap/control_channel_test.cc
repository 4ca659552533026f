// Goodbyes and questions: what ranks tell each other besides failures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bootstrap/session_fixture.h"
#include "support/run_ranks.h"

namespace inccl::bootstrap {
namespace {

using ::testing::HasSubstr;

constexpr int kBriefMs = 60;  // long enough for a message to have come, were it sent

OpTag begin(RankUnderTest& self, uint32_t sequence, const OpSignature& signature) {
  const OpTag tag(sequence, signature.digest());
  self.history.begin(tag, signature);
  return tag;
}

void meet(RankUnderTest& self) {
  const auto met = self.session->allGather({}, soon());
  ASSERT_TRUE(met.ok()) << met.status().message();
}

TEST(Goodbye, LeavingTogetherIsNoFailure) {
  for (int round = 0; round < 20; ++round) {
    const UniqueId id = createId();
    test::runRanks(4, [&](int rank) {
      RankUnderTest self;
      ASSERT_TRUE(self.join(id, 4, rank).ok());
      begin(self, 1, allReduceOf(4));
      self.history.end(1);
      self.session->leave(1, kSecond);
      self.session.reset();
      EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
    });
  }
}

TEST(Goodbye, OperationsUpToTheLastOneGoOn) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    meet(self);
    const OpSignature signature = allReduceOf(4);
    const OpTag tag = begin(self, 5, signature);
    if (rank == 1) return self.session->leave(5, kSecond);
    self.session->reportWaiting(tag, signature);
    (void)os::sys::poll(nullptr, 0, kBriefMs);
    EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
    // Connections to it are refused with the reason.
    const auto connected = self.session->connectTo(1, 0, soon());
    EXPECT_THAT(textOf(connected.status()), HasSubstr("left (destroyed its communicator)"));
    self.session->leave(5, kSecond);
  });
}

TEST(Goodbye, AnOperationAfterTheLastOneFailsForAllWhoNeedIt) {
  for (const bool waitsBefore : {false, true}) {
    const UniqueId id = createId();
    test::runRanks(3, [&](int rank) {
      RankUnderTest self;
      ASSERT_TRUE(self.join(id, 3, rank).ok());
      meet(self);
      if (rank == 1) {
        if (waitsBefore) (void)os::sys::poll(nullptr, 0, kBriefMs);
        self.session->leave(5, kSecond);
        (void)os::sys::poll(nullptr, 0, kBriefMs);
        EXPECT_FALSE(self.errors.raised()) << "it has left";
        return;
      }
      const OpSignature signature = allReduceOf(4);
      const OpTag tag = begin(self, 6, signature);
      if (!waitsBefore) (void)os::sys::poll(nullptr, 0, kBriefMs);
      self.session->reportWaiting(tag, signature);
      const Status error = self.awaitError();
      EXPECT_EQ(error.code(), Code::kRemoteError);
      EXPECT_THAT(textOf(error), HasSubstr("rank 1 on host"));
      EXPECT_THAT(textOf(error), HasSubstr("left (destroyed its communicator) after operation 5"));
      EXPECT_THAT(textOf(error), HasSubstr("during operation 6"));
    });
  }
}

TEST(Goodbye, AnEndedOperationNeedsNobody) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    meet(self);
    if (rank == 1) return self.session->leave(5, kSecond);
    const OpSignature signature = allReduceOf(4);
    const OpTag tag = begin(self, 6, signature);
    self.history.end(6);
    self.session->reportWaiting(tag, signature);
    (void)os::sys::poll(nullptr, 0, kBriefMs);
    EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
    self.session->leave(6, kSecond);
  });
}

TEST(Goodbye, AWaitForARankThatLeavesEnds) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    meet(self);
    if (rank == 1) {
      (void)os::sys::poll(nullptr, 0, 20);
      return self.session->leave(0, kSecond);
    }
    const auto accepted = self.session->acceptFrom(1, 0, soon());
    EXPECT_THAT(textOf(accepted.status()), HasSubstr("rank 1 on host"));
    EXPECT_THAT(textOf(accepted.status()), HasSubstr("left"));
    const auto gathered = self.session->allGather({}, soon());
    EXPECT_THAT(textOf(gathered.status()), HasSubstr("left"));
  });
}

void expectMismatch(const RankUnderTest& self) {
  const Status error = self.awaitError();
  EXPECT_EQ(error.code(), Code::kInvalidUsage);
  EXPECT_EQ(textOf(error),
            "rank 0 called all_reduce count 4 type float op sum as operation 7, rank 1 called "
            "all_reduce count 5 type float op sum");
  (void)os::sys::poll(nullptr, 0, kBriefMs);  // until the others know
}

TEST(Question, ADifferentCallIsFoundAtOnce) {
  const UniqueId id = createId();
  test::runRanks(3, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 3, rank).ok());
    const OpSignature signature = allReduceOf(rank == 1 ? 5 : 4);
    // Rank 2 is elsewhere, and is told all the same.
    const OpTag tag = begin(self, rank == 2 ? 3 : 7, signature);
    meet(self);
    if (rank == 0) self.session->reportWaiting(tag, signature);
    expectMismatch(self);
  });
}

TEST(Question, ADifferentCallIsFoundWhenTheRankGetsThere) {
  const UniqueId id = createId();
  test::runRanks(2, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 2, rank).ok());
    const OpSignature signature = allReduceOf(rank == 1 ? 5 : 4);
    meet(self);
    if (rank == 0) self.session->reportWaiting(begin(self, 7, signature), signature);
    if (rank == 1) {
      (void)os::sys::poll(nullptr, 0, kBriefMs);
      EXPECT_FALSE(self.errors.raised());
      begin(self, 7, signature);
    }
    expectMismatch(self);
  });
}

TEST(Question, EqualCallsAreLeftInPeace) {
  const UniqueId id = createId();
  test::runRanks(4, [&](int rank) {
    RankUnderTest self;
    ASSERT_TRUE(self.join(id, 4, rank).ok());
    meet(self);
    for (uint32_t sequence = 1; sequence <= 3; ++sequence) {
      const OpSignature signature = allReduceOf(sequence * 100);
      const OpTag tag = begin(self, sequence, signature);
      self.session->reportWaiting(tag, signature);
      self.session->reportWaiting(tag, signature);
    }
    (void)os::sys::poll(nullptr, 0, 300);  // at least one tick
    EXPECT_FALSE(self.errors.raised()) << self.errors.status().message();
    meet(self);
    self.session->leave(3, kSecond);
  });
}

}  // namespace
}  // namespace inccl::bootstrap
