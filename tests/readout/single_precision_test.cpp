// Rows that may be summed in single precision (DesignRows::single_precision()) against the same
// rows in double.
//
// Tolerance: entries of the second moments are off by at most 258 units in the last place of single
// precision of sqrt(S_ii S_jj), and by sqrt(m) roundings of independent signs, some 2e-6 in the
// spectral norm of 240 columns, as a rule; so much are fits, whose columns hardly correlate here.
// 1e-4 leaves a factor of fifty and still fails where a single entry were wrong by a thousandth.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/readout/cross_fit.h"
#include "esscher/readout/ridge.h"

namespace esscher {
namespace {

constexpr std::size_t kSingleRows = 3000;
constexpr std::size_t kSingleColumns = 240;  ///< enough for strips, whose last has the target in it
constexpr double kSingleTolerance = 1e-4;

class SingleRows final : public DesignRows {
 public:
  SingleRows(MatrixView<const double> values, bool single) : held_(values), single_(single) {}
  std::uint64_t rows() const override { return held_.rows(); }
  std::size_t columns() const override { return held_.columns(); }
  void fill(std::uint64_t first, MatrixView<double> out) const override { held_.fill(first, out); }
  bool single_precision() const override { return single_; }

 private:
  HeldRows held_;
  bool single_;
};

struct SingleSample {
  Matrix<double> x{kSingleRows, kSingleColumns};
  std::vector<double> y = std::vector<double>(kSingleRows);
  std::vector<double> log_weights = std::vector<double>(kSingleRows);
  std::vector<std::uint32_t> groups = std::vector<std::uint32_t>(kSingleRows);
  std::vector<std::uint32_t> folds = std::vector<std::uint32_t>(kSingleRows);
};

/// Columns of scales from 1 down to 1/24, as whitened features have, about a mean of their scale; a
/// reward of some, with noise; rows that weigh more and less by factors of up to some hundred.
SingleSample single_sample() {
  SingleSample made;
  RandomStream(5, "x").fill_normal(0, made.x.values());
  std::vector<double> noise(kSingleRows);
  RandomStream(5, "noise").fill_normal(0, noise);
  for (std::size_t i = 0; i < kSingleRows; ++i) {
    for (std::size_t j = 0; j < kSingleColumns; ++j) {
      made.x(i, j) = (made.x(i, j) + 1) / (1 + static_cast<double>(j) / 10);
    }
    made.y[i] = 100 + made.x(i, 0) - made.x(i, 3) + 5 * made.x(i, 200) + 0.3 * noise[i];
    made.log_weights[i] = made.x(i, 1);
    made.groups[i] = static_cast<std::uint32_t>(i / 6);
    made.folds[i] = static_cast<std::uint32_t>(i / 6 % 3);
  }
  return made;
}

RidgeOptions single_fixed(double penalty, int threads = 0) {
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = penalty;
  options.threads = threads;
  return options;
}

/// And that single precision was at work.
void expect_near(std::span<const double> single, std::span<const double> both) {
  ASSERT_EQ(single.size(), both.size());
  bool same = true;
  for (std::size_t i = 0; i < both.size(); ++i) {
    EXPECT_NEAR(single[i], both[i], kSingleTolerance) << i;
    same = same && single[i] == both[i];
  }
  EXPECT_FALSE(same);
}

TEST(SinglePrecision, FitsAreThoseOfDoublePrecision) {
  const SingleSample given = single_sample();
  const SingleRows single(given.x.view(), true);
  const SingleRows both(given.x.view(), false);
  for (const bool grouped : {false, true}) {
    const std::span<const std::uint32_t> groups =
        grouped ? std::span<const std::uint32_t>(given.groups) : std::span<const std::uint32_t>{};
    const RidgeFit found =
        fit_ridge(single, given.y, given.log_weights, single_fixed(1e-5), groups);
    const RidgeFit expected =
        fit_ridge(both, given.y, given.log_weights, single_fixed(1e-5), groups);
    expect_near(predict(single, found.coefficients, found.intercept),
                predict(both, expected.coefficients, expected.intercept));
    // The difference of what the target varies by, with all digits, and what is explained of it.
    EXPECT_NEAR(found.weighted_error, expected.weighted_error,
                kSingleTolerance * expected.weighted_error);
    EXPECT_NEAR(found.degrees_of_freedom, expected.degrees_of_freedom, 1e-3);
  }
}

TEST(SinglePrecision, HeldOutPredictionsAreThoseOfDoublePrecision) {
  const SingleSample given = single_sample();
  const std::vector<double> penalties{1e-4, 1e-6};
  const auto single = cross_fit_ridge_path(SingleRows(given.x.view(), true), given.y,
                                           given.log_weights, penalties, given.folds, {}, {});
  const auto both = cross_fit_ridge_path(SingleRows(given.x.view(), false), given.y,
                                         given.log_weights, penalties, given.folds, {}, {});
  for (std::size_t p = 0; p < penalties.size(); ++p) {
    expect_near(single[p].held_out, both[p].held_out);
  }
}

TEST(SinglePrecision, HasTheSameBitsForAnyNumberOfThreads) {
  const SingleSample given = single_sample();
  const SingleRows rows(given.x.view(), true);
  const RidgeFit one = fit_ridge(rows, given.y, given.log_weights, single_fixed(1e-5, 1));
  for (const int threads : {2, 3}) {
    const RidgeFit many = fit_ridge(rows, given.y, given.log_weights, single_fixed(1e-5, threads));
    EXPECT_EQ(many.coefficients, one.coefficients);
    EXPECT_EQ(many.intercept, one.intercept);
  }
}

/// Rows ordered by the target, so that blocks of them lie far apart: two blocks of 192 columns,
/// whose target is alone in the last strip, and three of 700.
struct Blocks {
  Matrix<double> x;
  std::vector<double> y;
  std::vector<double> log_weights;

  Blocks(std::size_t rows, std::size_t columns) : x(rows, columns), y(rows), log_weights(rows) {
    RandomStream(6, "x").fill_normal(0, x.values());
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = static_cast<double>(i) / 4000 + 0.3 * x(i, 0);
      for (std::size_t j = 0; j < columns; ++j) x(i, j) += y[i] / (1 + static_cast<double>(j));
    }
  }
};

TEST(SinglePrecision, BlocksOfRowsAddUpToTheSameBitsForAnyNumberOfThreads) {
  for (const std::size_t columns : {192, 700}) {
    const Blocks given(columns == 192 ? 24000 : 13000, columns);
    const SingleRows rows(given.x.view(), true);
    const SingleRows in_double(given.x.view(), false);
    const RidgeFit one = fit_ridge(rows, given.y, given.log_weights, single_fixed(1e-4, 1));
    const RidgeFit expected =
        fit_ridge(in_double, given.y, given.log_weights, single_fixed(1e-4, 2));
    for (std::size_t j = 0; j < columns; ++j) {
      EXPECT_NEAR(one.coefficients[j], expected.coefficients[j], kSingleTolerance) << j;
    }
    for (const int threads : {2, 3, 8}) {
      const RidgeFit many =
          fit_ridge(rows, given.y, given.log_weights, single_fixed(1e-4, threads));
      EXPECT_EQ(many.coefficients, one.coefficients) << threads;
      EXPECT_EQ(many.intercept, one.intercept) << threads;
    }
  }
}

TEST(SinglePrecision, RefusesWhatIsNoNumber) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e300}) {
    SingleSample given = single_sample();
    given.x(700, 5) = bad;
    EXPECT_THROW(
        fit_ridge(SingleRows(given.x.view(), true), given.y, given.log_weights, single_fixed(1e-5)),
        DataError)
        << bad;
  }
}

TEST(SinglePrecision, WeightsThatItDoesNotHoldCountAsNone) {
  SingleSample given = single_sample();
  for (std::size_t i = 0; i < kSingleRows; i += 2) given.log_weights[i] = -90;  // 1e-39
  const SingleRows rows(given.x.view(), true);
  const RidgeFit found = fit_ridge(rows, given.y, given.log_weights, single_fixed(1e-5));
  const RidgeFit expected =
      fit_ridge(SingleRows(given.x.view(), false), given.y, given.log_weights, single_fixed(1e-5));
  expect_near(predict(rows, found.coefficients, found.intercept),
              predict(rows, expected.coefficients, expected.intercept));
}

TEST(SinglePrecision, AColumnThatNeverVariesHasNoShare) {
  SingleSample given = single_sample();
  for (std::size_t i = 0; i < kSingleRows; ++i) given.x(i, 7) = 1e6 + 0.1;
  const RidgeFit found =
      fit_ridge(SingleRows(given.x.view(), true), given.y, given.log_weights, single_fixed(1e-5));
  EXPECT_EQ(found.coefficients[7], 0);
  for (const double a : found.coefficients) EXPECT_TRUE(std::isfinite(a));
}

}  // namespace
}  // namespace esscher
