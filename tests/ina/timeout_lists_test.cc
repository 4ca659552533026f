// Slots come due in order, whatever was armed and disarmed in between.
#include "ina/timeout_lists.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ina/round_trip.h"
#include "support/seed.h"

namespace inccl::ina {
namespace {

TEST(TimeoutLists, EqualTheSimplestListOfAll) {
  std::mt19937_64 random = test::trialRandom(0);
  TimeoutLists lists(16);
  std::map<uint32_t, std::pair<uint32_t, Nanos>> armed;  // level, due
  Nanos now = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto slot = static_cast<uint32_t>(random() % 16);
    switch (random() % 3) {
      case 0: {
        const auto level = static_cast<uint32_t>(random() % TimeoutLists::kLevels);
        const Nanos due = now + (Nanos{10} << level);
        lists.arm(slot, level, due);
        armed[slot] = {level, due};
        break;
      }
      case 1:
        lists.disarm(slot);
        armed.erase(slot);
        break;
      default:
        now += static_cast<Nanos>(random() % 8);
        for (uint32_t due; (due = lists.takeDue(now)) != TimeoutLists::kNone;) {
          ASSERT_EQ(armed.count(due), 1u);
          ASSERT_LE(armed[due].second, now);
          armed.erase(due);
        }
        for (const auto& [late, when] : armed) ASSERT_GT(when.second, now) << late;
    }
    Nanos soonest = INT64_MAX;
    for (const auto& [later, when] : armed) soonest = std::min(soonest, when.second);
    ASSERT_EQ(lists.next(INT64_MAX), soonest);
  }
}

TEST(RoundTrip, FollowsRfc6298WithinBounds) {
  RoundTrip roundTrip;
  EXPECT_EQ(roundTrip.timeout(0), RoundTrip::kFirst);
  EXPECT_EQ(roundTrip.timeout(2), 4 * RoundTrip::kFirst);
  roundTrip.sample(2 * kMillisecond);
  EXPECT_EQ(roundTrip.timeout(0), 6 * kMillisecond);  // 2 + 4 · 1
  for (int i = 0; i < 200; ++i) roundTrip.sample(100 * kMicrosecond);
  EXPECT_EQ(roundTrip.timeout(0), RoundTrip::kLeast);
  for (int i = 0; i < 200; ++i) roundTrip.sample(10 * kSecond);
  EXPECT_EQ(roundTrip.timeout(9), RoundTrip::kMost);
}

}  // namespace
}  // namespace inccl::ina
