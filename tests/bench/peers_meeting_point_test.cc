// The clockwork of the comparison: barrier, decision, mailbox.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "peers/harness/meeting_point.h"
#include "peers_ranks.h"

namespace inccl::peers {
namespace {

class MeetingPointOfRanks : public testing::TestWithParam<int> {};

TEST_P(MeetingPointOfRanks, nobodyPassesABarrierBeforeTheLastHasCome) {
  constexpr int kBarriers = 200;
  TemporaryFolder folder;
  std::atomic<int> entered = 0;
  std::atomic<int> tooEarly = 0;
  onRanks(folder, GetParam(), [&](MeetingPoint& meeting) {
    for (int i = 0; i < kBarriers; ++i) {
      ++entered;
      meeting.barrier();
      if (entered < (i + 1) * meeting.ranks()) ++tooEarly;
      meeting.barrier();
    }
  });
  EXPECT_EQ(tooEarly, 0);
  EXPECT_EQ(entered, kBarriers * GetParam());
}

TEST_P(MeetingPointOfRanks, allRanksGetWhatRankZeroDecided) {
  TemporaryFolder folder;
  std::mutex mutex;
  std::multiset<uint64_t> decided;
  onRanks(folder, GetParam(), [&](MeetingPoint& meeting) {
    for (uint64_t round = 0; round < 3; ++round) {
      uint64_t mine = 1000 * round + static_cast<uint64_t>(meeting.rank());
      uint64_t value = meeting.decidedByRankZero(mine);
      std::lock_guard lock(mutex);
      decided.insert(value);
    }
  });
  auto perRound = static_cast<size_t>(GetParam());
  EXPECT_EQ(decided.count(0), perRound);
  EXPECT_EQ(decided.count(1000), perRound);
  EXPECT_EQ(decided.count(2000), perRound);
}

INSTANTIATE_TEST_SUITE_P(Ranks, MeetingPointOfRanks, testing::Values(1, 2, 3, 5, 8));

TEST(MeetingPoint, mailboxCarriesTheBytesOfRankZero) {
  TemporaryFolder folder;
  std::atomic<int> right = 0;
  onRanks(folder, 3, [&](MeetingPoint& meeting) {
    unsigned char id[kMailboxBytes];
    if (meeting.rank() == 0) {
      for (size_t i = 0; i < kMailboxBytes; ++i) id[i] = static_cast<unsigned char>(i * 7);
      meeting.leaveInMailbox(id, sizeof(id));
      return;
    }
    meeting.takeFromMailbox(id, sizeof(id));
    bool same = true;
    for (size_t i = 0; i < kMailboxBytes; ++i)
      same = same && id[i] == static_cast<unsigned char>(i * 7);
    right += same ? 1 : 0;
  });
  EXPECT_EQ(right, 2);
}

TEST(MeetingPoint, countsEntriesOfAllRanks) {
  TemporaryFolder folder;
  onRanks(folder, 3, [&](MeetingPoint& meeting) {
    meeting.countEntry();
    meeting.barrier();
    EXPECT_EQ(meeting.entries(), 3U);
  });
}

TEST(MeetingPointDeathTest, refusesWhatDoesNotFit) {
  TemporaryFolder folder;
  std::string path = folder.file("control");
  EXPECT_EXIT(MeetingPoint(path, 2, 2, false), testing::ExitedWithCode(1), "rank 2 of 2");
  EXPECT_EXIT(MeetingPoint(path, 0, kMaxRanks + 1, false), testing::ExitedWithCode(1),
              "out of range");
  EXPECT_EXIT(MeetingPoint("/nonexistent/control", 0, 1, false), testing::ExitedWithCode(1),
              "cannot open /nonexistent/control: No such file");
  EXPECT_EXIT(MeetingPoint(path, 0, 1, false).leaveInMailbox("", kMailboxBytes + 1),
              testing::ExitedWithCode(1), "too small for 257 bytes");
}

}  // namespace
}  // namespace inccl::peers
