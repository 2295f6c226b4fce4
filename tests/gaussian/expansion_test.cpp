#include "esscher/gaussian/expansion.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"

namespace esscher {
namespace {

double factorial(int k) { return std::tgamma(k + 1.0); }

// Rounding: the rule's default tolerance is 1e-13 of E|g h_k|, which is at most sqrt(E g^2).
constexpr double kTolerance = 2e-13;

TEST(HermiteExpansion, OfHermitePolynomialsIsTheIdentityMatrix) {
  for (int j = 0; j <= 12; ++j) {
    const HermiteExpansion expansion =
        hermite_expansion([j](double z) { return hermite(j, z); }, {}, 12);
    ASSERT_EQ(expansion.coefficients.size(), 13u);
    ASSERT_EQ(expansion.errors.size(), 13u);
    for (int k = 0; k <= 12; ++k) {
      EXPECT_NEAR(expansion.coefficients[static_cast<std::size_t>(k)], j == k ? 1 : 0, kTolerance)
          << j << " " << k;
    }
    EXPECT_NEAR(expansion.second_moment, 1, kTolerance);
  }
}

// E e^{az} h_k = a^k / sqrt(k!) e^{a^2/2}; E e^{2az} = e^{2a^2}. The mass of the square is at 2a.
TEST(HermiteExpansion, OfAnExponentialHasItsClosedForm) {
  for (const double a : {-1.5, 0.25, 1.0, 3.0}) {
    const HermiteExpansion expansion =
        hermite_expansion([a](double z) { return std::exp(a * z); }, {}, 12);
    const double size = std::exp(a * a);
    for (int k = 0; k <= 12; ++k) {
      const auto i = static_cast<std::size_t>(k);
      const double exact = std::pow(a, k) / std::sqrt(factorial(k)) * std::exp(a * a / 2);
      EXPECT_NEAR(expansion.coefficients[i], exact, kTolerance * size) << a << " " << k;
      EXPECT_LE(std::abs(expansion.coefficients[i] - exact), expansion.errors[i]) << a << " " << k;
    }
    EXPECT_NEAR(expansion.second_moment / (size * size), 1, kTolerance);
  }
}

// E sin(wz) h_k = (-1)^{(k-1)/2} w^k / sqrt(k!) e^{-w^2/2} for odd k, 0 for even k.
TEST(HermiteExpansion, OfASineHasItsClosedForm) {
  for (const double w : {0.5, 3.0, 10.0}) {
    const HermiteExpansion expansion =
        hermite_expansion([w](double z) { return std::sin(w * z); }, {}, 12);
    for (int k = 0; k <= 12; ++k) {
      const double sign = k % 2 == 0 ? 0 : k % 4 == 1 ? 1 : -1;
      const double exact = sign * std::pow(w, k) / std::sqrt(factorial(k)) * std::exp(-w * w / 2);
      EXPECT_NEAR(expansion.coefficients[static_cast<std::size_t>(k)], exact, kTolerance)
          << w << " " << k;
    }
    EXPECT_NEAR(expansion.second_moment, -std::expm1(-2 * w * w) / 2, kTolerance);
  }
}

// E h_k 1{Z > t} = h_{k-1}(t) phi(t) / sqrt(k): a jump, and for relu (t = 0, u_k = h_{k-2}(0)
// phi(0) / sqrt(k(k-1))) a kink.
TEST(HermiteExpansion, OfLinksThatJumpOrBendHasItsClosedForm) {
  const double t = 0.37;
  const HermiteExpansion step =
      hermite_expansion([t](double z) { return z > t ? 1.0 : 0.0; }, std::array{t}, 12);
  const double density = std::exp(-t * t / 2) / std::sqrt(2 * std::numbers::pi);
  for (int k = 1; k <= 12; ++k) {
    EXPECT_NEAR(step.coefficients[static_cast<std::size_t>(k)],
                hermite(k - 1, t) * density / std::sqrt(double(k)), kTolerance);
  }
  EXPECT_NEAR(step.second_moment, 0.5 * std::erfc(t / std::numbers::sqrt2), kTolerance);

  const HermiteExpansion relu =
      hermite_expansion([](double z) { return std::max(0.0, z); }, std::array{0.0}, 12);
  EXPECT_NEAR(relu.coefficients[0], 1 / std::sqrt(2 * std::numbers::pi), kTolerance);
  EXPECT_NEAR(relu.coefficients[1], 0.5, kTolerance);
  for (int k = 2; k <= 12; ++k) {
    EXPECT_NEAR(relu.coefficients[static_cast<std::size_t>(k)],
                hermite(k - 2, 0) / std::sqrt(2 * std::numbers::pi * k * (k - 1)), kTolerance);
  }
  EXPECT_NEAR(relu.second_moment, 0.5, kTolerance);
}

// Parseval: the second moment is the sum of all squares, so a partial sum never exceeds it, and
// for a polynomial of degree 8 at most nothing is left over.
RC_GTEST_PROP(HermiteExpansion, ObeysBesselAndParseval, ()) {
  std::vector<double> wanted;
  for (int k = 0; k <= 8; ++k) wanted.push_back(*rc::gen::inRange(-100, 101) / 10.0);
  const HermiteExpansion expansion = hermite_expansion(
      [&](double z) {
        std::array<double, 9> h{};
        hermite_all(z, h);
        double sum = 0;
        for (std::size_t k = 0; k < h.size(); ++k) sum += wanted[k] * h[k];
        return sum;
      },
      {}, 10);
  double squares = 0;
  for (const double u : wanted) squares += u * u;
  const double size = 1 + std::sqrt(squares);
  for (std::size_t k = 0; k <= 10; ++k) {
    RC_ASSERT(std::abs(expansion.coefficients[k] - (k <= 8 ? wanted[k] : 0)) <=
              10 * kTolerance * size);
  }
  RC_ASSERT(std::abs(expansion.second_moment - squares) <= 10 * kTolerance * size * size);
}

TEST(HermiteExpansion, RefusesANegativeOrder) {
  EXPECT_THROW(hermite_expansion([](double z) { return z; }, {}, -1), UsageError);
}

}  // namespace
}  // namespace esscher
