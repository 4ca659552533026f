// Comparing what others wait in with what this rank does, at once or when it gets there.
#include "bootstrap/question_book.h"

#include <gtest/gtest.h>

#include "bootstrap/session_fixture.h"

namespace inccl::bootstrap {
namespace {

void begin(OpHistory& history, uint32_t sequence, uint64_t count) {
  history.begin({sequence, allReduceOf(count).digest()}, allReduceOf(count));
}

TEST(QuestionBook, EqualCallsAreNoDifference) {
  OpHistory history;
  QuestionBook book(3);
  begin(history, 1, 4);
  book.ask(2, 1, allReduceOf(4));
  EXPECT_EQ(book.findDifference(0, history), std::nullopt);
}

TEST(QuestionBook, ADifferenceNamesBothRanksLowerFirst) {
  OpHistory history;
  begin(history, 7, 4);
  QuestionBook book(3);
  book.ask(1, 7, allReduceOf(5));
  EXPECT_EQ(book.findDifference(0, history),
            "rank 0 called all_reduce count 4 type float op sum as operation 7, rank 1 called "
            "all_reduce count 5 type float op sum");
  book.ask(1, 7, allReduceOf(5));
  EXPECT_EQ(book.findDifference(2, history),
            "rank 1 called all_reduce count 5 type float op sum as operation 7, rank 2 called "
            "all_reduce count 4 type float op sum");
  // Answered: it is not answered again.
  EXPECT_EQ(book.findDifference(2, history), std::nullopt);
}

TEST(QuestionBook, AQuestionWaitsUntilThisRankGetsThere) {
  OpHistory history;
  QuestionBook book(2);
  book.ask(1, 3, allReduceOf(5));
  for (uint32_t sequence = 1; sequence < 3; ++sequence) {
    begin(history, sequence, 9);
    EXPECT_EQ(book.findDifference(0, history), std::nullopt) << sequence;
  }
  begin(history, 3, 4);
  EXPECT_NE(book.findDifference(0, history), std::nullopt);
}

TEST(QuestionBook, OnlyTheNewestQuestionOfARankCounts) {
  OpHistory history;
  QuestionBook book(2);
  book.ask(1, 3, allReduceOf(5));
  book.ask(1, 4, allReduceOf(4));
  begin(history, 3, 4);
  EXPECT_EQ(book.findDifference(0, history), std::nullopt);
  begin(history, 4, 4);
  EXPECT_EQ(book.findDifference(0, history), std::nullopt);
}

TEST(QuestionBook, SeveralRanksMayAsk) {
  OpHistory history;
  QuestionBook book(4);
  book.ask(1, 1, allReduceOf(4));
  book.ask(3, 1, allReduceOf(6));
  begin(history, 1, 4);
  const auto difference = book.findDifference(0, history);
  ASSERT_TRUE(difference.has_value());
  EXPECT_NE(difference->find("rank 3 called all_reduce count 6"), std::string::npos);
}

TEST(QuestionBook, ForgottenOperationsAndForeignRanksAreIgnored) {
  OpHistory history;
  QuestionBook book(2);
  for (uint32_t sequence = 1; sequence <= OpHistory::kLength + 5; ++sequence)
    begin(history, sequence, 4);
  book.ask(1, 2, allReduceOf(5));
  EXPECT_EQ(book.findDifference(0, history), std::nullopt);
  book.ask(2, 2, allReduceOf(5));
  book.ask(-1, 2, allReduceOf(5));
  EXPECT_EQ(book.findDifference(0, history), std::nullopt);
}

TEST(QuestionBook, SequencesMayWrapAround) {
  OpHistory history;
  QuestionBook book(2);
  begin(history, 0xffffffff, 4);
  book.ask(1, 2, allReduceOf(5));
  EXPECT_EQ(book.findDifference(0, history), std::nullopt) << "operation 2 comes after the wrap";
  begin(history, 2, 4);
  EXPECT_NE(book.findDifference(0, history), std::nullopt);
}

}  // namespace
}  // namespace inccl::bootstrap
