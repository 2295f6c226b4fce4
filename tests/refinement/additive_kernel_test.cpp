#include "refinement/additive_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

Matrix<double> some_normals(std::size_t n, std::size_t columns, std::uint64_t seed) {
  Matrix<double> x(n, columns);
  RandomStream(seed, "test/additive").fill_normal(0, x.values());
  return x;
}

using Columns = std::vector<AdditiveKernel::Column>;

double by_definition(std::span<const double> a, std::span<const double> b, const Columns& columns,
                     std::span<const double> weights) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum += weights[k] * std::exp(-std::abs(a[k] - b[k]) / columns[k].scale);
  }
  return sum;
}

TEST(AdditiveKernel, IsTheSumOfItsColumns) {
  // 37 and 29 points: no multiples of any vector's size, nor of the rows of a tile.
  const Matrix<double> a = some_normals(37, 5, 1);
  const Matrix<double> b = some_normals(29, 5, 2);
  const Columns scales{{0, 1}, {1, 0.5}, {0, 2}, {-0.5, 0.1}, {0, 1}};
  const std::vector<double> weights{0.1, 0.4, 0, 0.3, 0.2};
  Matrix<double> k(37, 29, std::numeric_limits<double>::quiet_NaN());
  AdditiveKernel::values({a.view(), scales}, {b.view(), scales}, weights, k.view());
  for (std::size_t i = 0; i < 37; ++i) {
    for (std::size_t j = 0; j < 29; ++j) {
      EXPECT_NEAR(k(i, j), by_definition(a.row(i), b.row(j), scales, weights), 1e-14);
    }
  }
}

TEST(AdditiveKernel, HasMediansAndMedianDistances) {
  Matrix<double> x(4, 3);
  for (std::size_t i = 0; i < 4; ++i) {
    x(i, 0) = static_cast<double>(i);      // distances 1 1 1 2 2 3: the upper middle is 2
    x(i, 1) = static_cast<double>(i % 2);  // of zeros and ones those that differ
    x(i, 2) = 7;                           // constant
  }
  const Columns found = AdditiveKernel::columns_of(x.view());
  ASSERT_EQ(found.size(), 3);
  const std::vector<double> middles{2, 1, 7};
  const std::vector<double> scales{2, 1, 1};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(found[k].middle, middles[k]);
    EXPECT_EQ(found[k].scale, scales[k]);
  }
}

TEST(AdditiveKernel, FarPointsHaveNumbers) {
  Matrix<double> x(2, 1);
  x(0, 0) = 1e6;
  x(1, 0) = -1e6;
  Matrix<double> k(2, 2);
  const Columns plain(1);
  const std::vector<double> one{1};
  AdditiveKernel::values({x.view(), plain}, {x.view(), plain}, one, k.view());
  EXPECT_DOUBLE_EQ(k(0, 0), 1);
  EXPECT_EQ(k(0, 1), k(1, 0));
  EXPECT_NEAR(k(0, 1), 0, 1e-200);
}

// A thousand scales off 0 points are as far from one another as about it.
TEST(AdditiveKernel, OffsetsDoNotCount) {
  const Matrix<double> x = some_normals(50, 2, 6);
  Matrix<double> moved = x;
  for (double& value : moved.values()) value += 4096;
  const std::vector<double> weights{0.5, 0.5};
  Matrix<double> k(50, 50);
  Matrix<double> other(50, 50);
  const AdditiveKernel about(x.view(), AdditiveKernel::columns_of(x.view()));
  const AdditiveKernel off(moved.view(), AdditiveKernel::columns_of(moved.view()));
  AdditiveKernel::values(about, about, weights, k.view());
  AdditiveKernel::values(off, off, weights, other.view());
  for (std::size_t i = 0; i < k.values().size(); ++i) {
    EXPECT_NEAR(other.values()[i], k.values()[i], 1e-11);
  }
}

TEST(AdditiveKernel, TellsTheVarianceOfEachFunctionWithinGroups) {
  const Matrix<double> a = some_normals(31, 3, 3);
  const Matrix<double> b = some_normals(19, 3, 4);
  const Columns scales{{0, 1}, {1, 0.5}, {0, 2}};
  const std::vector<double> weights{0.5, 0.5, 0};
  std::vector<double> alpha(19);
  RandomStream(5, "test/additive").fill_normal(0, alpha);
  std::vector<double> points(31, 1.0);
  points[3] = 4;
  std::vector<std::uint32_t> groups(31);
  for (std::size_t i = 0; i < 31; ++i) groups[i] = static_cast<std::uint32_t>(i % 4);
  for (const bool grouped : {false, true}) {
    const std::span<const std::uint32_t> ids =
        grouped ? std::span<const std::uint32_t>(groups) : std::span<const std::uint32_t>();
    const std::vector<double> variances = AdditiveKernel::variances(
        {a.view(), scales}, points, ids, {b.view(), scales}, alpha, weights);
    for (std::size_t k = 0; k < 3; ++k) {
      std::vector<double> mass(4);
      std::vector<double> mean(4);
      double square = 0;
      for (std::size_t i = 0; i < 31; ++i) {
        double f = 0;
        for (std::size_t j = 0; j < 19; ++j) {
          f += weights[k] * alpha[j] * std::exp(-std::abs(a(i, k) - b(j, k)) / scales[k].scale);
        }
        const std::size_t g = grouped ? groups[i] : 0;
        mass[g] += points[i];
        mean[g] += points[i] * f;
        square += points[i] * f * f;
      }
      for (std::size_t g = 0; g < 4; ++g) {
        if (mass[g] > 0) square -= mean[g] * mean[g] / mass[g];
      }
      EXPECT_NEAR(variances[k], square / 34, 1e-13);
    }
  }
}

}  // namespace
}  // namespace esscher::internal
