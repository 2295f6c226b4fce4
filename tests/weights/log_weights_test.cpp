#include "esscher/weights/log_weights.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/weights/pareto.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(LogWeights, NormalisedWeightsSumToOne) {
  for (const double offset : {0.0, -1e5, 1e5}) {
    std::vector<double> x{offset, offset + 1, -kInfinity, offset - 2};
    normalise_log_weights(x);
    const double total = 1 + std::exp(1) + std::exp(-2);
    EXPECT_NEAR(x[0], -std::log(total), 1e-15);
    EXPECT_NEAR(x[1], 1 - std::log(total), 1e-15);
    EXPECT_EQ(x[2], -kInfinity);
    EXPECT_NEAR(x[3], -2 - std::log(total), 1e-15);
  }
}

std::string refusal(const std::vector<double>& log_weights) {
  std::vector<double> x = log_weights;
  std::string first;
  try {
    normalise_log_weights(x);
  } catch (const DataError& error) {
    first = error.what();
  }
  try {
    diagnose_weights(log_weights);
  } catch (const DataError& error) {
    EXPECT_EQ(first, error.what());
  }
  return first;
}

TEST(LogWeights, RefuseWhatIsNoWeight) {
  EXPECT_EQ(refusal({0, std::nan(""), 1}),
            "log weight 2 = nan: must be a finite number, or -inf for no weight");
  EXPECT_EQ(refusal({kInfinity}),
            "log weight 1 = inf: must be a finite number, or -inf for no weight");
  EXPECT_EQ(refusal({-kInfinity, -kInfinity}),
            "log weights = 2 values: at least one must be finite");
  EXPECT_EQ(refusal({}), "log weights = 0 values: at least one must be finite");
}

TEST(LogWeights, DefensiveMixtureKeepsATenthOfTheReference) {
  const std::vector<double> weights{std::log(3), -kInfinity, 0, -kInfinity};
  const std::vector<double> reference{5, 5, 5, -kInfinity};
  const std::vector<double> mixture = defensive_log_weights(weights, reference);
  EXPECT_NEAR(std::exp(mixture[0]), 0.9 * 0.75 + 0.1 / 3, 1e-15);
  EXPECT_NEAR(std::exp(mixture[1]), 0.1 / 3, 1e-15);
  EXPECT_NEAR(std::exp(mixture[2]), 0.9 * 0.25 + 0.1 / 3, 1e-15);
  EXPECT_EQ(mixture[3], -kInfinity);
  EXPECT_THROW(defensive_log_weights(weights, std::vector<double>(3)), UsageError);
}

TEST(WeightDiagnostics, HaveTheirClosedForms) {
  const WeightDiagnostics equal = diagnose_weights(std::vector<double>(1000, -5.0));
  EXPECT_DOUBLE_EQ(equal.ess, 1000);
  EXPECT_DOUBLE_EQ(equal.top_share, 0.01);
  EXPECT_EQ(equal.pareto_k, -kInfinity);
  EXPECT_TRUE(equal.reliable());

  // All on one of 150 samples, two of which are the heaviest 1 %.
  std::vector<double> one(150, -1e4);
  one[70] = 0;
  const WeightDiagnostics alone = diagnose_weights(one);
  EXPECT_DOUBLE_EQ(alone.ess, 1);
  EXPECT_DOUBLE_EQ(alone.top_share, 1);
  EXPECT_EQ(alone.pareto_k, kInfinity);
  EXPECT_FALSE(alone.reliable());

  // Weights 1, 2, 3: (1 + 2 + 3)^2 / (1 + 4 + 9).
  const WeightDiagnostics few = diagnose_weights(std::vector<double>{0, std::log(2), std::log(3)});
  EXPECT_NEAR(few.ess, 36.0 / 14, 1e-14);
  EXPECT_NEAR(few.top_share, 0.5, 1e-15);
}

// Label weights e^{z/beta}, z standard normal: ess / n -> e^{-1/beta^2}. At beta = 2 and n = 1e5
// the estimate's relative standard deviation is about 0.0085 (delta method on the first four
// moments of the lognormal law); six of them are 0.051: false alarm below 1e-8, and the seed is
// fixed.
TEST(WeightDiagnostics, EffectiveShareOfLognormalWeightsIsExponentialInOneOverBetaSquared) {
  constexpr std::size_t kCount = 100000;
  std::vector<double> x(kCount);
  RandomStream(11, "z").fill_normal(0, x);
  for (double& value : x) value /= 2;
  EXPECT_NEAR(diagnose_weights(x).ess / kCount / std::exp(-0.25), 1, 0.051);
}

TEST(WeightDiagnostics, ShapeIsThatOfTheSmoothing) {
  std::vector<double> x(500);
  RandomStream(12, "z").fill_normal(0, x);
  EXPECT_EQ(diagnose_weights(x).pareto_k, pareto_smoothed(x).k);
  EXPECT_EQ(diagnose_weights(x).ess, effective_sample_size(x));
  EXPECT_EQ(diagnose_weights(x).pareto_k_threshold, pareto_k_threshold(500));
}

// On a grid of 2^-10 an added 2^20 is exact, so that not a bit may change.
RC_GTEST_PROP(WeightDiagnostics, DoNotChangeWhenAllWeightsAreScaled, ()) {
  const auto steps =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(-100000, 100000)));
  std::vector<double> x;
  for (const int step : steps) x.push_back(step / 1024.0);
  std::vector<double> moved = x;
  for (double& value : moved) value += 0x1p20;
  const WeightDiagnostics a = diagnose_weights(x);
  const WeightDiagnostics b = diagnose_weights(moved);
  RC_ASSERT(a.ess == b.ess);
  RC_ASSERT(a.top_share == b.top_share);
  RC_ASSERT(a.pareto_k == b.pareto_k);
  RC_ASSERT(a.ess >= 1 && a.ess <= static_cast<double>(x.size()));
  RC_ASSERT(a.top_share > 0 && a.top_share <= 1);
}

}  // namespace
}  // namespace esscher
