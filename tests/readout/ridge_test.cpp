// Weighted ridge regression against a QR reference (ridge_reference.h), its path, its penalty
// rules, and what must not change it.
//
// Tolerance of coefficients: normal equations in double lose cond(S + lambda) eps times a modest
// constant. The problems here have cond(S + lambda) <= 1e5 and coefficients of size 1 to 10, so
// that 1e-9 leaves a factor of ten.

#include "esscher/readout/ridge.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "ridge_reference.h"

namespace esscher {
namespace {

using reference::fit;
using reference::Problem;
using reference::problem;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

RidgeOptions fixed(double penalty) {
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = penalty;
  return options;
}

void expect_solution(const RidgeFit& found, const reference::Solution& expected, double tolerance) {
  ASSERT_EQ(found.coefficients.size(), expected.coefficients.size());
  for (std::size_t j = 0; j < expected.coefficients.size(); ++j) {
    EXPECT_NEAR(found.coefficients[j], expected.coefficients[j], tolerance) << j;
  }
  EXPECT_NEAR(found.intercept, expected.intercept, tolerance);
}

TEST(Ridge, AgreesWithQrFactorisation) {
  for (const std::size_t m : {1, 2, 7, 40}) {
    for (const double skew : {0.0, 1.0, 2.0}) {
      const Problem given = problem(700, m, skew);
      for (const double penalty : {1e-4, 1e-2, 1.0, 1e3}) {
        SCOPED_TRACE(testing::Message() << m << " " << skew << " " << penalty);
        const RidgeFit found = fit(given, fixed(penalty));
        expect_solution(
            found, reference::weighted_ridge(given.x.view(), given.y, given.weights(), penalty),
            1e-9);
        EXPECT_EQ(found.penalty, penalty);
        EXPECT_TRUE(found.path.empty());
        EXPECT_FALSE(found.dual);
      }
    }
  }
}

TEST(Ridge, WithoutPenaltyIsWeightedLeastSquares) {
  const Problem given = problem(500, 5, 1.0);
  const RidgeFit found = fit(given, fixed(0));
  expect_solution(found, reference::weighted_ridge(given.x.view(), given.y, given.weights(), 0),
                  1e-9);
  EXPECT_EQ(found.status, RidgeStatus::well_conditioned);
  EXPECT_EQ(found.remark, "");
  EXPECT_EQ(found.rank, 5U);
  EXPECT_NEAR(found.degrees_of_freedom, 6, 1e-12);
}

TEST(Ridge, WiderThanDeepAgreesWithQrFactorisation) {
  for (const std::size_t n : {1, 2, 5, 39}) {
    for (const double skew : {0.0, 1.0}) {
      const Problem given = problem(n, 40, skew);
      for (const double penalty : {1e-3, 1.0}) {
        SCOPED_TRACE(testing::Message() << n << " " << skew << " " << penalty);
        const RidgeFit found = fit(given, fixed(penalty));
        EXPECT_TRUE(found.dual);
        EXPECT_LT(found.rank, n);
        EXPECT_TRUE(n == 1 || found.status == RidgeStatus::few_effective_samples);
        expect_solution(
            found, reference::weighted_ridge(given.x.view(), given.y, given.weights(), penalty),
            1e-9);
      }
    }
  }
}

TEST(Ridge, WeightedErrorIsTheMeanSquaredResidual) {
  const Problem given = problem(300, 10, 1.0);
  for (const double penalty : {0.0, 1e-2, 10.0}) {
    const RidgeFit found = fit(given, fixed(penalty));
    const std::vector<double> fitted = predict(given.rows(), found.coefficients, found.intercept);
    double error = 0;
    double total = 0;
    for (std::size_t i = 0; i < fitted.size(); ++i) {
      const double w = std::exp(given.log_weights[i]);
      error += w * (given.y[i] - fitted[i]) * (given.y[i] - fitted[i]);
      total += w;
    }
    // Residuals of size 0.1 to 1, coefficients right to 1e-9 and at their minimum.
    EXPECT_NEAR(found.weighted_error, error / total, 1e-11);
  }
}

TEST(Ridge, PathAgreesWithDirectSolutions) {
  const Problem given = problem(60, 6, 1.0);
  const std::vector<double> w = given.weights();
  double total = 0;
  double squares = 0;
  for (const double weight : w) total += weight;
  for (const double weight : w) squares += weight * weight / total / total;
  const RidgeFit found = fit(given);
  ASSERT_EQ(found.path.size(), 49U);
  std::size_t best = 0;
  for (std::size_t l = 0; l < found.path.size(); ++l) {
    const RidgePathPoint& point = found.path[l];
    const auto direct = reference::weighted_ridge(given.x.view(), given.y, w, point.penalty);
    double error = 0;
    double degrees = 0;
    for (std::size_t i = 0; i < given.y.size(); ++i) {
      const auto at = [&](const reference::Solution& solution) {
        double value = solution.intercept;
        for (std::size_t j = 0; j < 6; ++j) value += solution.coefficients[j] * given.x(i, j);
        return value;
      };
      error += w[i] / total * (given.y[i] - at(direct)) * (given.y[i] - at(direct));
      // A leverage is what a fit makes of a label of 1 here and 0 elsewhere.
      std::vector<double> one(given.y.size());
      one[i] = 1;
      degrees += at(reference::weighted_ridge(given.x.view(), one, w, point.penalty));
    }
    EXPECT_NEAR(point.degrees_of_freedom, degrees, 1e-8) << l;
    const double left = 1 - degrees * squares;
    ASSERT_GT(left, 0);
    EXPECT_NEAR(point.score, error / (left * left), 1e-8) << l;
    if (point.score < found.path[best].score) best = l;
    if (l > 0) {
      EXPECT_GT(point.penalty, found.path[l - 1].penalty);
      EXPECT_LT(point.degrees_of_freedom, found.path[l - 1].degrees_of_freedom);
    }
  }
  EXPECT_EQ(found.penalty, found.path[best].penalty);
  expect_solution(found, reference::weighted_ridge(given.x.view(), given.y, w, found.penalty),
                  1e-9);
}

// The fold of row i is i mod K, whatever chunks the rows come in: 1500 rows are two chunks.
TEST(Ridge, FoldScoresAreErrorsOfFitsThatHaveNotSeenTheFold) {
  for (const std::size_t m : {5, 30}) {
    for (const std::size_t n : {20, 1500}) {
      Problem given = problem(n, m, 1.0);
      RidgeOptions options;
      options.rule = PenaltyRule::kfold;
      options.folds = 3;
      options.path_points = 5;
      options.path_low = 1e-4;
      const RidgeFit found = fit(given, options);
      EXPECT_EQ(found.dual, m > n);
      ASSERT_EQ(found.path.size(), 5U);
      for (const RidgePathPoint& point : found.path) {
        double error = 0;
        double total = 0;
        for (std::size_t fold = 0; fold < 3; ++fold) {
          std::vector<double> others = given.log_weights;
          for (std::size_t i = fold; i < n; i += 3) others[i] = -kInfinity;
          const RidgeFit unseen = fit_ridge(given.rows(), given.y, others, fixed(point.penalty));
          const std::vector<double> predicted =
              predict(given.rows(), unseen.coefficients, unseen.intercept);
          for (std::size_t i = fold; i < n; i += 3) {
            const double w = std::exp(given.log_weights[i]);
            error += w * (given.y[i] - predicted[i]) * (given.y[i] - predicted[i]);
            total += w;
          }
        }
        // Errors of size 0.1 to 10 from coefficients that are right to some 1e-10.
        EXPECT_NEAR(point.score, error / total, 1e-8 * (1 + error / total));
      }
    }
  }
}

TEST(Ridge, RowsWithoutWeightMightAsWellNotBeThere) {
  const Problem whole = problem(400, 8, 1.0);
  std::vector<double> some = whole.log_weights;
  Problem kept{Matrix<double>(200, 8), {}, {}};
  for (std::size_t i = 0; i < 400; ++i) {
    if (i % 2 == 0) {
      some[i] = -kInfinity;
      continue;
    }
    std::copy_n(whole.x.row(i).begin(), 8, kept.x.row(i / 2).begin());
    kept.y.push_back(whole.y[i]);
    kept.log_weights.push_back(whole.log_weights[i]);
  }
  const RidgeFit a = fit_ridge(whole.rows(), whole.y, some);
  const RidgeFit b = fit(kept);
  expect_solution(a, {b.coefficients, b.intercept}, 1e-10);
  EXPECT_EQ(a.weights.ess, b.weights.ess);
  EXPECT_EQ(a.weights.pareto_k, b.weights.pareto_k);
}

// Log weights on a grid of 2^-10 take an added 2^20 without rounding: not a bit may change. Other
// constants round them at 1e-13 or so.
TEST(Ridge, WeightsTimesAConstantChangeNothing) {
  for (const PenaltyRule rule : {PenaltyRule::fixed, PenaltyRule::gcv, PenaltyRule::kfold}) {
    Problem given = problem(300, 10, 1.0);
    for (double& x : given.log_weights) x = std::round(x * 1024) / 1024;
    RidgeOptions options;
    options.rule = rule;
    options.penalty = 1e-3;
    const RidgeFit plain = fit(given, options);
    for (double& x : given.log_weights) x += 0x1p20;
    const RidgeFit moved = fit(given, options);
    EXPECT_EQ(moved.coefficients, plain.coefficients);
    EXPECT_EQ(moved.intercept, plain.intercept);
    EXPECT_EQ(moved.penalty, plain.penalty);
    for (double& x : given.log_weights) x -= 0x1p20 + 0.3;
    const RidgeFit rounded = fit(given, options);
    expect_solution(rounded, {plain.coefficients, plain.intercept}, 1e-12);
  }
}

/// Counts the rows that are asked for.
class CountedRows final : public DesignRows {
 public:
  explicit CountedRows(const DesignRows& rows) : rows_(rows) {}
  std::uint64_t rows() const override { return rows_.rows(); }
  std::size_t columns() const override { return rows_.columns(); }
  void fill(std::uint64_t first, MatrixView<double> out) const override {
    made_ += out.rows;
    rows_.fill(first, out);
  }
  std::uint64_t made() const { return made_; }

 private:
  const DesignRows& rows_;
  mutable std::atomic<std::uint64_t> made_ = 0;
};

TEST(Ridge, SeveralWeightsInOnePassHaveTheBitsOfEachAlone) {
  for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{3000, 10}, {30, 40}}) {
    const Problem given = problem(n, m, 1.0);
    const std::vector<double> penalties = {1e-3, 1e-2, 0};
    std::vector<std::vector<double>> log_weights(3, given.log_weights);
    for (double& x : log_weights[1]) x *= 2;
    for (std::size_t i = 0; i < n; i += 2) log_weights[2][i] = -kInfinity;
    RidgeOptions options;
    options.threads = 3;
    const HeldRows held = given.rows();
    const CountedRows rows(held);
    const std::vector<RidgeFit> fits = fit_ridges(rows, given.y, log_weights, penalties, options);
    ASSERT_EQ(fits.size(), 3U);
    // Each row once, and the heaviest of each weights once more.
    EXPECT_LE(rows.made(), n + 3);
    for (std::size_t k = 0; k < 3; ++k) {
      SCOPED_TRACE(testing::Message() << n << " rows, weights " << k);
      const RidgeFit alone = fit_ridge(given.rows(), given.y, log_weights[k], fixed(penalties[k]));
      EXPECT_EQ(fits[k].coefficients, alone.coefficients);
      EXPECT_EQ(fits[k].intercept, alone.intercept);
      EXPECT_EQ(fits[k].penalty, penalties[k]);
      EXPECT_EQ(fits[k].degrees_of_freedom, alone.degrees_of_freedom);
      EXPECT_EQ(fits[k].weighted_error, alone.weighted_error);
      EXPECT_EQ(fits[k].weights.ess, alone.weights.ess);
      EXPECT_EQ(fits[k].status, alone.status);
      EXPECT_EQ(fits[k].dual, n < m);
    }
  }
  const Problem given = problem(30, 4, 1.0);
  EXPECT_TRUE(fit_ridges(given.rows(), given.y, {}, {}).empty());
  const std::vector<std::vector<double>> one = {given.log_weights};
  EXPECT_THROW(fit_ridges(given.rows(), given.y, one, {}), UsageError);
}

TEST(Ridge, AConstantInTheLabelsGoesIntoTheInterceptAlone) {
  Problem given = problem(300, 10, 1.0);
  const RidgeFit plain = fit(given);
  for (double& y : given.y) y += 1e6;
  const RidgeFit shifted = fit(given);
  // Labels are rounded to 1e-10.
  expect_solution(shifted, {plain.coefficients, plain.intercept + 1e6}, 1e-8);
}

// On a grid of 2^-20 an added 2^24 is exact, and so are differences between rows.
TEST(Ridge, AConstantInTheFeaturesCostsNoDigits) {
  Problem given = problem(3000, 6, 1.0);
  for (double& value : given.x.values()) value = std::round(value * 0x1p20) / 0x1p20;
  const RidgeFit plain = fit(given, fixed(1e-3));
  for (double& value : given.x.values()) value += 0x1p24;
  const RidgeFit shifted = fit(given, fixed(1e-3));
  EXPECT_EQ(shifted.coefficients, plain.coefficients);
  double intercept = plain.intercept;
  for (const double a : plain.coefficients) intercept -= a * 0x1p24;
  // Some ten roundings of terms up to 2^24.
  EXPECT_NEAR(shifted.intercept, intercept, 10 * 0x1p24 * 0x1p-52);
}

TEST(Ridge, HasTheSameBitsForAnyNumberOfThreads) {
  const Problem given = problem(5000, 12, 1.0);
  for (const PenaltyRule rule : {PenaltyRule::gcv, PenaltyRule::kfold}) {
    RidgeOptions options;
    options.rule = rule;
    options.threads = 1;
    const RidgeFit one = fit(given, options);
    const std::vector<double> predicted = predict(given.rows(), one.coefficients, one.intercept, 1);
    for (const int threads : {2, 3}) {
      options.threads = threads;
      const RidgeFit many = fit(given, options);
      EXPECT_EQ(many.coefficients, one.coefficients);
      EXPECT_EQ(many.intercept, one.intercept);
      EXPECT_EQ(many.penalty, one.penalty);
      for (std::size_t l = 0; l < one.path.size(); ++l) {
        EXPECT_EQ(many.path[l].score, one.path[l].score);
      }
      EXPECT_EQ(predict(given.rows(), one.coefficients, one.intercept, threads), predicted);
    }
  }
}

// y = <a, x> + xi, xi ~ N(0, tau^2), weights e^{y/beta} with beta = 1: the tilted noise has the
// mean tau^2/beta, and the tilted x ~ N(a, I) is independent of it. The intercept's sandwich
// variance, with |a|^2 = tau^2 = 1/4: E w^2 / (E w)^2 = e^{1/2}; under w^2 the residual is N(tau^2,
// tau^2), of mean square 5/16, and its influence 1 - <x - a, a> with x ~ N(2a, I) has the mean
// square (3/4)^2 + 1/4. Six deviations: a false alarm has a probability below 1e-8, and the seed is
// fixed.
TEST(Ridge, LabelWeightsUnderGaussianNoiseShiftTheInterceptByTauSquaredOverBeta) {
  constexpr std::size_t kCount = 40000;
  constexpr double kTau = 0.5;
  Problem given{reference::normals(kCount, 3, "x"), {}, {}};
  const Matrix<double> noise = reference::normals(kCount, 1, "xi");
  for (std::size_t i = 0; i < kCount; ++i) {
    given.y.push_back(0.3 * given.x(i, 0) - 0.4 * given.x(i, 2) + kTau * noise(i, 0));
  }
  given.log_weights = given.y;
  const double deviation = std::sqrt(std::exp(0.5) * (5.0 / 16) * (9.0 / 16 + 1.0 / 4) / kCount);
  const RidgeFit weighted = fit(given, fixed(0));
  EXPECT_NEAR(weighted.intercept, kTau * kTau, 6 * deviation);
  EXPECT_NEAR(weighted.coefficients[0], 0.3, 6 * deviation);
  EXPECT_NEAR(weighted.coefficients[1], 0, 6 * deviation);
  EXPECT_NEAR(weighted.coefficients[2], -0.4, 6 * deviation);
  given.log_weights.assign(kCount, 0.0);
  EXPECT_NEAR(fit(given, fixed(0)).intercept, 0, 6 * kTau / std::sqrt(double(kCount)));
}

TEST(Ridge, ChosenPenaltyNeverSpendsMoreThanTheEffectiveSamples) {
  for (const double skew : {0.0, 1.0, 2.0, 3.0, 5.0}) {
    const RidgeFit found = fit(problem(200, 60, skew));
    EXPECT_TRUE(found.degrees_of_freedom < found.weights.ess || found.weights.ess < 2.1)
        << skew << ": " << found.degrees_of_freedom << " of " << found.weights.ess;
  }
}

TEST(Ridge, CanBeCancelled) {
  CancellationToken token;
  token.request();
  RidgeOptions options;
  options.callbacks.cancellation = &token;
  const RidgeFit stopped = fit(problem(50, 3, 0.0), options);
  EXPECT_EQ(stopped.status, RidgeStatus::cancelled);
  EXPECT_EQ(stopped.coefficients, std::vector<double>(3));
  EXPECT_EQ(stopped.remark, "cancelled before the rows were read");
}

}  // namespace
}  // namespace esscher
