// The timing loop: what it counts, and that all ranks make the same number of calls.
#include <gtest/gtest.h>
#include <time.h>

#include <array>
#include <atomic>
#include <numeric>

#include "peers/harness/timing_loop.h"
#include "peers_ranks.h"

namespace inccl::peers {
namespace {

TEST(Summarise, ofNothingIsNothing) {
  CallTimes times = summarise({});
  EXPECT_EQ(times.calls, 0U);
  EXPECT_EQ(times.p50, 0U);
}

TEST(Summarise, medianMeanAndEnds) {
  CallTimes one = summarise({42});
  EXPECT_EQ(one.p50, 42U);
  EXPECT_EQ(one.p95, 42U);
  CallTimes odd = summarise({30, 10, 20});
  EXPECT_EQ(odd.p50, 20U);
  EXPECT_EQ(odd.lowest, 10U);
  EXPECT_DOUBLE_EQ(odd.mean, 20);
  EXPECT_EQ(summarise({40, 10, 20, 30}).p50, 20U);
  std::vector<uint64_t> hundredAndOne(101);
  std::iota(hundredAndOne.rbegin(), hundredAndOne.rend(), 0);
  CallTimes many = summarise(hundredAndOne);
  EXPECT_EQ(many.p50, 50U);
  EXPECT_EQ(many.p95, 95U);
}

TEST(CallsThatFit, staysWithinItsBounds) {
  TimeSlice slice{.nanoseconds = 1'000'000, .minCalls = 5, .maxCalls = 100};
  EXPECT_EQ(callsThatFit(slice, 100'000), 7U);
  EXPECT_EQ(callsThatFit(slice, 500'000), 5U);
  EXPECT_EQ(callsThatFit(slice, 2'000'000), 2U);
  EXPECT_EQ(callsThatFit(slice, 1e9), 1U);
  EXPECT_EQ(callsThatFit(slice, 1), 100U);
  EXPECT_EQ(callsThatFit(slice, 0), 100U);
  slice.maxCalls = 1'000'000;
  EXPECT_EQ(callsThatFit(slice, 1), kMaxCalls);
  slice.minCalls = slice.maxCalls = 0;
  EXPECT_EQ(callsThatFit(slice, 1), 1U);
}

TEST(TimeCalls, everyRankMakesTheCallsThatRankZeroChose) {
  TemporaryFolder folder;
  std::array<std::atomic<uint64_t>, 3> calls{};
  CallTimes ofRankZero;
  TimeSlice slice{.nanoseconds = 5'000'000, .minCalls = 3, .maxCalls = 50};
  onRanks(folder, 3, [&](MeetingPoint& meeting) {
    auto me = static_cast<size_t>(meeting.rank());
    CallTimes times = timeCalls(meeting, slice, [&] { ++calls[me]; });
    if (me == 0) ofRankZero = times;
  });
  EXPECT_EQ(calls[0], calls[1]);
  EXPECT_EQ(calls[0], calls[2]);
  EXPECT_GE(ofRankZero.calls, 3U);
  EXPECT_LE(ofRankZero.calls, 50U);
  EXPECT_GT(calls[0], ofRankZero.calls) << "there was no warm-up";
}

TEST(TimeCalls, aCallLastsAsLongAsOnItsSlowestRank) {
  constexpr long kMillisecond = 1'000'000;
  TemporaryFolder folder;
  CallTimes ofRankZero;
  TimeSlice slice{.nanoseconds = 100 * kMillisecond, .minCalls = 5, .maxCalls = 5};
  onRanks(folder, 3, [&](MeetingPoint& meeting) {
    CallTimes times = timeCalls(meeting, slice, [&] {
      timespec duration{.tv_sec = 0, .tv_nsec = meeting.rank() == 1 ? kMillisecond : 0};
      nanosleep(&duration, nullptr);
    });
    if (meeting.rank() == 0) ofRankZero = times;
  });
  EXPECT_EQ(ofRankZero.calls, 5U);
  EXPECT_GE(ofRankZero.lowest, static_cast<uint64_t>(kMillisecond));
}

}  // namespace
}  // namespace inccl::peers
