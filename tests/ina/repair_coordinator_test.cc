// What the coordinator decides from reports, and that it believes none that cannot be true.
#include "ina/repair_coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace inccl::ina {
namespace {

using ::testing::HasSubstr;

struct Posted {
  int to;
  std::vector<std::byte> note;
  [[nodiscard]] wire::RepairKind kind() const { return static_cast<wire::RepairKind>(note[0]); }
};

class RepairCoordinatorTest : public testing::Test {
 protected:
  RepairCoordinator& coordinator(int ranks, uint32_t slots) {
    return coordinator_.emplace(ranks, slots, [this](int to, std::vector<std::byte> note) {
      posted_.push_back({to, std::move(note)});
    });
  }
  template <typename Message>
  void tell(int from, const Message& message) {
    coordinator_->onNote(from, wire::encodeRepair(message));
  }
  void seal() {
    tell(1, wire::RepairSuspect{"silent"});
    ASSERT_EQ(posted_.size(), 1u);
    EXPECT_EQ(posted_[0].kind(), wire::RepairKind::kSeal);
    EXPECT_EQ(posted_[0].to, kToAllRanks);
    posted_.clear();
  }
  wire::RepairCommit commit() const {
    EXPECT_FALSE(posted_.empty());
    EXPECT_EQ(posted_.back().kind(), wire::RepairKind::kCommit);
    return wire::decodeRepair<wire::RepairCommit>(posted_.back().note).value();
  }
  static wire::RepairGive give(uint16_t slot, std::vector<int32_t> words) {
    wire::RepairGive give;
    give.slot = slot;
    give.type = wire::LaneType::kInt32;
    give.op = wire::LaneOp::kSum;
    give.payload.resize(words.size() * 4);
    if (!words.empty()) std::memcpy(give.payload.data(), words.data(), give.payload.size());
    return give;
  }

  std::optional<RepairCoordinator> coordinator_;
  std::vector<Posted> posted_;
};

TEST_F(RepairCoordinatorTest, WhatAllHaveNeedsNothing) {
  coordinator(2, 2);
  seal();
  tell(1, wire::RepairSuspect{"again"});
  tell(0, wire::RepairReport{3, false, 0, {5, 4}, {1, 1}});
  EXPECT_TRUE(posted_.empty());
  tell(1, wire::RepairReport{4, true, 9, {5, 4}, {1, 1}});
  const auto decided = commit();
  EXPECT_EQ(decided.failure, "");
  EXPECT_EQ(decided.operation, 3u);
  EXPECT_EQ(decided.uses, (std::vector<uint32_t>{5, 4}));
  EXPECT_EQ(posted_.size(), 1u);
}

TEST_F(RepairCoordinatorTest, TheLowestWhoHasASumIsAskedForIt) {
  coordinator(3, 2);
  seal();
  tell(0, wire::RepairReport{1, true, 9, {0, 1}, {0, 0}});
  tell(1, wire::RepairReport{1, true, 9, {1, 1}, {1, 0}});
  tell(2, wire::RepairReport{1, true, 9, {1, 1}, {1, 0}});
  ASSERT_EQ(posted_.size(), 1u);
  EXPECT_EQ(posted_[0].to, 1);
  const auto fetch = wire::decodeRepair<wire::RepairFetch>(posted_[0].note).value();
  EXPECT_EQ(fetch.slots, (std::vector<uint16_t>{0}));
  EXPECT_EQ(fetch.uses, (std::vector<uint32_t>{0}));
  tell(1, give(0, {11, 22}));
  EXPECT_EQ(commit().uses, (std::vector<uint32_t>{1, 1}));
  ASSERT_EQ(posted_.size(), 3u);
  const auto value = wire::decodeRepair<wire::RepairValue>(posted_[1].note).value();
  EXPECT_EQ(value.payload, give(0, {11, 22}).payload);
  EXPECT_EQ(posted_[1].to, kToAllRanks);
}

TEST_F(RepairCoordinatorTest, WithoutASumAllContributionsAreAdded) {
  coordinator(3, 1);
  seal();
  tell(0, wire::RepairReport{1, true, 9, {0}, {0}});
  tell(1, wire::RepairReport{1, false, 0, {1}, {0}});
  tell(2, wire::RepairReport{1, true, 9, {0}, {0}});
  EXPECT_EQ(posted_.size(), 3u);
  tell(2, give(0, {1, -5}));
  tell(0, give(0, {}));
  tell(1, give(0, {2, 7}));
  commit();
  const auto value = wire::decodeRepair<wire::RepairValue>(posted_[3].note).value();
  EXPECT_EQ(value.payload, give(0, {3, 2}).payload);
}

TEST_F(RepairCoordinatorTest, ReportsThatCannotBeTrueEndTheRepair) {
  struct Case {
    wire::RepairReport other;
    const char* why;
  };
  for (const Case& wrong : {Case{{1, true, 9, {2}, {1}}, "2 and 0 uses of slot 0"},
                            Case{{1, true, 8, {0}, {0}}, "different operations"},
                            Case{{1, true, 9, {0, 0}, {0, 0}}, "2 slots of 1"},
                            Case{{1, true, 9, {0}, {}}, "1 slots of 1"}}) {
    coordinator(2, 1);
    posted_.clear();
    seal();
    tell(0, wrong.other);
    if (posted_.empty()) tell(1, wire::RepairReport{1, true, 9, {0}, {0}});
    EXPECT_THAT(commit().failure, HasSubstr(wrong.why));
  }
}

TEST_F(RepairCoordinatorTest, NotesThatCannotBeReadEndTheRepair) {
  coordinator(2, 1);
  seal();
  auto note = wire::encodeRepair(wire::RepairReport{1, true, 9, {0}, {0}});
  note.pop_back();
  coordinator_->onNote(1, note);
  EXPECT_THAT(commit().failure, HasSubstr("rank 1"));
  const size_t before = posted_.size();
  tell(0, wire::RepairSuspect{"again"});
  coordinator_->onNote(0, {});
  EXPECT_EQ(posted_.size(), before);
}

TEST_F(RepairCoordinatorTest, AChunkOfAnotherLengthEndsTheRepair) {
  coordinator(2, 1);
  seal();
  tell(0, wire::RepairReport{1, true, 9, {0}, {0}});
  tell(1, wire::RepairReport{1, false, 0, {1}, {0}});
  tell(0, give(0, {1}));
  tell(1, give(0, {1, 2}));
  EXPECT_THAT(commit().failure, HasSubstr("another chunk"));
}

}  // namespace
}  // namespace inccl::ina
