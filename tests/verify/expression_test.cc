// Trees: equal ones get one number, commuted ones too, regrouped ones do not.
#include "verify/expression.h"

#include <gtest/gtest.h>

namespace inccl::verify {
namespace {

TEST(ExpressionPoolTest, LeavesAreTheirContribution) {
  ExpressionPool pool(false);
  EXPECT_EQ(pool.leaf({1, 2}), pool.leaf({1, 2}));
  EXPECT_NE(pool.leaf({1, 2}), pool.leaf({2, 1}));
  EXPECT_EQ(pool.contributions(pool.leaf({1, 2}), 5), (std::vector<Contribution>{{1, 2}}));
}

TEST(ExpressionPoolTest, SumsCommuteButDoNotAssociate) {
  for (const bool roundsOnce : {false, true}) {
    ExpressionPool pool(roundsOnce);
    const ExpressionId c = pool.leaf({2, 0}), b = pool.leaf({1, 0}), a = pool.leaf({0, 0});
    EXPECT_EQ(pool.sum({a, b}), pool.sum({b, a}));
    EXPECT_EQ(pool.sum({pool.sum({a, b}), c}), pool.sum({c, pool.sum({b, a})}));
    EXPECT_NE(pool.sum({pool.sum({a, b}), c}), pool.sum({a, pool.sum({b, c})}));
    EXPECT_EQ(pool.sum({a, b, c}), pool.sum({b, a, c}));
    EXPECT_NE(pool.sum({a, b, c}), pool.sum({a, c, b}));
  }
}

TEST(ExpressionPoolTest, ManyTermsAreStepsUnlessTheyAreRoundedOnce) {
  ExpressionPool wide(false), narrow(true);
  for (ExpressionPool* pool : {&wide, &narrow}) {
    const ExpressionId a = pool->leaf({0, 0}), b = pool->leaf({1, 0}), c = pool->leaf({2, 0});
    EXPECT_EQ(pool->sum({a, b, c}) == pool->sum({pool->sum({a, b}), c}), pool == &wide);
  }
}

TEST(ExpressionPoolTest, ContributionsCountRepetitionAndStopAtTheLimit) {
  ExpressionPool pool(false);
  const ExpressionId a = pool.leaf({0, 0}), b = pool.leaf({1, 0});
  EXPECT_EQ(pool.contributions(pool.sum({pool.sum({a, b}), a}), 9).size(), 3u);
  ExpressionId doubled = a;
  for (int i = 0; i < 64; ++i) doubled = pool.sum({doubled, doubled});
  EXPECT_EQ(pool.contributions(doubled, 10).size(), 11u);  // not 2^64
}

TEST(ExpressionPoolTest, DescriptionsStayShort) {
  ExpressionPool pool(false);
  EXPECT_EQ(pool.describe(pool.sum({pool.leaf({0, 7}), pool.leaf({1, 7}), pool.leaf({2, 7})})),
            "(r2 + (r0 + r1))");
  ExpressionId chain = pool.leaf({0, 0});
  for (int rank = 1; rank < 5000; ++rank) chain = pool.sum({chain, pool.leaf({rank, 0})});
  EXPECT_LT(pool.describe(chain).size(), 200u);
}

}  // namespace
}  // namespace inccl::verify
