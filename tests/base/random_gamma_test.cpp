// Gamma and chi-square draws from tiny shapes to huge ones. Seeds are fixed; false-alarm rates are
// those under a fresh seed: 1e-6 a comparison, some 35 comparisons.

#include <gtest/gtest.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "esscher/base/random.h"
#include "random_statistics.h"

namespace esscher {
namespace {

using statistics::kOneInAMillion;

constexpr std::size_t kGammaSize = 200000;

// P(log G <= x), in which G itself may be below every double.
double log_gamma_cdf(double shape, double x) {
  // Below e^-40, P = G^a / Gamma(a + 1) (1 - O(G)).
  if (x < -40) return std::exp(shape * x - std::lgamma(shape + 1));
  return boost::math::gamma_p(shape, std::exp(x));
}

class RandomGamma : public ::testing::TestWithParam<double> {};

TEST_P(RandomGamma, LogarithmOfChiSquareHasItsLaw) {
  const double dof = GetParam();
  const RandomStream stream(1, "chi-square");
  std::vector<double> logs(kGammaSize);
  for (std::size_t i = 0; i < kGammaSize; ++i) logs[i] = stream.chi_square_log(i, dof);
  const auto cdf = [dof](double x) { return log_gamma_cdf(dof / 2, x - std::log(2.0)); };
  EXPECT_LT(statistics::kolmogorov_smirnov(logs, cdf),
            statistics::kolmogorov_smirnov_limit(kGammaSize));
}

TEST_P(RandomGamma, ChiSquareIsTheExponentialOfItsLogarithm) {
  const double dof = GetParam();
  const RandomStream stream(1, "chi-square");
  for (std::size_t i = 0; i < 20000; ++i) {
    const double value = stream.chi_square(i, dof);
    const double log = stream.chi_square_log(i, dof);
    ASSERT_TRUE(std::isfinite(log));
    if (log < std::log(std::numeric_limits<double>::min())) {
      EXPECT_EQ(value, std::numeric_limits<double>::min());
    } else {
      // A logarithm of size L has an absolute error of about L 2^-53.
      EXPECT_NEAR(std::log(value), log, 4e-16 * (8 + std::abs(log)));
    }
    if (value > 2 * std::numeric_limits<double>::min()) {
      EXPECT_NEAR(value / (2 * stream.gamma(i, dof / 2)), 1, 1e-12);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dof, RandomGamma,
                         ::testing::Values(1e-2, 0.1, 0.5, 1.0, 1.9, 2.0, 3.0, 10.0, 1e3, 1e6));

// Beyond 1e6 the standardised draw is compared with its Cornish-Fisher normal, x -> P(N <= x) with
// one correction for skewness; what that leaves out is below 1/dof.
class RandomHugeGamma : public ::testing::TestWithParam<double> {};

TEST_P(RandomHugeGamma, ChiSquareIsNormalWithItsMeanAndDeviation) {
  const double dof = GetParam();
  const RandomStream stream(1, "huge");
  const double deviation = std::sqrt(2 * dof);
  std::vector<double> z(kGammaSize);
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < kGammaSize; ++i) {
    z[i] = (stream.chi_square(i, dof) - dof) / deviation;
    sum += z[i];
    squares += z[i] * z[i];
  }
  const auto n = static_cast<double>(kGammaSize);
  EXPECT_NEAR(sum / n, 0, kOneInAMillion / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, kOneInAMillion * std::sqrt(2 / n));
  const double skewness = std::sqrt(8 / dof);
  const auto cdf = [skewness](double x) {
    return statistics::normal_cdf(x - skewness / 6 * (x * x - 1));
  };
  EXPECT_LT(statistics::kolmogorov_smirnov(z, cdf),
            statistics::kolmogorov_smirnov_limit(kGammaSize));
}

INSTANTIATE_TEST_SUITE_P(Dof, RandomHugeGamma, ::testing::Values(1e8, 1e10, 1e12, 1e15, 1e20));

TEST(RandomGammaDraws, MeanAndVarianceAreTheShape) {
  const RandomStream stream(2, "moments");
  for (const double shape : {0.3, 0.99, 1.0, 1.5, 4.0, 50.0}) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < kGammaSize; ++i) {
      const double g = stream.gamma(i, shape) - shape;
      sum += g;
      squares += g * g;
    }
    const auto n = static_cast<double>(kGammaSize);
    EXPECT_NEAR(sum / n, 0, kOneInAMillion * std::sqrt(shape / n));
    // The fourth central moment is 3 a^2 + 6 a.
    EXPECT_NEAR(squares / n, shape,
                kOneInAMillion * std::sqrt((2 * shape * shape + 6 * shape) / n));
  }
}

// 1 in 41 of these is below the least double: P = (2.2e-308 / 2)^0.005 / Gamma(1.005).
TEST(RandomGammaDraws, UnderflowGivesTheLeastNormalDoubleAndNeverZero) {
  const RandomStream stream(1, "underflow");
  const double least = std::numeric_limits<double>::min();
  double floored = 0;
  for (std::size_t i = 0; i < kGammaSize; ++i) {
    const double value = stream.chi_square(i, 0.01);
    ASSERT_GE(value, least);
    if (value == least) ++floored;
  }
  const double p = log_gamma_cdf(0.005, std::log(least / 2));
  const auto n = static_cast<double>(kGammaSize);
  EXPECT_NEAR(floored / n, p, kOneInAMillion * std::sqrt(p * (1 - p) / n));
}

TEST(RandomGammaDraws, LogarithmIsFiniteAtTheLimits) {
  const RandomStream stream(1, "limits");
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(std::isfinite(stream.gamma_log(i, 1e-300)));
    EXPECT_EQ(stream.gamma(i, 1e-300), std::numeric_limits<double>::min());
    EXPECT_NEAR(stream.gamma(i, 1e300) / 1e300, 1, 1e-14);
  }
}

TEST(RandomGammaDraws, DrawsOfNeighboursAndOfOtherKindsAreUncorrelated) {
  const RandomStream stream(3, "neighbours");
  // Exponentials, standardised.
  std::vector<double> g(kGammaSize + 1);
  for (std::size_t i = 0; i <= kGammaSize; ++i) g[i] = stream.gamma(i, 1) - 1;
  std::vector<double> z(kGammaSize);
  stream.fill_normal(0, z);
  double with_next = 0;
  double with_normal = 0;
  for (std::size_t i = 0; i < kGammaSize; ++i) {
    with_next += g[i] * g[i + 1];
    with_normal += g[i] * z[i];
  }
  const double limit = kOneInAMillion * std::sqrt(static_cast<double>(kGammaSize));
  EXPECT_LT(std::abs(with_next), limit);
  EXPECT_LT(std::abs(with_normal), limit);
}

}  // namespace
}  // namespace esscher
