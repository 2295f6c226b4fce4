#include "esscher/temperature/best_of_n_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

BestOfNValue best_of(double n, double gain, double error = 0.1) {
  BestOfNValue value;
  value.n = n;
  value.gain = {gain, error};
  value.ess = 100;
  return value;
}

/// Ends 0.2 away on both sides.
BestOfNAdvice advise(const std::vector<BestOfNValue>& points) {
  std::vector<Interval> gains;
  for (const BestOfNValue& each : points) {
    gains.push_back({each.gain.value - 0.2, each.gain.value + 0.2});
  }
  return advise_best_of_n(points, gains);
}

TEST(BestOfNAdvice, IsSafeUntilTheGoldValueTurns) {
  const BestOfNAdvice advice =
      advise({best_of(2, 0.3), best_of(4, 0.6), best_of(8, 0.65), best_of(16, 0.4)});
  EXPECT_EQ(advice.recommended, 8);
  EXPECT_EQ(advice.largest, 8);
  EXPECT_EQ(advice.largest_excluded, 16);
  EXPECT_EQ(advice.limit, AdviceLimit::gold_turned);
  EXPECT_DOUBLE_EQ(advice.gain->interval->low, 0.45);
  EXPECT_THAT(advice.verdict, testing::StartsWith("Best-of-n is safe up to n = 8. Recommended: 8, "
                                                  "with a gain of at least 0.45 over the "
                                                  "reference (estimate 0.65, at most 0.85)."));
  EXPECT_THAT(advice.verdict, testing::HasSubstr("before 16"));
}

TEST(BestOfNAdvice, GoesOnWhereTheGoldValueStandsStill) {
  const BestOfNAdvice advice = advise({best_of(2, 0.6), best_of(4, 0.55), best_of(8, 0.55)});
  EXPECT_EQ(advice.recommended, 2);
  EXPECT_EQ(advice.largest, 8);
  EXPECT_FALSE(advice.largest_excluded);
  EXPECT_EQ(advice.limit, AdviceLimit::grid_end);
}

TEST(BestOfNAdvice, GoesByTheLabelledRowsWhereThesePromiseMore) {
  std::vector<BestOfNValue> points{best_of(2, 0.5), best_of(4, 0.9)};
  points[1].ess = 4;
  const std::vector<Interval> gains{{0.4, 0.6}, {0.8, 1}};
  const std::vector<BestOfNValue> labelled{best_of(2, 0.4), best_of(4, 0.8)};
  const std::vector<Interval> labelled_gains{{0.1, 0.7}, {0.6, 1}};
  const auto advise_twice = [&] {
    return advise_best_of_n(points, gains, {RewardOrigin::learned}, {labelled, labelled_gains});
  };
  EXPECT_EQ(advise_twice().largest, 4);
  EXPECT_EQ(advise_twice().gain->value, 0.8);
  EXPECT_TRUE(advise_twice().of_labelled);
  points[1].coverage = 2.1;  // of 4 effective rows 1 +- 0.5
  EXPECT_EQ(advise_twice().largest, 2);
  EXPECT_EQ(advise_twice().gain->interval->low, 0.4);
  EXPECT_FALSE(advise_twice().of_labelled);
}

TEST(BestOfNAdvice, NeedsSeveralEffectiveRows) {
  std::vector<BestOfNValue> points{best_of(2, 0.5), best_of(4, 0.9)};
  points[1].ess = 4;
  EXPECT_EQ(advise(points).largest, 2);
  EXPECT_EQ(advise(points).limit, AdviceLimit::unreliable);
  points[1].gain.standard_error = 0;  // of a whole table nothing is estimated
  EXPECT_EQ(advise(points).largest, 4);
}

TEST(BestOfNAdvice, SaysThatNoChoiceIsSafe) {
  const BestOfNAdvice advice = advise({best_of(2, 0.1), best_of(4, 0.15)});
  EXPECT_FALSE(advice.largest);
  EXPECT_FALSE(advice.gain);
  EXPECT_THAT(advice.verdict, testing::StartsWith("No safe n"));
  EXPECT_THAT(advice.verdict, testing::HasSubstr("nearest to it at 4: 0.15 [-0.05, 0.35]"));
  EXPECT_THAT(advise({best_of(2, -0.5)}).verdict, testing::HasSubstr("the reward misleads"));
}

TEST(BestOfNAdvice, NeedsAscendingNumbers) {
  EXPECT_THROW(advise({}), UsageError);
  EXPECT_THROW(advise({best_of(1, 1)}), UsageError);
  EXPECT_THROW(advise({best_of(4, 1), best_of(2, 1)}), UsageError);
  EXPECT_THROW(advise_best_of_n(std::vector{best_of(2, 1)}, {}), UsageError);
}

}  // namespace
}  // namespace esscher
