// What a ridge fit says where there is little to fit: always a status and finite numbers. And what
// it refuses.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/readout/ridge.h"
#include "ridge_reference.h"

namespace esscher {
namespace {

using reference::fit;
using reference::Problem;
using reference::problem;

constexpr double kNoWeight = std::numeric_limits<double>::infinity();
constexpr PenaltyRule kRules[] = {PenaltyRule::fixed, PenaltyRule::gcv, PenaltyRule::kfold};

void expect_finite(const RidgeFit& found) {
  for (const double a : found.coefficients) ASSERT_TRUE(std::isfinite(a));
  EXPECT_TRUE(std::isfinite(found.intercept));
  EXPECT_TRUE(std::isfinite(found.penalty));
  EXPECT_GE(found.degrees_of_freedom, 1 - 1e-12);
  EXPECT_TRUE(std::isfinite(found.degrees_of_freedom));
  EXPECT_GE(found.weighted_error, 0);
  EXPECT_TRUE(std::isfinite(found.weighted_error));
  for (const RidgePathPoint& point : found.path) EXPECT_GE(point.score, 0);
  EXPECT_EQ(found.remark.empty(), found.status == RidgeStatus::well_conditioned);
}

// Weights by labels and by a fit to them, at temperatures from where all weights are equal to where
// one sample has them all; features that repeat, that never vary, and more than there are samples.
TEST(RidgeStatus, IsFiniteAtEveryTemperatureForEveryRuleAndDesign) {
  for (const std::size_t n : {1, 2, 3, 10, 120}) {
    Problem given = problem(n, 20, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      given.x(i, 3) = given.x(i, 4);
      given.x(i, 5) = 0;
      given.x(i, 6) = 1e6;
    }
    const RidgeFit pilot = fit(given);
    expect_finite(pilot);
    const std::vector<double> surrogate =
        predict(given.rows(), pilot.coefficients, pilot.intercept);
    for (const double beta : {1e-9, 1e-3, 3e-3, 1e-2, 2e-2, 0.05, 0.1, 0.3, 1.0, 10.0, 1e3, 1e9}) {
      for (const std::vector<double>& values : {given.y, surrogate}) {
        given.log_weights = tilted_log_weights(values, beta);
        for (const PenaltyRule rule : kRules) {
          for (const double penalty : {0.0, 1e-6}) {
            SCOPED_TRACE(testing::Message() << n << " " << beta << " " << static_cast<int>(rule));
            RidgeOptions options;
            options.rule = rule;
            options.penalty = penalty;
            options.path_points = 9;
            const RidgeFit found = fit(given, options);
            expect_finite(found);
            // Predictions stay in bounds, too, where all the weight is.
            if (rule == PenaltyRule::gcv) {
              EXPECT_LT(found.weighted_error, 10);
            }
          }
        }
      }
    }
  }
}

TEST(RidgeStatus, AllWeightOnOneRowIsAConstantFit) {
  Problem given = problem(50, 4, 0.0);
  given.log_weights = tilted_log_weights(given.y, 1e-6);
  const RidgeFit found = fit(given);
  EXPECT_EQ(found.status, RidgeStatus::constant);
  EXPECT_EQ(found.coefficients, std::vector<double>(4));
  EXPECT_DOUBLE_EQ(found.intercept, *std::max_element(given.y.begin(), given.y.end()));
  EXPECT_EQ(found.degrees_of_freedom, 1);
  EXPECT_EQ(found.remark.find("the weighted labels do not vary: the fit is the constant "), 0U);
}

TEST(RidgeStatus, EqualLabelsAreAConstantFit) {
  Problem given = problem(50, 4, 1.0);
  given.y.assign(50, 2.5);
  const RidgeFit found = fit(given);
  EXPECT_EQ(found.status, RidgeStatus::constant);
  EXPECT_EQ(found.intercept, 2.5);
  EXPECT_EQ(found.weighted_error, 0);
}

TEST(RidgeStatus, OneSampleIsAConstantFit) {
  const Problem given = problem(1, 4, 0.0);
  const RidgeFit found = fit(given);
  EXPECT_EQ(found.status, RidgeStatus::constant);
  EXPECT_EQ(found.intercept, given.y[0]);
}

TEST(RidgeStatus, FewEffectiveSamplesAreTold) {
  const RidgeFit found = fit(problem(100, 40, 2.0));
  EXPECT_EQ(found.status, RidgeStatus::few_effective_samples);
  EXPECT_LT(found.weights.ess, 41);
  EXPECT_NE(found.remark.find("less than the 41 parameters"), std::string::npos) << found.remark;
}

// A repeated column shares the coefficient of its twin; a column that never varies gets none.
TEST(RidgeStatus, SingularDesignsWithoutPenaltyAreToldAndSolved) {
  Problem given = problem(200, 4, 1.0);
  for (std::size_t i = 0; i < 200; ++i) {
    given.x(i, 2) = given.x(i, 1);
    given.x(i, 3) = 0.1;
  }
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = 0;
  const RidgeFit found = fit(given, options);
  EXPECT_EQ(found.status, RidgeStatus::rank_deficient);
  EXPECT_EQ(found.rank, 2U);
  EXPECT_EQ(found.remark,
            "the features span only 2 of 4 directions to working precision: coefficients are 0 "
            "along the others");
  EXPECT_NEAR(found.coefficients[1], found.coefficients[2], 1e-12);
  EXPECT_NEAR(found.coefficients[3], 0, 1e-12);
  Matrix<double> two(200, 2);
  for (std::size_t i = 0; i < 200; ++i) {
    for (std::size_t j = 0; j < 2; ++j) two(i, j) = given.x(i, j);
  }
  const auto alone = reference::weighted_ridge(two.view(), given.y, given.weights(), 0);
  EXPECT_NEAR(found.coefficients[0], alone.coefficients[0], 1e-10);
  EXPECT_NEAR(2 * found.coefficients[1], alone.coefficients[1], 1e-10);
  EXPECT_NEAR(found.intercept, alone.intercept, 1e-10);
  // With a penalty the equations are regular, and there is nothing to say.
  options.penalty = 1e-3;
  EXPECT_EQ(fit(given, options).status, RidgeStatus::well_conditioned);
}

TEST(RidgeStatus, FeaturesThatDoNotVaryLeaveTheMean) {
  Problem given = problem(80, 2, 0.0);
  for (double& value : given.x.values()) value = 0.1;
  const RidgeFit found = fit(given);
  EXPECT_EQ(found.rank, 0U);
  EXPECT_EQ(found.coefficients, std::vector<double>(2));
  double mean = 0;
  for (const double y : given.y) mean += y / 80;
  EXPECT_NEAR(found.intercept, mean, 1e-14);
}

template <class Failure, class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "not refused";
}

TEST(Ridge, RefusesWhatItCannotFit) {
  const Problem good = problem(10, 2, 0.0);
  const auto with = [&](auto change) {
    Problem given = good;
    RidgeOptions options;
    change(given, options);
    return std::pair(given, options);
  };
  const auto usage = [&](auto change) {
    const auto changed = with(change);
    return refusal<UsageError>([&] { fit(changed.first, changed.second); });
  };
  const auto data = [&](auto change) {
    const auto changed = with(change);
    return refusal<DataError>([&] { fit(changed.first, changed.second); });
  };
  EXPECT_EQ(usage([](Problem&, RidgeOptions& o) { o.penalty = -1; }),
            "penalty = -1: must be finite and not negative");
  EXPECT_EQ(usage([](Problem&, RidgeOptions& o) { o.folds = 1; }),
            "folds = 1: must lie from 2 to 20");
  EXPECT_EQ(usage([](Problem&, RidgeOptions& o) { o.folds = 21; }),
            "folds = 21: must lie from 2 to 20");
  EXPECT_EQ(usage([](Problem&, RidgeOptions& o) { o.path_low = 0; }),
            "path_low = 0: must be finite and positive");
  EXPECT_EQ(usage([](Problem&, RidgeOptions& o) { o.path_high = 1e-20; }),
            "path_high = 1e-20: must be finite and not below path_low");
  EXPECT_EQ(usage([](Problem&, RidgeOptions& o) { o.path_points = 0; }),
            "path_points = 0: must lie from 1 to 10000");
  EXPECT_EQ(usage([](Problem& p, RidgeOptions&) { p.y.pop_back(); }),
            "targets = 9 values: there are 10 rows");
  EXPECT_EQ(usage([](Problem& p, RidgeOptions&) { p.log_weights.push_back(0); }),
            "log_weights = 11 values: there are 10 targets");
  EXPECT_EQ(usage([](Problem& p, RidgeOptions&) {
              p = {Matrix<double>(0, 2), {}, {}};
            }),
            "rows = 0: a fit needs at least one sample");
  EXPECT_EQ(data([](Problem& p, RidgeOptions&) { p.y[3] = kNoWeight; }),
            "target 4 = inf: must be finite");
  EXPECT_EQ(data([](Problem& p, RidgeOptions&) {
              p.log_weights[0] = -kNoWeight;
              p.log_weights[1] = std::nan("");
            }),
            "log weight 2 = nan: must be a finite number, or -inf for no weight");
  for (const double bad : {std::nan(""), kNoWeight, 1e200}) {
    EXPECT_NE(data([bad](Problem& p, RidgeOptions&) {
                p.x(7, 1) = bad;
              }).find("must be finite, and their squares within the range of doubles"),
              std::string::npos);
  }
  EXPECT_EQ(data([](Problem& p, RidgeOptions&) { p.log_weights.assign(10, -kNoWeight); }),
            "log weights = 10 values: at least one must be finite");
  EXPECT_EQ(refusal<UsageError>([&] { predict(good.rows(), std::vector<double>(3), 0); }),
            "coefficients = 3 values: rows have 2 columns");
}

}  // namespace
}  // namespace esscher
