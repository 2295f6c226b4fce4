#include "esscher/gaussian/quadrature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <span>

#include "esscher/gaussian/hermite.h"
#include "quadrature_reference.h"

namespace esscher {
namespace {

using namespace reference;

/// The same by the trapezoidal rule in long double over an even grid, which converges faster than
/// any power of the step for analytic integrands: nothing adaptive, and no panels.
Law tilted_by_trapezoids(const std::function<long double(long double)>& tilt, long double reach,
                         long double step) {
  const auto exponent = [&](long double z) { return tilt(z) - z * z / 2; };
  const auto steps = static_cast<long>(reach / step);
  long double highest = exponent(0);
  for (long i = -steps; i <= steps; ++i) highest = std::max(highest, exponent(i * step));
  long double mass = 0;
  long double first = 0;
  long double second = 0;
  for (long i = -steps; i <= steps; ++i) {
    const long double z = i * step;
    const long double size = exponent(z) - highest;
    if (size < -100) continue;
    const long double weight = std::exp(size);
    mass += weight;
    first += weight * z;
    second += weight * z * z;
  }
  const long double log_mass =
      highest + std::log(mass * step) - std::log(2 * std::numbers::pi_v<long double>) / 2;
  return {double(log_mass), 0, double(first / mass), double(second / mass)};
}

/// What rounding may do to a mass whose exponent is put together from terms of this size, and what
/// the rule may miss.
double log_tolerance(double exponent) { return kTolerance + 4 * kEpsilon * std::abs(exponent); }

TEST(Quadrature, HermitePolynomialsAreOrthonormal) {
  constexpr int kOrders = 13;
  const TiltedIntegrals integrals = tilted_integrals(
      [](double z, std::span<double> values) {
        std::array<double, kOrders> h{};
        hermite_all(z, h);
        for (std::size_t j = 0; j < kOrders; ++j) {
          for (std::size_t k = 0; k < kOrders; ++k) values[j * kOrders + k] = h[j] * h[k];
        }
        return 0.0;
      },
      kOrders * kOrders, {});
  const double scale = std::exp(integrals.log_scale);
  for (std::size_t j = 0; j < kOrders; ++j) {
    for (std::size_t k = 0; k < kOrders; ++k) {
      const std::size_t i = j * kOrders + k;
      const double off = std::abs(scale * integrals.values[i] - (j == k ? 1 : 0));
      EXPECT_LE(off, kTolerance) << j << " " << k;
      EXPECT_LE(off, scale * integrals.errors[i]) << j << " " << k;
    }
  }
}

TEST(Quadrature, GaussianMomentsAreDoubleFactorials) {
  double exact = 1;
  for (int k = 0; k <= 40; k += 2) {
    const Expectation even = gaussian_expectation([k](double z) { return std::pow(z, k); });
    EXPECT_NEAR(even.value / exact, 1, kTolerance) << k;
    const Expectation odd = gaussian_expectation([k](double z) { return std::pow(z, k + 1); });
    EXPECT_NEAR(odd.value / exact, 0, std::sqrt(k + 1.0) * kTolerance) << k + 1;
    exact *= k + 1;
  }
}

// E 1{Z > t} = Q(t), E |Z - t| = 2 phi(t) + t (1 - 2 Q(t)), E sqrt|Z| = 2^{1/4} Gamma(3/4)/sqrt pi.
// Undeclared, bisection has to find the point: each halving of its panel gains a factor 2 on a
// jump, 4 on a kink.
TEST(Quadrature, JumpsAndKinksAreResolvedDeclaredOrNot) {
  for (const double t : {0.0, 0.3217, -1.75, 3.001}) {
    const auto jump = [t](double z) { return z > t ? 1.0 : 0.0; };
    const auto kink = [t](double z) { return std::abs(z - t); };
    const double jump_exact = upper_tail(t);
    const double kink_exact = 2 * phi(t) + t * (1 - 2 * upper_tail(t));
    EXPECT_NEAR(gaussian_expectation(jump, std::array{t}).value, jump_exact, kTolerance) << t;
    EXPECT_NEAR(gaussian_expectation(kink, std::array{t}).value, kink_exact, 2 * kTolerance) << t;
    for (const auto& [g, exact] :
         {std::pair<std::function<double(double)>, double>{jump, jump_exact}, {kink, kink_exact}}) {
      const Expectation undeclared = gaussian_expectation(g);
      EXPECT_NEAR(undeclared.value, exact, 2e-12) << t;
      EXPECT_LE(std::abs(undeclared.value - exact), undeclared.error) << t;
      EXPECT_LE(undeclared.error, 1e-11) << t;
    }
  }
  const double exact = std::pow(2.0, 0.25) * std::tgamma(0.75) / std::sqrt(std::numbers::pi);
  const auto root = [](double z) { return std::sqrt(std::abs(z)); };
  EXPECT_NEAR(gaussian_expectation(root, std::array{0.0}).value, exact, 2e-12);
}

TEST(Quadrature, ABreakThatIsDeclaredSavesWork) {
  const double t = 0.3217;
  const auto jump = [t](double z, std::span<double> values) {
    values[0] = z > t ? 1 : 0;
    return 0.0;
  };
  const int declared = tilted_integrals(jump, 1, std::array{t}).panels;
  const int undeclared = tilted_integrals(jump, 1, {}).panels;
  EXPECT_LT(2 * declared, undeclared);
}

// E e^{sZ} = e^{s^2/2}, and the tilted law is N(s, 1).
TEST(Quadrature, LinearTiltsHaveTheirClosedForm) {
  for (const double s : {1e-3, 0.1, 1.0, 7.0, 30.0, 100.0, 1e3, -1e-3, -1e3}) {
    const Law law = tilted([s](double z) { return s * z; });
    const double tolerance = log_tolerance(s * s);
    EXPECT_NEAR(law.log_mass, s * s / 2, tolerance) << s;
    EXPECT_NEAR(law.mean, s, tolerance * (1 + std::abs(s))) << s;
    EXPECT_NEAR(law.second, 1 + s * s, tolerance * (1 + s * s)) << s;
  }
}

// E e^{aZ^2} = 1 / sqrt(1 - 2a): the closer to 1/2, the wider the law. The exponent a z^2 - z^2/2
// cancels, to eps z^2 with z^2 of order 1/(1 - 2a).
TEST(Quadrature, QuadraticTiltsHaveTheirClosedFormUpToTheEdgeOfFiniteness) {
  for (const double a : {-1e6, -1e3, -1.0, 0.25, 0.49, 0.4999, 0.4999999, 0.4999999999}) {
    const Law law = tilted([a](double z) { return a * z * z; });
    const double spread = 1 - 2 * a;  // exact by Sterbenz' lemma where it is small
    const double tolerance = kTolerance + 4 * kEpsilon / spread;
    EXPECT_NEAR(law.log_mass, -0.5 * std::log(spread), tolerance) << a;
    EXPECT_NEAR(law.second * spread, 1, 10 * tolerance) << a;
    EXPECT_LE(std::abs(law.log_mass + 0.5 * std::log(spread)), law.log_error + kEpsilon * 20) << a;
  }
}

// Eight peaks of nearly one height, the two highest as wide as 1/(3 sqrt s).
TEST(Quadrature, OscillatingTiltsAgreeWithTrapezoids) {
  for (const double s : {1e-3, 0.1, 1.0, 10.0, 1e2, 1e3, 1e4, 1e6}) {
    const Law law = tilted([s](double z) { return s * std::sin(3 * z); });
    const Law reference =
        tilted_by_trapezoids([s](long double z) { return s * std::sin(3 * z); }, 14,
                             std::min(0.05L, 0.15L / std::sqrt(static_cast<long double>(s))));
    // The mean is a difference of peaks on either side, weighted by e^{l}.
    const double tolerance = log_tolerance(s);
    EXPECT_NEAR(law.log_mass, reference.log_mass, tolerance) << s;
    EXPECT_NEAR(law.mean, reference.mean, 10 * tolerance) << s;
    EXPECT_NEAR(law.second, reference.second, 10 * tolerance) << s;
  }
}

// The exponent reaches 1e6 and the peak is found where the tilt has all but levelled off.
TEST(Quadrature, SaturatingTiltsOfSizeAMillionAgreeWithTrapezoids) {
  for (const double s : {1e-3, 0.1, 1.0, 10.0, 1e2, 1e3}) {
    const Law law = tilted([s](double z) { return s * (1000 * std::tanh(z)); });
    const Law reference =
        tilted_by_trapezoids([s](long double z) { return s * (1000 * std::tanh(z)); }, 20, 0.01L);
    const double tolerance = log_tolerance(1000 * s);
    EXPECT_NEAR(law.log_mass, reference.log_mass, tolerance) << s;
    EXPECT_NEAR(law.mean, reference.mean, 10 * tolerance) << s;
    EXPECT_NEAR(law.second, reference.second, 100 * tolerance) << s;
  }
}

// E e^{s|Z|} = 2 e^{s^2/2} Phi(s): peaks at -s and +s. By symmetry the mean is 0; of z^2 the tilted
// mean is 1 + s^2 + s phi(s) / Phi(s).
TEST(Quadrature, TwoFarPeaksBothCount) {
  for (const double s : {1e-3, 0.1, 1.0, 5.0, 30.0, 1e2, 1e3}) {
    const double exact = s * s / 2 + std::log(2 * upper_tail(-s));
    const double second = 1 + s * s + s * phi(s) / upper_tail(-s);
    for (const bool declared : {true, false}) {
      const std::array breaks{0.0};
      const Law law = tilted([s](double z) { return s * std::abs(z); },
                             std::span(breaks).first(declared ? 1 : 0));
      const double tolerance = log_tolerance(s * s);
      EXPECT_NEAR(law.log_mass, exact, tolerance) << s;
      EXPECT_NEAR(law.mean, 0, tolerance * (1 + s)) << s;
      EXPECT_NEAR(law.second / second, 1, 2 * tolerance) << s;
    }
  }
}

// s clip(z, -a, a): in units of e^{sa} phi(a), with R Mills' ratio, the stretches below, between
// and above the limits are e^{-2sa} R(a), R(s - a) - e^{-2sa} R(s + a) and R(a). For s well above a
// the peak is at a, of width 1/(s - a) on its left and 1/a on its right.
TEST(Quadrature, ANarrowPeakFarFromTheOriginIsFound) {
  for (const double a : {0.5, 3.0, 12.0, 37.5, 300.0}) {
    for (const double factor : {1.2, 3.0, 40.0, 1000.0}) {
      const double s = a * factor;
      const std::array breaks{-a, a};
      const Law law =
          tilted([a, s](double z) { return s * std::clamp(z, -a, a); }, std::span(breaks));
      const long double gone = std::exp(-2 * static_cast<long double>(s) * a);
      const long double stretches =
          mills(a) * (1 + gone) + mills(s - a) - gone * (s + a < 100 ? mills(s + a) : 0);
      const long double exact =
          static_cast<long double>(s) * a - static_cast<long double>(a) * a / 2 -
          std::log(2 * std::numbers::pi_v<long double>) / 2 + std::log(stretches);
      EXPECT_NEAR(law.log_mass, double(exact), log_tolerance(2 * s * a)) << a << " " << s;
    }
  }
}

// A law of standard deviation 1e-3 at a point that no grid knows of.
TEST(Quadrature, ANarrowBumpAnywhereIsFoundByItsTails) {
  for (const double centre : {0.0, 0.123456, -3.7, 11.03, 39.0}) {
    // E e^{-(Z-c)^2/(2w^2)} = w / sqrt(1 + w^2) e^{-c^2 / (2 (1 + w^2))}.
    const double w = 1e-3;
    const Law law = tilted([=](double z) { return -(z - centre) * (z - centre) / (2 * w * w); });
    const double exact =
        std::log(w) - 0.5 * std::log1p(w * w) - centre * centre / (2 * (1 + w * w));
    // Seen from 12 w away the exponent is off by eps 12 |c| / w.
    const double tolerance = log_tolerance(centre * centre + 12 * std::abs(centre) / w);
    EXPECT_NEAR(law.log_mass, exact, tolerance) << centre;
    EXPECT_NEAR(law.mean, centre / (1 + w * w), tolerance * (1 + std::abs(centre))) << centre;
  }
}

}  // namespace
}  // namespace esscher
