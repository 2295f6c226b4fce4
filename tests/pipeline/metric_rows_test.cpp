#include "pipeline/metric_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "esscher/linalg/factor.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

struct Rows {
  explicit Rows(std::size_t n) : data(n, 4, 1, 3), numbers(n) {
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
    transform.kind = TransformKind::none;
    transform.mean.assign(4, 0.0);
    transform.scale.assign(4, 1.0);
    rows.emplace(data.features, numbers, transform, 1);
  }
  MetricRows features(std::span<const std::uint64_t> landmarks,
                      std::uint64_t most_held = kHeldBytes, int threads = 1) const {
    return {
        *rows,    KernelMetric{{}, {1, 0.3, 0.3, 0.3}}, KernelFamily::networks, landmarks, threads,
        most_held};
  }
  static Matrix<double> all(const DesignRows& rows) {
    Matrix<double> out(static_cast<std::size_t>(rows.rows()), rows.columns());
    rows.fill(0, out.view());
    return out;
  }

  testing_support::SingleIndexTable data;
  std::vector<std::uint64_t> numbers;
  FeatureTransform transform;
  std::optional<TransformedRows> rows;
};

TEST(MetricRows, OfAllRowsMakeKernelRegression) {
  const Rows table(80);
  const MetricRows features = table.features(table.numbers);
  ASSERT_EQ(features.columns(), 80);
  RidgeOptions ridge;
  ridge.rule = PenaltyRule::fixed;
  ridge.penalty = 0.01;
  const RidgeFit fit = fit_ridge(features, table.data.rewards, std::vector<double>(80), ridge);
  const std::vector<double> found = predict(features, fit.coefficients, fit.intercept, 1);

  // alpha = (H K H + n lambda)^-1 H y, the intercept the mean residual.
  Matrix<double> k(80, 80);
  const KernelPoints points = features.kernel().points(features.landmarks().view());
  features.kernel().values(points, points, k.view());
  Matrix<double> centred = k;
  const auto mean_row = [&](const Matrix<double>& m, std::size_t i) {
    return std::accumulate(m.row(i).begin(), m.row(i).end(), 0.0) / 80;
  };
  std::vector<double> means(80);
  for (std::size_t i = 0; i < 80; ++i) means[i] = mean_row(k, i);
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / 80;
  for (std::size_t i = 0; i < 80; ++i) {
    for (std::size_t j = 0; j < 80; ++j) centred(i, j) += mean - means[i] - means[j];
    centred(i, i) += 80 * 0.01;
  }
  ASSERT_TRUE(cholesky(centred.view()));
  const double level =
      std::accumulate(table.data.rewards.begin(), table.data.rewards.end(), 0.0) / 80;
  Matrix<double> alpha(80, 1);
  for (std::size_t i = 0; i < 80; ++i) alpha(i, 0) = table.data.rewards[i] - level;
  solve_lower(centred.view(), alpha.view());
  solve_lower_transposed(centred.view(), alpha.view());
  for (std::size_t i = 0; i < 80; ++i) {
    double expected = level;
    for (std::size_t j = 0; j < 80; ++j) expected += (k(i, j) - means[j]) * alpha(j, 0);
    EXPECT_NEAR(found[i], expected, 1e-8);
  }
}

/// Features times coefficients beside kernel values times lifted ones.
void expect_lifted(std::size_t rows, std::size_t landmarks, double rounding) {
  const Rows table(rows);
  const MetricRows features = table.features(std::span(table.numbers).first(landmarks));
  const std::size_t m = features.columns();
  ASSERT_EQ(m, landmarks);
  std::vector<double> a(m);
  RandomStream(4, "test/a").fill_normal(0, a);
  const std::vector<double> alpha = features.lift(a);
  const std::vector<double> found = predict(features, a, 0, 1);
  // Sizes of what each kernel value is multiplied by, which rounding is a share of.
  std::vector<double> sizes(m);
  for (std::size_t i = 0; i < m; ++i) {
    std::vector<double> one(m);
    one[i] = a[i];
    const std::vector<double> lifted = features.lift(one);
    for (std::size_t j = 0; j < m; ++j) sizes[j] += std::abs(lifted[j]);
  }
  Matrix<double> x(rows, 4);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < 4; ++k) {
      x(i, k) = static_cast<float>(table.data.features.values()(i, k));
    }
  }
  Matrix<double> k(rows, m);
  features.kernel().values(features.kernel().points(x.view()),
                           features.kernel().points(features.landmarks().view()), k.view());
  for (std::size_t i = 0; i < rows; ++i) {
    double sum = 0;
    double size = 0;
    for (std::size_t j = 0; j < m; ++j) {
      sum += k(i, j) * alpha[j];
      size += k(i, j) * sizes[j];
    }
    // Twice m products and sums, and what they are made of is rounded once more.
    EXPECT_NEAR(sum, found[i], static_cast<double>(2 * m + 2) * rounding * size);
  }
}

TEST(MetricRows, LiftCoefficientsToKernelValues) {
  constexpr double kSingle = 0x1p-24;
  constexpr double kDouble = 0x1p-53;
  // In single precision where rows are more than twice the landmarks; of more than 256, products
  // are taken in several parts.
  expect_lifted(60, 25, kSingle);
  expect_lifted(50, 25, kDouble);
  expect_lifted(620, 300, kSingle);
  expect_lifted(310, 300, kDouble);
}

TEST(MetricRows, AreTheSameWhereTheyAreNotHeld) {
  const Rows table(300);
  for (const std::size_t landmarks : {40UL, 300UL}) {
    const std::span<const std::uint64_t> some = std::span(table.numbers).first(landmarks);
    const Matrix<double> held = Rows::all(table.features(some));
    EXPECT_EQ(held, Rows::all(table.features(some, 0, 3)));
    // Held in single precision, where doubles do not fit.
    const Matrix<double> single = Rows::all(table.features(some, 300 * landmarks * 4));
    for (std::size_t i = 0; i < held.values().size(); ++i) {
      EXPECT_NEAR(single.values()[i], held.values()[i], 1e-6);
    }
  }
}

TEST(MetricRows, TakeEqualLandmarksOnce) {
  const Rows table(30);
  const std::vector<std::uint64_t> twice{3, 5, 3, 7, 5, 9};
  EXPECT_EQ(table.features(twice).columns(), 4);
}

}  // namespace
}  // namespace esscher::internal
