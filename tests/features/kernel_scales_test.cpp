#include "features/kernel_scales.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

double by_sorting(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !(value > 0); });
  std::ranges::sort(values);
  return values[values.size() / 2];
}

TEST(KernelScales, MediansAreThoseOfTheSortedValues) {
  std::vector<double> normals(1001);
  RandomStream(1, "test/scales").fill_normal(0, normals);
  std::vector<double> skew(normals);
  for (double& value : skew) value = std::exp(20 * value);
  std::vector<double> ties(normals);
  for (double& value : ties) value = std::round(2 * value);
  std::vector<double> one_far(normals);
  one_far[7] = 1e300;
  for (const std::vector<double>& values : {normals, skew, ties, one_far, {2}, {0, 3, 1}, {1, 1}}) {
    EXPECT_EQ(median_above_zero(values), by_sorting(values));
  }
}

TEST(KernelScales, MediansKnowNoTooSmallAndNoTooLargeNumber) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double least = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(median_above_zero({}), 1);
  EXPECT_EQ(median_above_zero({0, -1}), 1);
  EXPECT_EQ(median_above_zero({3 * least, least, 2 * least}), 2 * least);
  EXPECT_EQ(median_above_zero({1e300, 1e308, 1e-300}), 1e300);
  EXPECT_EQ(median_above_zero({infinity, 2, infinity}), infinity);
  EXPECT_EQ(median_above_zero({infinity, 2, 1}), 2);
}

TEST(KernelScales, DistancesAreThoseOfPairs) {
  Matrix<double> x(5, 2);
  const std::vector<double> values{0, 0, 3, 4, 0, 0, -3, 4, 0, 1};
  std::ranges::copy(values, x.values().begin());
  // Between others than the first and the third: 1, 1, 4.2, 4.2, 5, 5, 5, 5, 6.
  EXPECT_DOUBLE_EQ(median_distance(x), 5);
  // 1, 1, 6, 6, 6, 7, 7, 7, 7.
  EXPECT_DOUBLE_EQ(median_absolute_distance(x), 6);
  EXPECT_EQ(median_distance(Matrix<double>(4, 3)), 1);
  EXPECT_EQ(median_distance(Matrix<double>(0, 3)), 1);
}

}  // namespace
}  // namespace esscher::internal
