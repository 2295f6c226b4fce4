#include "esscher/features/metric_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher {
namespace {

Matrix<double> normals(std::size_t n, std::size_t k, std::uint64_t seed) {
  Matrix<double> x(n, k);
  RandomStream(seed, "test/x").fill_normal(0, x.values());
  return x;
}

/// A A' for some A of rank \p rank.
KernelMetric metric_of_rank(std::size_t k, std::size_t rank, std::uint64_t seed) {
  const Matrix<double> a = normals(k, rank, seed);
  KernelMetric metric;
  metric.full = Matrix<double>(k, k);
  gemm(Operand::plain, a.view(), Operand::transposed, a.view(), 0.0, metric.full.view());
  return metric;
}

/// k(a, b) from the state alone, term by term.
double by_definition(const MetricKernel& kernel, std::span<const double> a,
                     std::span<const double> b) {
  const MetricKernel::State& s = kernel.state();
  const auto coordinates = [&](std::span<const double> x, const Matrix<double>& full,
                               const std::vector<double>& diagonal) {
    if (!diagonal.empty()) {
      std::vector<double> out;
      for (std::size_t k = 0; k < x.size(); ++k) out.push_back(x[k] * diagonal[k]);
      return out;
    }
    std::vector<double> out(full.columns());
    for (std::size_t k = 0; k < x.size(); ++k) {
      for (std::size_t j = 0; j < out.size(); ++j) out[j] += x[k] * full(k, j);
    }
    return out;
  };
  const std::vector<double> p = coordinates(a, s.arc, s.diagonal_arc);
  const std::vector<double> q = coordinates(b, s.arc, s.diagonal_arc);
  double pq = 1;
  double pp = 1;
  double qq = 1;
  for (std::size_t j = 0; j < p.size(); ++j) {
    pq += p[j] * q[j];
    pp += p[j] * p[j];
    qq += q[j] * q[j];
  }
  const double angle = std::acos(std::clamp(pq / std::sqrt(pp * qq), -1.0, 1.0));
  const double arc = std::sqrt(pp * qq) *
                     (std::sin(angle) + (std::numbers::pi - angle) * std::cos(angle)) /
                     std::numbers::pi;
  if (s.shares[3] > 0) return s.shares[3] * pq * pq;
  const std::vector<double> u = coordinates(a, s.laplace, s.diagonal_laplace);
  const std::vector<double> v = coordinates(b, s.laplace, s.diagonal_laplace);
  double square = 0;
  for (std::size_t j = 0; j < u.size(); ++j) square += (u[j] - v[j]) * (u[j] - v[j]);
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += s.product[k] * std::abs(a[k] - b[k]);
  return s.shares[0] * arc + s.shares[1] * std::exp(-std::sqrt(square)) +
         s.shares[2] * std::exp(-sum);
}

Matrix<double> kernel_matrix(const MetricKernel& kernel, const Matrix<double>& x) {
  const KernelPoints points = kernel.points(x.view());
  Matrix<double> k(x.rows(), x.rows());
  kernel.values(points, points, k.view());
  return k;
}

struct Example {
  Example(const KernelMetric& metric, std::size_t n, KernelFamily family = KernelFamily::networks)
      : x(normals(n, 6, 1)),
        kernel(metric, x.view().rows_from(0, std::min<std::size_t>(n, 40)), family) {}
  Matrix<double> x;
  MetricKernel kernel;
};

std::vector<KernelMetric> metrics() {
  return {metric_of_rank(6, 6, 2), metric_of_rank(6, 2, 3), KernelMetric{{}, {1, 0.5, 0, 2, 1, 3}}};
}

constexpr std::array kFamilies{KernelFamily::networks, KernelFamily::laplace,
                               KernelFamily::quadratic};

TEST(MetricKernel, IsWhatItsDefinitionSays) {
  // 67 points: no multiple of any vector's size.
  for (const KernelFamily family : kFamilies) {
    for (const KernelMetric& metric : metrics()) {
      const Example example(metric, 67, family);
      EXPECT_EQ(example.kernel.family(), family);
      const Matrix<double> k = kernel_matrix(example.kernel, example.x);
      for (std::size_t i = 0; i < 67; ++i) {
        for (std::size_t j = 0; j < 67; ++j) {
          // A distance of 1e-8, the rounding of two equal points, is the largest error.
          ASSERT_NEAR(k(i, j), by_definition(example.kernel, example.x.row(i), example.x.row(j)),
                      2e-8);
        }
      }
    }
  }
}

// More points than are taken at once, and no multiple of anything.
TEST(MetricKernel, ValuesOfManyPointsAreThoseOfOneAtATime) {
  constexpr std::size_t kPoints = 531;
  for (const KernelMetric& metric : metrics()) {
    const Example example(metric, kPoints);
    const KernelPoints points = example.kernel.points(example.x.view());
    const Matrix<double> k = kernel_matrix(example.kernel, example.x);
    Matrix<double> alone(1, kPoints);
    for (std::size_t i = 0; i < kPoints; ++i) {
      example.kernel.values(points.part(i, 1), points, alone.view());
      for (std::size_t j = 0; j < kPoints; ++j) ASSERT_EQ(alone(0, j), k(i, j)) << i << ", " << j;
    }
  }
}

// With the identity on standardised columns it is ridge regression on columns, squares and pairs.
TEST(MetricKernel, QuadraticHasVarianceOneAndStandardisedCoordinates) {
  const Example example(KernelMetric{{}, {9, 9, 9, 9, 9, 9}}, 40, KernelFamily::quadratic);
  const KernelPoints points = example.kernel.points(example.x.view());
  double square = 0;
  for (const double value : points.arc.values()) square += value * value / (40 * 6);
  EXPECT_NEAR(square, 1, 1e-12);
  EXPECT_TRUE(points.laplace.empty());
  const Matrix<double> k = kernel_matrix(example.kernel, example.x);
  double variance = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    variance += k(i, i) / 40;
    for (std::size_t j = 0; j < 40; ++j) variance -= k(i, j) / 1600;
  }
  EXPECT_NEAR(variance, 1, 1e-12);
}

TEST(MetricKernel, LaplaceIsThePartOfTheSumButForItsShare) {
  const KernelMetric metric = metric_of_rank(6, 4, 2);
  const Example sum(metric, 40);
  const Example alone(metric, 40, KernelFamily::laplace);
  EXPECT_EQ(alone.kernel.state().laplace, sum.kernel.state().laplace);
  EXPECT_NEAR(alone.kernel.state().shares[1], 3 * sum.kernel.state().shares[1], 1e-12);
  const KernelPoints points = alone.kernel.points(alone.x.view());
  EXPECT_EQ(points.size(), 40);
  EXPECT_TRUE(points.arc.empty());
  EXPECT_TRUE(points.product.empty());
}

TEST(MetricKernel, IsSymmetricAndPositiveDefinite) {
  for (const KernelMetric& metric : metrics()) {
    const Example example(metric, 60);
    Matrix<double> k = kernel_matrix(example.kernel, example.x);
    for (std::size_t i = 0; i < 60; ++i) {
      for (std::size_t j = 0; j < i; ++j) EXPECT_NEAR(k(i, j), k(j, i), 1e-12);
    }
    EXPECT_TRUE(cholesky(k.view()));
  }
}

TEST(MetricKernel, AmongThemselvesPointsHaveTheSameValues) {
  // Of the rows that are mirrored at once: a few blocks and a part of one.
  for (const KernelFamily family : kFamilies) {
    for (const KernelMetric& metric : metrics()) {
      const Example example(metric, 600, family);
      const Matrix<double> expected = kernel_matrix(example.kernel, example.x);
      Matrix<double> k(600, 600, std::numeric_limits<double>::quiet_NaN());
      example.kernel.values(example.kernel.points(example.x.view()), k.view());
      double difference = 0;
      for (std::size_t i = 0; i < 600; ++i) {
        for (std::size_t j = 0; j < 600; ++j) {
          ASSERT_EQ(k(i, j), k(j, i));
          difference = std::max(difference, std::abs(k(i, j) - expected(i, j)));
        }
      }
      EXPECT_LE(difference, 1e-12);
    }
  }
}

TEST(MetricKernel, EachPartHasAThirdOfTheVarianceOfTheSample) {
  constexpr std::size_t kPoints = 300;  // several blocks of them
  const Matrix<double> x = normals(kPoints, 6, 1);
  const MetricKernel kernel(metric_of_rank(6, 6, 2), x.view());
  for (std::size_t part = 0; part < 3; ++part) {
    MetricKernel::State state = kernel.state();
    const double share = state.shares[part];
    state.shares = {};
    state.shares[part] = share;
    const Matrix<double> k = kernel_matrix(MetricKernel(state), x);
    double variance = 0;
    for (std::size_t i = 0; i < kPoints; ++i) {
      variance += k(i, i) / kPoints;
      for (std::size_t j = 0; j < kPoints; ++j) variance -= k(i, j) / (kPoints * kPoints);
    }
    EXPECT_NEAR(variance, 1.0 / 3, 1e-12) << part;
  }
}

TEST(MetricKernel, DoesNotSeeTheScaleOfTheMetric) {
  KernelMetric metric = metric_of_rank(6, 6, 2);
  const Example plain(metric, 40);
  for (double& value : metric.full.values()) value *= 1e6;
  const Example scaled(metric, 40);
  const Matrix<double> ka = kernel_matrix(plain.kernel, plain.x);
  const Matrix<double> kb = kernel_matrix(scaled.kernel, scaled.x);
  for (std::size_t i = 0; i < 1600; ++i) EXPECT_NEAR(ka.values()[i], kb.values()[i], 1e-7);
}

void expect_gradients(const KernelMetric& metric, KernelFamily family) {
  const Example example(metric, 53, family);
  const KernelPoints z = example.kernel.points(example.x.view());
  std::vector<double> alpha(53);
  RandomStream(5, "test/alpha").fill_normal(0, alpha);
  const Matrix<double> at = normals(9, 6, 6);
  Matrix<double> gradients(9, 6);
  example.kernel.gradients(example.kernel.points(at.view()), z, alpha, gradients.view());
  const auto reward = [&](std::span<const double> x) {
    double sum = 0;
    for (std::size_t j = 0; j < 53; ++j) {
      sum += alpha[j] * by_definition(example.kernel, x, example.x.row(j));
    }
    return sum;
  };
  for (std::size_t i = 0; i < 9; ++i) {
    for (std::size_t k = 0; k < 6; ++k) {
      constexpr double kStep = 1e-6;
      std::vector<double> up(at.row(i).begin(), at.row(i).end());
      std::vector<double> down = up;
      up[k] += kStep;
      down[k] -= kStep;
      EXPECT_NEAR(gradients(i, k), (reward(up) - reward(down)) / (2 * kStep), 1e-6);
    }
  }
}

TEST(MetricKernel, HasTheGradientsOfDifferences) {
  for (const KernelMetric& metric : metrics()) {
    for (const KernelFamily family : kFamilies) expect_gradients(metric, family);
  }
}

TEST(MetricKernel, NoPointsHaveNoValuesAndGradientsOfZero) {
  for (const KernelFamily family : kFamilies) {
    const Example example(metric_of_rank(6, 6, 2), 20, family);
    const KernelPoints all = example.kernel.points(example.x.view());
    const KernelPoints none = all.part(0, 0);
    Matrix<double> values(20, 0);
    example.kernel.values(all, none, values.view());
    example.kernel.values(none, all, Matrix<double>(0, 20).view());
    example.kernel.values(none, Matrix<double>(0, 0).view());
    Matrix<double> gradients(20, 6, 7.0);
    example.kernel.gradients(all, none, {}, gradients.view());
    EXPECT_EQ(gradients, Matrix<double>(20, 6));
  }
}

TEST(MetricKernel, HasNoKinkAtItsOwnPoints) {
  // One point alone: the Laplace kernels are symmetric about it, the arc-cosine one is not.
  const Example example(metric_of_rank(6, 6, 2), 20);
  MetricKernel::State state = example.kernel.state();
  state.shares[0] = 0;
  const MetricKernel rough(state);
  const KernelPoints one = rough.points(example.x.view().rows_from(3, 1));
  Matrix<double> gradient(1, 6);
  rough.gradients(one, one, std::vector<double>{1.0}, gradient.view());
  for (const double value : gradient.values()) EXPECT_EQ(value, 0);
}

TEST(MetricKernel, KeepsItsStateBitForBit) {
  const Example example(metric_of_rank(6, 2, 3), 40);
  const MetricKernel copy(example.kernel.state());
  EXPECT_EQ(copy.state(), example.kernel.state());
  EXPECT_EQ(copy.columns(), 6);
  EXPECT_EQ(example.kernel.state().arc.columns(), 2);  // of the metric's rank
}

TEST(MetricKernel, RefusesWhatIsNoMetric) {
  const Matrix<double> x = normals(10, 3, 1);
  EXPECT_THROW(MetricKernel({{}, {1, 1}}, x.view()), UsageError);
  EXPECT_THROW(MetricKernel({{}, {0, 0, 0}}, x.view()), UsageError);
  EXPECT_THROW(MetricKernel({{}, {1, -1, 1}}, x.view()), UsageError);
  EXPECT_THROW(MetricKernel({{}, {1, std::nan(""), 1}}, x.view()), UsageError);
}

TEST(MetricKernel, TakesASampleOfOnePoint) {
  const Matrix<double> same(10, 3, 2.0);
  const MetricKernel kernel({{}, {1, 1, 1}}, same.view());
  for (std::size_t part = 0; part < 3; ++part) {
    EXPECT_EQ(kernel.state().shares[part], 1.0 / 3);
  }
  const Matrix<double> k = kernel_matrix(kernel, same);
  for (const double value : k.values()) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace esscher
