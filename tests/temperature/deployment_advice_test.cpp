#include "esscher/temperature/deployment_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

TablePolicyValue policy_point(double beta, double gold, double gain, double error = 0.1) {
  TablePolicyValue value;
  value.beta = beta;
  // The levels of prompts, common to all temperatures, tell nothing of one against another.
  value.value = {{5 + gold, 100 * error}};
  value.rise = {{gold, error}};
  value.gain = {{gain, error}};
  value.kl = {{0.1 / beta, 0}};
  value.ess = 100;
  return value;
}

/// Ends 0.2 away on both sides.
DeploymentAdvice advise(const std::vector<TablePolicyValue>& points) {
  std::vector<Interval> gains;
  for (const TablePolicyValue& each : points) {
    gains.push_back({each.gain.value - 0.2, each.gain.value + 0.2});
  }
  return advise_deployment(points, gains);
}

TEST(DeploymentAdvice, PicksTheLargestGainAmongEquallySureOnes) {
  const std::vector<TablePolicyValue> points{policy_point(0.5, 2, 0.6), policy_point(2, 1, 0.5),
                                             policy_point(1, 1.5, 0.7)};
  const DeploymentAdvice advice = advise(points);
  ASSERT_TRUE(advice.admissible);
  EXPECT_EQ(advice.admissible->low, 0.5);
  EXPECT_EQ(advice.admissible->high, 2);
  EXPECT_FALSE(advice.admissible->low_excluded);
  EXPECT_FALSE(advice.admissible->high_excluded);
  EXPECT_EQ(advice.limit, AdviceLimit::grid_end);
  EXPECT_EQ(advice.recommended, 1);
  EXPECT_DOUBLE_EQ(advice.gain->interval->low, 0.5);
  EXPECT_DOUBLE_EQ(advice.gain->interval->high, 0.9);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("not looked at"));
  EXPECT_THAT(advice.verdict, testing::HasSubstr("gain of at least 0.5"));
}

TEST(DeploymentAdvice, PicksHalfwayBetweenWhatIsPromisedAndWhatIsHopedFor) {
  const std::vector<TablePolicyValue> points{policy_point(2, 1, 0.5), policy_point(1, 2, 1.5),
                                             policy_point(0.5, 3, 9)};
  const std::vector<Interval> gains{{0.4, 0.6}, {0.1, 2.9}, {-0.1, 18.1}};
  const DeploymentAdvice advice = advise_deployment(points, gains);
  EXPECT_EQ(advice.recommended, 1);
  EXPECT_DOUBLE_EQ(cautious_gain(*advice.gain), 0.8);
}

TEST(DeploymentAdvice, TakesTheHighestOfEqualTemperatures) {
  EXPECT_EQ(advise({policy_point(0.5, 2, 0.7), policy_point(1, 2, 0.7)}).recommended, 1);
}

TEST(DeploymentAdvice, IsNotEndedByAMildTemperatureThatFails) {
  const std::vector<TablePolicyValue> points{policy_point(2, 1, 0.1), policy_point(1, 1.5, 0.6),
                                             policy_point(0.5, 2, 0.9)};
  const DeploymentAdvice advice = advise(points);
  EXPECT_EQ(advice.recommended, 0.5);
  EXPECT_EQ(advice.admissible->high, 1);
  EXPECT_EQ(advice.admissible->high_excluded, 2);
}

TEST(DeploymentAdvice, ReachesFromTheRecommendedTemperatureAsFarAsGainsDo) {
  const std::vector<TablePolicyValue> points{policy_point(2, 1, 0.9), policy_point(1, 1.5, 0.19),
                                             policy_point(0.5, 2, 0.8)};
  const DeploymentAdvice advice = advise(points);
  EXPECT_EQ(advice.limit, AdviceLimit::learning_cost);
  EXPECT_EQ(advice.admissible->low, 2);
  EXPECT_EQ(advice.admissible->low_excluded, 1);
}

TEST(DeploymentAdvice, StopsWhereTheGoldValueTurns) {
  const std::vector<TablePolicyValue> points{policy_point(2, 1, 0.5), policy_point(1, 1.5, 0.8),
                                             policy_point(0.5, 1.45, 0.7),
                                             policy_point(0.25, 1.2, 0.6)};
  const DeploymentAdvice advice = advise(points);
  EXPECT_EQ(advice.limit, AdviceLimit::gold_turned);
  EXPECT_EQ(advice.admissible->low, 0.5);
  EXPECT_EQ(advice.recommended, 1);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("over-optimisation"));
}

TEST(DeploymentAdvice, NeedsSeveralGroups) {
  std::vector<TablePolicyValue> points{policy_point(2, 1, 0.5), policy_point(1, 1.5, 0.7)};
  for (TablePolicyValue& each : points) {
    each.groups = 4;
    each.reliable = false;
    each.remark = "there are only 4 groups";
  }
  const DeploymentAdvice advice = advise(points);
  EXPECT_FALSE(advice.recommended);
  EXPECT_EQ(advice.limit, AdviceLimit::unreliable);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("there are only 4 groups"));
}

TEST(DeploymentAdvice, NeedsSeveralEffectiveRows) {
  std::vector<TablePolicyValue> points{policy_point(2, 1, 0.5), policy_point(1, 1.5, 0.9)};
  points[1].ess = 4.9;
  const DeploymentAdvice advice = advise(points);
  EXPECT_EQ(advice.recommended, 2);
  EXPECT_EQ(advice.limit, AdviceLimit::unreliable);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("before 1: the tilt leaves 4.9 effective rows"));
  points[1].gain.standard_error = 0;  // of a whole table nothing is estimated
  EXPECT_EQ(advise(points).recommended, 1);
}

TEST(DeploymentAdvice, CountsTheLabelsThatWouldHalveTheInterval) {
  // As many as carry the value now would leave a half of its variance, three times as many a
  // quarter.
  std::vector<TablePolicyValue> points{policy_point(1, 1.5, 0.7)};
  points[0].value.standard_error = 0.1;
  points[0].ess = 20;
  EXPECT_EQ(advise(points).labels_to_halve, 60U);
  points[0].groups = 10;
  EXPECT_FALSE(advise(points).labels_to_halve);
}

/// Told from others, of which 5 effective rows are labelled, and from these alone.
DeploymentAdvice advise_twice(const std::vector<TablePolicyValue>& points,
                              const std::vector<Interval>& gains,
                              const std::vector<TablePolicyValue>& labelled,
                              const std::vector<Interval>& labelled_gains) {
  return advise_deployment(points, gains, {RewardOrigin::learned}, {labelled, labelled_gains});
}

TEST(DeploymentAdvice, GoesByTheLabelledRowsWhereThesePromiseMore) {
  std::vector<TablePolicyValue> points{policy_point(2, 1, 0.5), policy_point(1, 1.5, 0.9),
                                       policy_point(0.5, 2, 1.2)};
  points[2].beyond = 0.15;
  points[2].reliable = false;
  points[2].remark = "much of it lies beyond";
  const std::vector<Interval> gains{{0.4, 0.6}, {0.7, 1.1}, {-1, 3}};
  const std::vector<TablePolicyValue> labelled{policy_point(2, 1, 0.7), policy_point(1, 1.5, 0.8),
                                               policy_point(0.5, 2, 1.1)};
  const DeploymentAdvice advice =
      advise_twice(points, gains, labelled, {{-0.1, 1.5}, {0.5, 1.1}, {0.6, 1.6}});
  EXPECT_EQ(advice.recommended, 0.5);
  EXPECT_TRUE(advice.of_labelled);
  EXPECT_EQ(advice.gain->value, 1.1);
  EXPECT_EQ(advice.gain->interval->low, 0.6);
  EXPECT_EQ(advice.admissible->high, 2);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("told by the labelled rows alone"));
  // Where neither set promises anything there, what all rows say of it is told.
  const DeploymentAdvice none =
      advise_twice(points, gains, labelled, {{-0.1, 1.5}, {0.5, 1.1}, {-0.6, 2.8}});
  EXPECT_EQ(none.recommended, 1);
  EXPECT_FALSE(none.of_labelled);
  EXPECT_EQ(none.gain->value, 0.9);
  EXPECT_EQ(none.limit, AdviceLimit::unreliable);
  EXPECT_THAT(none.verdict, testing::HasSubstr("much of it lies beyond"));
}

// Levels of the two differ by the errors of both: a rise of all rows below one of the labelled is
// no turn, and one of theirs is, whoever's gain is taken.
TEST(DeploymentAdvice, HoldsRisesAgainstThoseOfTheSameRows) {
  const std::vector<TablePolicyValue> points{policy_point(2, 1, 0.2), policy_point(1, 1.3, 0.9)};
  std::vector<TablePolicyValue> labelled{policy_point(2, 1.5, 0.8), policy_point(1, 1.9, 0.9)};
  const auto limit_of = [&](double labelled_low) {
    const std::vector<Interval> gains{{-0.1, 0.5}, {0.5, 1.3}};
    const std::vector<Interval> labelled_gains{{0.7, 0.9}, {labelled_low, 2 - labelled_low}};
    return advise_twice(points, gains, labelled, labelled_gains).limit;
  };
  EXPECT_EQ(limit_of(-0.1), AdviceLimit::grid_end);
  EXPECT_EQ(limit_of(0.6), AdviceLimit::grid_end);
  labelled[1].rise.value = 1.3;
  EXPECT_EQ(limit_of(0.6), AdviceLimit::gold_turned);
}

TEST(DeploymentAdvice, LetsLabelledRowsSpeakWhereTheyAreAFairDraw) {
  std::vector<TablePolicyValue> points{policy_point(1, 1.5, 0.5)};
  const std::vector<Interval> gains{{0.4, 0.6}};
  const std::vector<TablePolicyValue> labelled{policy_point(1, 2, 0.9)};
  // Of 100 effective rows a random draw has 1 +- 0.1 of its due.
  points[0].coverage = 1.19;
  EXPECT_TRUE(advise_twice(points, gains, labelled, {{0.8, 1}}).of_labelled);
  points[0].coverage = 1.21;
  EXPECT_FALSE(advise_twice(points, gains, labelled, {{0.8, 1}}).of_labelled);
  points[0].coverage = 1;
  points[0].beyond = 0.21;
  points[0].reliable = false;
  EXPECT_FALSE(advise_twice(points, gains, labelled, {{0.8, 1}}).recommended);
  points[0].beyond = 0.19;
  EXPECT_TRUE(advise_twice(points, gains, labelled, {{0.8, 1}}).of_labelled);
  EXPECT_THROW(advise_twice(points, gains, labelled, {}), UsageError);
}

TEST(DeploymentAdvice, SaysThatThereIsNoSafeTemperature) {
  const DeploymentAdvice advice = advise({policy_point(2, 1, 0.1), policy_point(1, 3, 0.15)});
  EXPECT_FALSE(advice.admissible);
  EXPECT_FALSE(advice.recommended);
  EXPECT_EQ(advice.limit, AdviceLimit::not_learnable);
  EXPECT_THAT(advice.verdict, testing::StartsWith("No safe temperature"));
  EXPECT_THAT(advice.verdict, testing::HasSubstr("nearest to it at 1: 0.15 [-0.05, 0.35]"));
}

TEST(DeploymentAdvice, DoesNotCallARewardBeyondLearningOfWhichNoMildPolicyWasLookedAt) {
  std::vector<TablePolicyValue> points{policy_point(0.5, 1, 0.15), policy_point(0.25, 3, 0.1)};
  points[0].kl = {{0.8, 0}};
  const DeploymentAdvice few = advise(points);
  EXPECT_FALSE(few.recommended);
  EXPECT_EQ(few.limit, AdviceLimit::unreliable);
  EXPECT_THAT(few.verdict, testing::HasSubstr("nearest to it at 0.5: 0.15 [-0.05, 0.35]). The"));
  EXPECT_THAT(few.verdict, testing::HasSubstr("(KL 0.8)"));
  EXPECT_THAT(few.verdict, testing::HasSubstr("look at higher temperatures"));
  EXPECT_THAT(few.verdict, testing::Not(testing::HasSubstr("learnable")));
  // Nor where no policy can be told at all.
  points[0].ess = points[1].ess = 4;
  EXPECT_THAT(advise(points).verdict, testing::HasSubstr("needed to tell an error. The mildest"));
  // Unless that is not for want of rows: no temperature adds groups.
  for (TablePolicyValue& each : points) {
    each.groups = 4;
    each.reliable = false;
    each.remark = "there are only 4 groups; 5 are needed to tell an error";
  }
  EXPECT_THAT(advise(points).verdict,
              testing::EndsWith("mildest policy, " + points[0].remark + "."));
  // A policy that seems to lose is no reason to look at milder ones.
  EXPECT_EQ(advise({policy_point(0.1, 1, -0.05)}).limit, AdviceLimit::not_learnable);
}

TEST(DeploymentAdvice, DoesNotRecommendTheReferenceItself) {
  std::vector<TablePolicyValue> points{policy_point(1, 1, 0.5)};
  points[0].kl = {{1e-9, 0}};
  EXPECT_FALSE(advise(points).admissible);
}

TEST(DeploymentAdvice, BeginsWhereThereIsATilt) {
  std::vector<TablePolicyValue> points{policy_point(1e4, 1, 0.4), policy_point(1, 2, 0.5)};
  points[0].kl = {{1e-8, 0}};
  const DeploymentAdvice advice = advise(points);
  ASSERT_TRUE(advice.admissible);
  EXPECT_EQ(advice.admissible->high, 1);
}

TEST(DeploymentAdvice, TellsALossFromAGainThatIsTooSmall) {
  EXPECT_THAT(advise({policy_point(1, 1, -0.5)}).verdict,
              testing::HasSubstr("costs more KL than it gains"));
  EXPECT_THAT(advise({policy_point(1, 1, -0.05)}).verdict, testing::HasSubstr("be told from zero"));
}

TEST(DeploymentAdvice, WhereSomePoliciesCannotBeToldLossesOfTheOthersAreTold) {
  std::vector<TablePolicyValue> points{policy_point(2, 1, -0.5), policy_point(1, 1, -0.05)};
  EXPECT_THAT(advise(points).verdict, testing::HasSubstr("nearest to it at 1: -0.05"));
  points[1].ess = 4;
  EXPECT_THAT(advise(points).verdict, testing::HasSubstr("At each of them that can be told the"));
}

TEST(DeploymentAdvice, DoesNotDenyThatARewardTells) {
  const std::vector<TablePolicyValue> losing{policy_point(2, 1, -0.3), policy_point(1, 1, -0.05)};
  const std::vector<Interval> gains{{-0.5, -0.1}, {-0.25, 0.15}};
  const RewardFacts tells{RewardOrigin::given, true};
  const DeploymentAdvice advice = advise_deployment(losing, gains, tells);
  EXPECT_THAT(
      advice.verdict,
      testing::HasSubstr("although the reward tells the gold reward: by the estimates its"));
  EXPECT_EQ(advice.limit, AdviceLimit::learning_cost);
  EXPECT_THAT(advise_deployment(losing, gains, {RewardOrigin::given}).verdict,
              testing::HasSubstr("does not tell the gold reward"));
  const DeploymentAdvice few =
      advise_deployment(std::vector{policy_point(2, 1, 0.3)}, std::vector{Interval{-1, 2}}, tells);
  EXPECT_THAT(few.verdict, testing::HasSubstr("more rows, or labels of less noise, would tell"));
  EXPECT_EQ(few.limit, AdviceLimit::unreliable);
}

TEST(DeploymentAdvice, SaysWhyHigherTemperaturesAreNoSafer) {
  const std::vector<TablePolicyValue> points{policy_point(2, 1, -0.5), policy_point(1, 1, 0.5)};
  EXPECT_THAT(
      advise(points).verdict,
      testing::HasSubstr("Higher temperatures are no safer: at 2 the policy costs more KL"));
  EXPECT_THAT(advise({policy_point(2, 1, 0.4), policy_point(1, 1, 0.5)}).verdict,
              testing::Not(testing::HasSubstr("no safer")));
}

TEST(DeploymentAdvice, SaysWhereFewRowsCarryWhatItRecommends) {
  std::vector<TablePolicyValue> points{policy_point(1, 1, 0.5)};
  EXPECT_THAT(advise(points).verdict, testing::Not(testing::HasSubstr("few rows")));
  points[0].ess = 8;
  points[0].reliable = false;
  EXPECT_THAT(advise(points).verdict, testing::HasSubstr("few rows carry it, 8 effective ones"));
}

TEST(DeploymentAdvice, NeedsAPointAndAnIntervalForEach) {
  EXPECT_THROW(advise_deployment({}, {}), UsageError);
  EXPECT_THROW(advise_deployment(std::vector{policy_point(1, 1, 1)}, {}), UsageError);
}

TEST(DeploymentAdvice, LimitsHaveNames) {
  EXPECT_EQ(advice_limit_name(AdviceLimit::gold_turned), "gold_turned");
  EXPECT_EQ(advice_limit_name(AdviceLimit::not_learnable), "not_learnable");
}

}  // namespace
}  // namespace esscher
