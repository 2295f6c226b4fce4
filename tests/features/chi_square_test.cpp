#include <gtest/gtest.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "esscher/base/error.h"
#include "features/chi_square_polynomial.h"

namespace esscher::internal {
namespace {

double value_at(const std::vector<double>& c, double w) {
  double sum = 0;
  for (std::size_t k = c.size(); k-- > 0;) sum = sum * w + c[k];
  return sum;
}

/// log of F(x), F the distribution function of chi-square, or of 1 - F.
double log_tail(double dof, double x, bool lower) {
  return std::log(lower ? boost::math::gamma_p(dof / 2, x / 2)
                        : boost::math::gamma_q(dof / 2, x / 2));
}

/// Relative error of x as the quantile at Phi(w): F(x) = Phi(w) solved about x by one Newton step,
/// which the density x^{dof/2-1} e^{-x/2} gives. So it does not rest on the inverse that the
/// polynomial was fitted to.
double quantile_error(double dof, double w, double x) {
  const bool lower = w < 0;
  const double tail = 0.5 * std::erfc(std::abs(w) / std::sqrt(2.0));
  const double probability = std::exp(log_tail(dof, x, lower));
  const double density = boost::math::gamma_p_derivative(dof / 2, x / 2) / 2;
  return (lower ? probability - tail : tail - probability) / (density * x);
}

// The fit's own tolerance is 1e-10; beyond it comes the error of Boost's gamma functions over
// (density times x), some 1e-13 / sqrt(dof) of which nothing is left at 1e-9.
TEST(ChiSquarePolynomial, IsTheQuantileOfANormalsProbabilityToOneInABillion) {
  for (const double dof : {30.0, 31.0, 47.0, 98.0, 500.0, 998.0, 1e4, 123456.0, 999999.0, 1e6}) {
    const auto c = chi_square_polynomial(dof);
    for (double w = -6.77; w <= 6.77; w += 0.0731) {
      const double error = quantile_error(dof, w, value_at(c, w));
      ASSERT_LE(std::abs(error), 1e-9) << "dof " << dof << " w " << w;
    }
  }
}

// Both ways hold at the seam, so the expansion's error there is its greatest: it falls like
// 1/dof^2.
TEST(ChiSquarePolynomial, TheExpansionMeetsTheFit) {
  const auto fit = chi_square_polynomial(1e6);
  const auto expansion = chi_square_polynomial(std::nextafter(1e6, 2e6));
  for (double w = -6.77; w <= 6.77; w += 0.1) {
    EXPECT_NEAR(value_at(expansion, w) / value_at(fit, w), 1, 2e-10);
  }
}

TEST(ChiSquarePolynomial, TheExpansionHasTheRightMoments) {
  // E (c_0 + c_1 w + c_2 w^2 + c_3 w^3) = dof and its variance 2 dof, to the expansion's order.
  for (const double dof : {2e6, 1e9, 1e15}) {
    const auto c = chi_square_polynomial(dof);
    ASSERT_EQ(c.size(), 4U);
    EXPECT_NEAR((c[0] + c[2]) / dof, 1, 1e-12);
    const double variance = c[1] * c[1] + 6 * c[1] * c[3] + 15 * c[3] * c[3] + 2 * c[2] * c[2];
    EXPECT_NEAR(variance / (2 * dof), 1, 1e-6);
  }
}

TEST(ChiSquarePolynomial, HighDimensionsNeedFewTerms) {
  EXPECT_LE(chi_square_polynomial(30).size(), 20U);
  EXPECT_LE(chi_square_polynomial(1e3).size(), 8U);
  EXPECT_LE(chi_square_polynomial(1e5).size(), 6U);
}

TEST(ChiSquarePolynomial, FewDegreesOfFreedomAreADefectOfTheCaller) {
  EXPECT_THROW(chi_square_polynomial(29), InternalError);
}

}  // namespace
}  // namespace esscher::internal
