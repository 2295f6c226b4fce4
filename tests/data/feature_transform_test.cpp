#include "esscher/data/feature_transform.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../support/all_rows.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/linalg/gemm.h"

namespace esscher {
namespace {

/// n x d normals times a fixed mixing matrix: correlated columns of unequal size.
Matrix<double> correlated(std::size_t n, std::size_t d, std::uint64_t seed = 1) {
  Matrix<double> mixing(d, d);
  RandomStream(seed, "test/mixing").fill_normal(0, mixing.values());
  Matrix<double> normals(n, d);
  RandomStream(seed, "test/normals").fill_normal(0, normals.values());
  Matrix<double> x(n, d);
  gemm(Operand::plain, normals.view(), Operand::plain, mixing.view(), 0.0, x.view());
  return x;
}

Matrix<double> applied(const FeatureTransform& transform, const Matrix<double>& x) {
  Matrix<double> out(x.rows(), transform.outputs());
  transform.apply(x.view(), out.view());
  return out;
}

/// The average of z z' about 0, with the means behind it in the last row.
Matrix<double> second_moments(const Matrix<double>& z) {
  const std::size_t k = z.columns();
  Matrix<double> result(k + 1, k);
  const double w = 1 / static_cast<double>(z.rows());
  for (std::size_t i = 0; i < z.rows(); ++i) {
    for (std::size_t a = 0; a < k; ++a) {
      for (std::size_t b = 0; b < k; ++b) result(a, b) += w * z(i, a) * z(i, b);
      result(k, a) += w * z(i, a);
    }
  }
  return result;
}

void expect_identity(const Matrix<double>& moments, double tolerance) {
  const std::size_t k = moments.columns();
  for (std::size_t a = 0; a < k; ++a) {
    for (std::size_t b = 0; b < k; ++b) {
      EXPECT_NEAR(moments(a, b), a == b ? 1 : 0, tolerance) << a << " " << b;
    }
    EXPECT_NEAR(moments(k, a), 0, tolerance) << a;
  }
}

FeatureTransform fit(const Matrix<double>& x, TransformOptions options,
                     std::span<const double> log_weights = {}) {
  return fit_transform(HeldFeatures(x), all_rows(x.rows()), log_weights, options);
}

TransformOptions of_kind(TransformKind kind) {
  TransformOptions options;
  options.kind = kind;
  return options;
}

TransformOptions unshrunk() {
  TransformOptions options;
  options.shrinkage = 0.0;
  return options;
}

TEST(FeatureTransform, NamesReadBack) {
  for (const auto kind : {TransformKind::none, TransformKind::standardise, TransformKind::whiten}) {
    EXPECT_EQ(parse_transform(transform_name(kind)), kind);
  }
}

TEST(FeatureTransform, NoneLeavesFeaturesAsTheyAre) {
  const Matrix<double> x = correlated(20, 3);
  const FeatureTransform transform = fit(x, of_kind(TransformKind::none));
  EXPECT_EQ(applied(transform, x), x);
  EXPECT_EQ(transform.remark(), "3 columns as they are");
}

// Chunks of several sizes: 3 columns make chunks of 1024 rows.
TEST(FeatureTransform, StandardisedColumnsHaveMeanZeroAndVarianceOne) {
  for (const std::size_t n : {2U, 1023U, 1024U, 5000U}) {
    const Matrix<double> x = correlated(n, 3);
    const FeatureTransform transform = fit(x, of_kind(TransformKind::standardise));
    const Matrix<double> moments = second_moments(applied(transform, x));
    for (std::size_t j = 0; j < 3; ++j) {
      // Plain sums of 5000 terms of size 1: below 5000 eps.
      EXPECT_NEAR(moments(j, j), 1, 1e-12);
      EXPECT_NEAR(moments(3, j), 0, 1e-12);
    }
  }
}

// +-1 about 1e8: values are exact, so the deviation is 1 to rounding of the mean, an ulp of 1e8
// being 1.5e-8, which enters squared; a sum of squares less the square of a sum would have lost
// all digits (1e16 eps = 2).
TEST(FeatureTransform, ColumnsFarFromTheOriginKeepTheirDeviation) {
  const std::size_t n = 50'000;
  Matrix<double> x(n, 2);
  for (std::size_t i = 0; i < n; ++i) {
    x(i, 0) = 1e8 + (i % 2 == 0 ? 1.0 : -1.0);
    x(i, 1) = i % 8 == 0 ? (i % 16 == 0 ? 1.0 : -1.0) : 0.0;
  }
  // A first row far away must not spoil the others: sums are taken about it. Both count as the
  // bounds, -10 and 10.
  x(0, 1) = 1e8;
  x(1, 1) = -1e8;
  const FeatureTransform transform = fit(x, of_kind(TransformKind::standardise));
  EXPECT_EQ(transform.mean[0], 1e8);
  EXPECT_NEAR(transform.scale[0], 1, 1e-14);
  const double expected = std::sqrt((2e2 + static_cast<double>(n) / 8 - 1) / n - 1.0 / n / n);
  EXPECT_NEAR(transform.scale[1] / expected, 1, 1e-13);
}

TEST(FeatureTransform, ConstantColumnsAreDroppedAndCounted) {
  Matrix<double> x = correlated(100, 4);
  for (std::size_t i = 0; i < 100; ++i) {
    x(i, 1) = 0.1;
    // Constant but for the last bit.
    x(i, 3) = i % 2 == 0 ? 0.3 : 0.1 + 0.2;
  }
  for (const auto kind : {TransformKind::standardise, TransformKind::whiten}) {
    const FeatureTransform transform = fit(x, of_kind(kind));
    EXPECT_EQ(transform.inputs(), 4U);
    EXPECT_EQ(transform.outputs(), 2U);
    EXPECT_EQ(transform.constant_columns(), 2U);
    EXPECT_EQ(transform.null_directions(), 0U);
    EXPECT_EQ(transform.dropped(), 2U);
    EXPECT_EQ(transform.scale[1], 0);
    // What such a column holds later does not matter.
    Matrix<double> later = x;
    later(5, 1) = 1e9;
    EXPECT_EQ(applied(transform, later), applied(transform, x));
  }
  EXPECT_EQ(fit(x, of_kind(TransformKind::standardise)).remark(),
            "standardised: 4 columns to 2 coordinates (2 constant columns dropped)");
}

// The tolerance is eps times the condition of the mixing (some 1e4 in squares), times sqrt(n).
TEST(FeatureTransform, WhitenedCoordinatesAreUncorrelatedOfUnitVariance) {
  const std::size_t n = 3000;
  const Matrix<double> x = correlated(n, 20);
  const FeatureTransform transform = fit(x, unshrunk());
  EXPECT_EQ(transform.outputs(), 20U);
  expect_identity(second_moments(applied(transform, x)), 1e-9);
}

// More columns than a tile of the Gram matrix is wide, with one constant: tiles and compaction.
TEST(FeatureTransform, WhiteningHoldsAcrossTiles) {
  const std::size_t n = 700;
  Matrix<double> x = correlated(n, 150);
  for (std::size_t i = 0; i < n; ++i) x(i, 70) = 5;
  const FeatureTransform transform = fit(x, unshrunk());
  EXPECT_EQ(transform.outputs(), 149U);
  expect_identity(second_moments(applied(transform, x)), 1e-7);
}

// Three one-hot positions of 4, 3 and 5 symbols: each block's columns sum to 1.
TEST(FeatureTransform, OneHotBlocksLoseOneDirectionEach) {
  const std::size_t n = 2000;
  Matrix<double> x(n, 12);
  const RandomStream stream(3, "test/one-hot");
  const std::size_t sizes[] = {4, 3, 5};
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t first = 0;
    for (std::size_t block = 0; block < 3; ++block) {
      const double u = stream.uniform(3 * i + block);
      x(i, first + static_cast<std::size_t>(u * static_cast<double>(sizes[block]))) = 1;
      first += sizes[block];
    }
  }
  const FeatureTransform transform = fit(x, unshrunk());
  EXPECT_EQ(transform.outputs(), 9U);
  EXPECT_EQ(transform.null_directions(), 3U);
  expect_identity(second_moments(applied(transform, x)), 1e-10);
  EXPECT_EQ(transform.remark(),
            "whitened: 12 columns to 9 coordinates (3 null directions dropped, shrinkage 0)");
}

TEST(FeatureTransform, FewerRowsThanColumnsGiveOneDirectionLessThanRows) {
  EXPECT_EQ(fit(correlated(7, 20), {}).outputs(), 6U);
}

// Integer weights are copies of rows, in every kind.
TEST(FeatureTransform, WeightsCountAsCopies) {
  const std::size_t n = 300;
  const Matrix<double> x = correlated(n, 5);
  std::vector<double> log_weights(n);
  std::vector<std::uint64_t> copies;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t times = i % 4;
    // 7: a constant in the logarithms changes nothing.
    log_weights[i] = times == 0 ? -std::numeric_limits<double>::infinity()
                                : 7 + std::log(static_cast<double>(times));
    copies.insert(copies.end(), times, i);
  }
  const FeatureTransform weighted = fit(x, unshrunk(), log_weights);
  const FeatureTransform copied = fit_transform(HeldFeatures(x), copies, {}, unshrunk());
  for (std::size_t j = 0; j < 5; ++j) {
    EXPECT_NEAR(weighted.mean[j], copied.mean[j], 1e-13);
    EXPECT_NEAR(weighted.scale[j] / copied.scale[j], 1, 1e-13);
  }
  ASSERT_EQ(weighted.outputs(), copied.outputs());
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_NEAR(weighted.directions.values()[i], copied.directions.values()[i], 1e-9);
  }
}

TEST(FeatureTransform, RowsWithoutWeightAreNotSeen) {
  Matrix<double> x = correlated(50, 3);
  std::vector<double> log_weights(50, 0.0);
  log_weights[0] = log_weights[20] = -std::numeric_limits<double>::infinity();
  const FeatureTransform before = fit(x, {}, log_weights);
  for (std::size_t j = 0; j < 3; ++j) x(20, j) = 1e300;
  const FeatureTransform after = fit(x, {}, log_weights);
  EXPECT_EQ(before.mean, after.mean);
  EXPECT_EQ(before.scale, after.scale);
  EXPECT_EQ(before.directions, after.directions);
}

TEST(FeatureTransform, HasTheSameBitsForAnyNumberOfThreads) {
  const Matrix<double> x = correlated(9000, 140);
  TransformOptions options;
  options.threads = 1;
  const FeatureTransform one = fit(x, options);
  options.threads = 4;
  const FeatureTransform four = fit(x, options);
  EXPECT_EQ(one.mean, four.mean);
  EXPECT_EQ(one.scale, four.scale);
  EXPECT_EQ(one.directions, four.directions);
  EXPECT_EQ(one.shrinkage, four.shrinkage);
}

// R for two columns of correlation r has tr R^2 = 2 + 2 r^2, so with p = 2 the rule is
// 4 / ((n) 2 r^2), at most 1.
TEST(FeatureTransform, ShrinkageIsTheOasFormula) {
  Matrix<double> x(8, 2);
  const double first[] = {1, 1, 1, 1, -1, -1, -1, -1};
  const double second[] = {1, 1, 1, -1, 1, -1, -1, -1};
  for (std::size_t i = 0; i < 8; ++i) {
    x(i, 0) = first[i];
    x(i, 1) = 10 * second[i];
  }
  // r = 1/2: 4 / (8 / 2) = 1.
  EXPECT_NEAR(fit(x, {}).shrinkage, 1, 1e-14);
  // The same table four times over: n = 32, and a quarter of it.
  std::vector<std::uint64_t> rows;
  for (std::uint64_t i = 0; i < 32; ++i) rows.push_back(i % 8);
  const FeatureTransform transform = fit_transform(HeldFeatures(x), rows);
  EXPECT_NEAR(transform.shrinkage, 0.25, 1e-14);
  // R has eigenvalues 3/2 and 1/2, shrunk to 11/8 and 5/8, and vectors (1, 1) and (1, -1) over
  // sqrt 2, signs by the first entry.
  EXPECT_NEAR(transform.directions(0, 0), std::sqrt(0.5 / 1.375), 1e-14);
  EXPECT_NEAR(transform.directions(1, 0), std::sqrt(0.5 / 1.375), 1e-14);
  EXPECT_NEAR(transform.directions(0, 1), std::sqrt(0.5 / 0.625), 1e-14);
  EXPECT_NEAR(transform.directions(1, 1), -std::sqrt(0.5 / 0.625), 1e-14);
}

TEST(FeatureTransform, ShrinkageTakesUncorrelatedColumnsWhole) {
  Matrix<double> x(4, 2);
  x(0, 0) = x(1, 0) = x(0, 1) = x(2, 1) = 1;
  EXPECT_EQ(fit(x, {}).shrinkage, 1);
  EXPECT_EQ(fit(correlated(10, 1), {}).outputs(), 1U);
}

TEST(FeatureTransform, LargestEntryOfEachDirectionIsPositive) {
  const FeatureTransform transform = fit(correlated(500, 12), {});
  for (std::size_t j = 0; j < transform.outputs(); ++j) {
    double extreme = 0;
    for (std::size_t i = 0; i < 12; ++i) {
      const double entry = transform.directions(i, j);
      if (std::abs(entry) > std::abs(extreme)) extreme = entry;
    }
    EXPECT_GT(extreme, 0) << j;
  }
}

// 512 rows are taken at a time; floats are the doubles, rounded once.
TEST(FeatureTransform, ARowIsTransformedTheSameInAnyCompany) {
  const Matrix<double> x = correlated(1100, 10);
  for (const auto kind : {TransformKind::standardise, TransformKind::whiten}) {
    const FeatureTransform transform = fit(x, of_kind(kind));
    const Matrix<double> whole = applied(transform, x);
    Matrix<float> floats(1100, 10);
    transform.apply(x.view(), floats.view());
    Matrix<double> one(1, 10);
    for (const std::size_t i : {0U, 511U, 512U, 1099U}) {
      transform.apply(x.view().rows_from(i, 1), one.view());
      for (std::size_t j = 0; j < 10; ++j) {
        EXPECT_EQ(one(0, j), whole(i, j));
        EXPECT_EQ(floats(i, j), static_cast<float>(whole(i, j)));
      }
    }
  }
}

TEST(FeatureTransform, StopsWhenCancelledAndTellsProgress) {
  CancellationToken token;
  token.request();
  TransformOptions options;
  options.callbacks.cancellation = &token;
  EXPECT_TRUE(fit(correlated(100, 3), options).cancelled);
  token.reset();
  std::vector<std::string> done;
  options.callbacks.progress = [&](const Progress& progress) {
    if (progress.done == progress.total) done.emplace_back(progress.stage);
  };
  EXPECT_FALSE(fit(correlated(100, 3), options).cancelled);
  EXPECT_EQ(done, (std::vector<std::string>{"feature moments", "feature correlations"}));
}

TEST(FeatureTransform, CutsOffColumnsFarFromWhatWasFitted) {
  Matrix<double> x = correlated(10, 2);
  const FeatureTransform transform = fit(x, of_kind(TransformKind::standardise));
  x(4, 0) = 1e60;
  x(5, 1) = -1e60;
  Matrix<float> z(10, 2);
  transform.apply(x.view(), z.view());
  EXPECT_EQ(z(4, 0), kMostDeviations);
  EXPECT_EQ(z(5, 1), -kMostDeviations);
  EXPECT_LT(std::abs(z(3, 0)), 4);
}

TEST(FeatureTransform, ValuesFarOutDoNotTellTheScale) {
  for (const TransformKind kind : {TransformKind::standardise, TransformKind::whiten}) {
    const Matrix<double> clean = correlated(200, 2);
    Matrix<double> x = clean;
    // The first row is the origin of sums; a tenth of the rows stand for what is missing.
    x(0, 0) = 1e9;
    for (std::size_t i = 1; i < 200; i += 10) x(i, 1) = -9999;
    const FeatureTransform transform = fit(x, of_kind(kind));
    EXPECT_EQ(transform.far_columns, (std::vector<std::size_t>{0, 1}));
    const FeatureTransform expected = fit(clean, of_kind(kind));
    EXPECT_TRUE(expected.far_columns.empty());
    // One of 200 at 10 deviations, and a tenth of them.
    EXPECT_LT(transform.scale[0], 1.5 * expected.scale[0]);
    EXPECT_LT(transform.scale[1], 4 * expected.scale[1]);
    const Matrix<double> z = applied(transform, x);
    EXPECT_LT(std::ranges::max(z.values()), 15);
  }
}

TEST(FeatureTransform, ValuesFarOutOfMostlyOneValueDoNotTellTheScale) {
  Matrix<double> clean = correlated(400, 2);
  for (std::size_t i = 0; i < 400; ++i) {
    if (i % 5 != 0) clean(i, 0) = 0;
    if (i % 5 != 0) clean(i, 1) = 3;
  }
  Matrix<double> x = clean;
  x(7, 0) = 1e9;
  for (std::size_t i = 1; i < 400; i += 20) x(i, 1) = -9999;  // it recurs
  const FeatureTransform expected = fit(clean, of_kind(TransformKind::standardise));
  EXPECT_TRUE(expected.far_columns.empty());
  const FeatureTransform transform = fit(x, of_kind(TransformKind::standardise));
  EXPECT_EQ(transform.far_columns, (std::vector<std::size_t>{0, 1}));
  // Beside 80 others one, and 20, at 10 of their distances: about sqrt(1 + 100 / 80) and
  // sqrt(1 + 2000 / 80) times as much.
  EXPECT_LT(transform.scale[0], 2 * expected.scale[0]);
  EXPECT_LT(transform.scale[1], 6 * expected.scale[1]);
}

TEST(FeatureTransform, RareValuesAndHeavyTailsTellTheScale) {
  Matrix<double> x(1000, 7);
  RandomStream(7, "test/tails").fill_normal(0, x.values());
  for (std::size_t i = 0; i < 1000; ++i) {
    x(i, 0) = i == 5 ? 1 : 0;                                                // a rare letter
    x(i, 5) = i % 100 == 3 ? x(i, 5) : -2;                                   // mostly one value
    x(i, 6) = i % 2 == 0 ? 0 : std::floor(std::exp(2 * std::abs(x(i, 6))));  // counts
    x(i, 1) = std::exp(3 * x(i, 1));
    x(i, 2) *= i < 8 ? 1 : 1e-200;                     // the others could not be scaled alone
    x(i, 3) = (i % 20 == 0 ? 1 : 0) + 5e-3 * x(i, 3);  // a flag with noise
    x(i, 4) = 1 / (1 + std::exp(15 - 8 * std::abs(x(i, 4))));  // confident probabilities
  }
  EXPECT_TRUE(fit(x, of_kind(TransformKind::standardise)).far_columns.empty());
}

}  // namespace
}  // namespace esscher
