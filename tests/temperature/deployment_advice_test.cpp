#include "esscher/temperature/deployment_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

TablePolicyValue point(double beta, double gold, double gain, double error = 0.1) {
  TablePolicyValue value;
  value.beta = beta;
  // The levels of prompts, common to all temperatures, tell nothing of one against another.
  value.value = {{5 + gold, 100 * error}};
  value.rise = {{gold, error}};
  value.gain = {{gain, error}};
  value.kl = {{0.1 / beta, 0}};
  return value;
}

TEST(DeploymentAdvice, GoesDownWhileEverythingHolds) {
  const std::vector<TablePolicyValue> points{point(0.5, 2, 0.6), point(2, 1, 0.5),
                                             point(1, 1.5, 0.7)};
  const DeploymentAdvice advice = advise_deployment(points);
  ASSERT_TRUE(advice.admissible);
  EXPECT_EQ(advice.admissible->low, 0.5);
  EXPECT_EQ(advice.admissible->high, 2);
  EXPECT_FALSE(advice.admissible->low_excluded);
  EXPECT_EQ(advice.limit, AdviceLimit::grid_end);
  EXPECT_EQ(advice.recommended, 0.5);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("not looked at"));
}

TEST(DeploymentAdvice, StopsWhereTheGainCannotBeToldFromZero) {
  const std::vector<TablePolicyValue> points{point(2, 1, 0.5), point(1, 1.5, 0.19),
                                             point(0.5, 2, 0.9)};
  const DeploymentAdvice advice = advise_deployment(points);
  EXPECT_EQ(advice.limit, AdviceLimit::learning_cost);
  EXPECT_EQ(advice.admissible->low, 2);
  EXPECT_EQ(advice.admissible->low_excluded, 1);
}

TEST(DeploymentAdvice, PrefersTheBootstrappedLimit) {
  std::vector<TablePolicyValue> points{point(1, 1, 0.5)};
  points[0].gain.interval = Interval{-0.01, 0.9};
  EXPECT_FALSE(advise_deployment(points).admissible);
}

TEST(DeploymentAdvice, StopsWhereTheGoldValueTurns) {
  const std::vector<TablePolicyValue> points{point(2, 1, 0.5), point(1, 1.5, 0.7),
                                             point(0.5, 1.45, 0.7), point(0.25, 1.2, 0.6)};
  const DeploymentAdvice advice = advise_deployment(points);
  EXPECT_EQ(advice.limit, AdviceLimit::gold_turned);
  EXPECT_EQ(advice.admissible->low, 0.5);
  EXPECT_EQ(advice.recommended, 1);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("over-optimisation"));
}

TEST(DeploymentAdvice, RecommendsTheMildestTiltThatIsAsGood) {
  const std::vector<TablePolicyValue> points{point(2, 1, 0.5), point(1, 1.95, 0.7),
                                             point(0.5, 2, 0.7)};
  EXPECT_EQ(advise_deployment(points).recommended, 1);
}

TEST(DeploymentAdvice, StopsWhereNothingReliableCanBeSaid) {
  std::vector<TablePolicyValue> points{point(2, 1, 0.5), point(1, 1.5, 0.7)};
  points[1].reliable = false;
  points[1].remark = "few rows carry the weight";
  const DeploymentAdvice advice = advise_deployment(points);
  EXPECT_EQ(advice.limit, AdviceLimit::unreliable);
  EXPECT_THAT(advice.verdict, testing::HasSubstr("before 1: few rows carry the weight."));
}

TEST(DeploymentAdvice, SaysThatThereIsNoSafeTemperature) {
  const std::vector<TablePolicyValue> hopeless{point(2, 1, 0.1), point(1, 3, 2)};
  const DeploymentAdvice advice = advise_deployment(hopeless);
  EXPECT_FALSE(advice.admissible);
  EXPECT_FALSE(advice.recommended);
  EXPECT_EQ(advice.limit, AdviceLimit::not_learnable);
  EXPECT_THAT(advice.verdict, testing::StartsWith("No safe temperature"));
  EXPECT_THAT(advice.verdict, testing::HasSubstr("not learnable"));
}

TEST(DeploymentAdvice, DoesNotRecommendTheReferenceItself) {
  std::vector<TablePolicyValue> points{point(1, 1, 0.5)};
  points[0].kl = {{1e-9, 0}};
  EXPECT_FALSE(advise_deployment(points).admissible);
}

TEST(DeploymentAdvice, BeginsWhereThereIsATilt) {
  std::vector<TablePolicyValue> points{point(1e4, 1, 0), point(1, 2, 0.5)};
  points[0].kl = {{1e-8, 0}};
  const DeploymentAdvice advice = advise_deployment(points);
  ASSERT_TRUE(advice.admissible);
  EXPECT_EQ(advice.admissible->high, 1);
}

TEST(DeploymentAdvice, TellsALossFromAGainThatIsTooSmall) {
  EXPECT_THAT(advise_deployment(std::vector{point(1, 1, -0.5)}).verdict,
              testing::HasSubstr("costs more KL than it gains"));
  EXPECT_THAT(advise_deployment(std::vector{point(1, 1, -0.05)}).verdict,
              testing::HasSubstr("cannot be told from zero"));
}

TEST(DeploymentAdvice, NeedsAPoint) { EXPECT_THROW(advise_deployment({}), UsageError); }

TEST(DeploymentAdvice, LimitsHaveNames) {
  EXPECT_EQ(advice_limit_name(AdviceLimit::gold_turned), "gold_turned");
  EXPECT_EQ(advice_limit_name(AdviceLimit::not_learnable), "not_learnable");
}

}  // namespace
}  // namespace esscher
