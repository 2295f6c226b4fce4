#include "esscher/temperature/simultaneous_gains.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

TablePolicyValue policy(std::vector<double> influence) {
  TablePolicyValue value;
  double square = 0;
  for (const double d : influence) square += d * d;
  value.gain = {{1, std::sqrt(square)}};
  value.kl = {{0.5, 0}};
  value.gain_influence = std::move(influence);
  return value;
}

SimultaneousGains of(const std::vector<TablePolicyValue>& policies, double alpha = 0.05) {
  std::vector<MeasuredGain> gains;
  for (const TablePolicyValue& each : policies) gains.push_back(measured_gain(each));
  return simultaneous_gains(gains, alpha);
}

double normal_quantile(double tail) {
  return boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
}

TEST(SimultaneousGains, OfOnePolicyIsItsOwnInterval) {
  const SimultaneousGains gains = of({policy({0.3, -0.4})});
  EXPECT_NEAR(gains.quantile, normal_quantile(0.025), 1e-12);
  EXPECT_NEAR(gains.intervals[0].low, 1 - 0.5 * normal_quantile(0.025), 1e-12);
  EXPECT_NEAR(gains.intervals[0].high, 1 + 0.5 * normal_quantile(0.025), 1e-12);
}

TEST(SimultaneousGains, OfOnePolicyTwiceIsThatOfOne) {
  // 10,000 draws tell the quantile to 0.02 (standard error): within four of them.
  const SimultaneousGains gains = of({policy({0.3, -0.4}), policy({0.6, -0.8})});
  EXPECT_NEAR(gains.quantile, normal_quantile(0.025), 0.08);
}

TEST(SimultaneousGains, OfIndependentPoliciesIsSidaks) {
  std::vector<TablePolicyValue> policies;
  for (std::size_t k = 0; k < 20; ++k) {
    std::vector<double> influence(20);
    influence[k] = 0.1 * static_cast<double>(k + 1);
    policies.push_back(policy(influence));
  }
  const double each = 1 - std::pow(0.975, 1.0 / 20);
  EXPECT_NEAR(of(policies).quantile, normal_quantile(each), 0.1);
}

TEST(SimultaneousGains, FewPiecesWidenAnInterval) {
  std::vector<TablePolicyValue> policies{policy({0.3, -0.4}), policy({0.3, -0.4})};
  policies[1].gain.degrees_of_freedom = 2;
  const SimultaneousGains gains = of(policies);
  const double tail =
      boost::math::cdf(boost::math::complement(boost::math::normal(), gains.quantile));
  const double student =
      boost::math::quantile(boost::math::complement(boost::math::students_t(2), tail));
  EXPECT_NEAR(gains.intervals[1].low, 1 - 0.5 * student, 1e-9);
  EXPECT_LT(gains.intervals[1].low, gains.intervals[0].low);
}

TEST(SimultaneousGains, WhatIsExactIsItsOwnIntervalAndWhatIsUnknownHasNone) {
  std::vector<TablePolicyValue> policies{policy({0.3, -0.4}), policy({}), policy({})};
  policies[1].gain.standard_error = 0;
  policies[2].gain.standard_error = std::numeric_limits<double>::infinity();
  const SimultaneousGains gains = of(policies);
  EXPECT_EQ(gains.intervals[1].low, 1);
  EXPECT_EQ(gains.intervals[1].high, 1);
  EXPECT_TRUE(std::isinf(gains.intervals[2].low));
  EXPECT_TRUE(std::isinf(gains.intervals[2].high));
}

TEST(SimultaneousGains, WithoutATiltAPolicyTakesNoPart) {
  std::vector<TablePolicyValue> policies{policy({0.3, -0.4}), policy({0.4, 0.3})};
  policies[1].kl.value = 1e-8;
  EXPECT_FALSE(is_tilted(policies[1]));
  EXPECT_NEAR(of(policies).quantile, normal_quantile(0.025), 1e-12);
}

/// Rewards y = z / 2 + noise of 300 rows, policies tilted by z, a reward twice too large, so that
/// none gains anything at any temperature; and policies by noise, which lose. Where the gain is
/// zero any lower end above it is a broken promise: at most 2.5 % of tables may have one. Of 400
/// that is more than 21 with a chance of 1e-3.
TEST(SimultaneousGains, PromiseNothingWhereNothingIsGained) {
  constexpr int kTables = 400;
  constexpr std::size_t kRows = 300;
  int broken = 0;
  for (int table = 0; table < kTables; ++table) {
    Matrix<double> normal(3, kRows);
    RandomStream(7, "test", static_cast<std::uint64_t>(table)).fill_normal(0, normal.values());
    std::vector<double> y(kRows);
    for (std::size_t i = 0; i < kRows; ++i) y[i] = normal(0, i) / 2 + normal(1, i);
    std::vector<TablePolicyValue> policies;
    for (const double beta : {4.0, 2.0, 1.4, 1.0, 0.7, 0.5}) {
      TablePolicyOptions options;
      options.beta = beta;
      options.bootstrap = 0;
      options.influence = true;
      TableReference reference;
      reference.rows = kRows;
      for (const std::size_t reward : {std::size_t{0}, std::size_t{2}}) {
        policies.push_back(table_policy_value(normal.row(reward), y, reference, options));
      }
    }
    bool promised = false;
    for (const Interval& gain : of(policies).intervals) promised |= gain.low > 0;
    broken += promised ? 1 : 0;
  }
  EXPECT_LE(broken, 21);
}

TEST(SimultaneousGains, RefusesAnAlphaThatIsNoProbability) {
  EXPECT_THROW(of({policy({0.1, -0.1})}, 0), UsageError);
  EXPECT_THROW(of({policy({0.1, -0.1})}, 1), UsageError);
}

TEST(SimultaneousGains, FoldsManyInfluencesWithTheirCorrelations) {
  constexpr std::size_t kPieces = 200'000;
  std::vector<double> x(kPieces);
  std::vector<double> y(kPieces);
  RandomStream(3, "x").fill_normal(0, x);
  RandomStream(3, "y").fill_normal(0, y);
  for (std::size_t i = 0; i < kPieces; ++i) y[i] = 0.6 * x[i] + 0.8 * y[i];
  fold_influence(x);
  fold_influence(y);
  ASSERT_EQ(x.size(), kFoldedPieces);
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += x[i] * x[i];
    yy += y[i] * y[i];
    xy += x[i] * y[i];
  }
  // Its standard error is some (1 - 0.6^2) / sqrt(16384), 0.005: false alarms below 1e-4.
  EXPECT_NEAR(xy / std::sqrt(xx * yy), 0.6, 0.02);
  std::vector<double> few{1, 2, 3};
  fold_influence(few);
  EXPECT_EQ(few, (std::vector<double>{1, 2, 3}));
}

}  // namespace
}  // namespace esscher
