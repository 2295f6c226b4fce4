#include "esscher/gaussian/quadrature.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"

namespace esscher {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// The default goal, and as much again for what 20 to 80 panels are rounded by.
constexpr double kTolerance = 2e-13;

double phi(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
double upper_tail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

/// One tilt alone: log E e^l, its error, and the tilted mean and second moment of z.
struct Law {
  double log_mass;
  double log_error;
  double mean;
  double second;
};

Law tilted(const std::function<double(double)>& tilt, std::span<const double> breaks = {}) {
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        values[0] = 1;
        values[1] = z;
        values[2] = z * z;
        return tilt(z);
      },
      3, breaks);
  EXPECT_TRUE(integrals.converged);
  const double mass = integrals.values[0];
  return {integrals.log_scale + std::log(mass), integrals.errors[0] / mass,
          integrals.values[1] / mass, integrals.values[2] / mass};
}

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

/// Mills' ratio Q(x) / phi(x), by its continued fraction where that is quick.
long double mills(long double x) {
  if (x < 5) {
    return std::sqrt(std::numbers::pi_v<long double> / 2) * std::exp(x * x / 2) *
           std::erfc(x / std::numbers::sqrt2_v<long double>);
  }
  long double denominator = x;
  for (int k = 200; k > 0; --k) denominator = x + k / denominator;
  return 1 / denominator;
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

/// An integrand of known integral.
struct Known {
  std::string name;
  std::function<double(double)> g;
  std::vector<double> breaks;
  double exact;
};

/// Families of integrands: smooth, narrow (down to 1/32), oscillating, kinked and jumping.
rc::Gen<Known> known_integrands() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 7), rc::gen::inRange(-3000, 3001),
                     rc::gen::inRange(32, 3000)),
      [](const std::tuple<int, int, int>& drawn) {
        const auto [family, at, size] = drawn;
        const double c = at / 1000.0;
        const double w = size / 1000.0;
        const std::vector<double> breaks{c};
        const double v = 1 + w * w;
        switch (family) {
          case 0:
            return Known{"bump",
                         [=](double z) { return std::exp(-(z - c) * (z - c) / (2 * w * w)); },
                         {},
                         w / std::sqrt(v) * std::exp(-c * c / (2 * v))};
          case 1:
            return Known{"cosine",
                         [=](double z) { return std::cos(10 * w * z + c); },
                         {},
                         std::cos(c) * std::exp(-50 * w * w)};
          case 2:
            return Known{"exponential",
                         [=](double z) { return std::exp(w * z + c); },
                         {},
                         std::exp(w * w / 2 + c)};
          case 3:
            return Known{"jump", [=](double z) { return z > c ? w : 0.0; }, breaks,
                         w * upper_tail(c)};
          case 4:
            return Known{"kink", [=](double z) { return std::max(0.0, z - c); }, breaks,
                         phi(c) - c * upper_tail(c)};
          case 5:
            return Known{"box",
                         [=](double z) { return c < z && z < c + w ? 1.0 : 0.0; },
                         {c, c + w},
                         upper_tail(c) - upper_tail(c + w)};
          default:
            // Integrated as e^{-(z - c)/w} beyond c and its mirror image.
            return Known{"spike", [=](double z) { return std::exp(-std::abs(z - c) / w); }, breaks,
                         phi(c) * double(mills(1 / w + c) + mills(1 / w - c))};
        }
      });
}

// The closed forms are good to some eps of the terms that they are made of: 1 or the value.
RC_GTEST_PROP(Quadrature, ErrorEstimatesCoverTheTrueError, ()) {
  for (int repeat = 0; repeat < 5; ++repeat) {
    const Known known = *known_integrands();
    for (const double tolerance : {1e-4, 1e-8, 1e-13}) {
      const Expectation result =
          gaussian_expectation(known.g, known.breaks, {.relative_tolerance = tolerance});
      const double off = std::abs(result.value - known.exact);
      RC_LOG() << known.name << " off by " << off << ", estimated " << result.error
               << " at tolerance " << tolerance << "\n";
      RC_ASSERT(off <= result.error + 8 * kEpsilon * (1 + std::abs(known.exact)));
      // Not by claiming too much either. E|g| is the value, but for the cosine: there at most 1.
      const double size = known.name == "cosine" ? 1.0 : std::abs(known.exact);
      RC_ASSERT(result.error <= 100 * tolerance * size);
    }
  }
}

TEST(Quadrature, ErrorEstimatesCoverRoundingInLargeExponents) {
  for (const double s : {10.0, 100.0, 500.0, 1e3}) {
    const Law law = tilted([s](double z) { return s * z; });
    EXPECT_LE(std::abs(law.log_mass - s * s / 2), law.log_error + kEpsilon * s * s);
    EXPECT_LE(law.log_error, 1e-13 + 10 * kEpsilon * s * s);
  }
}

// A component that lives elsewhere than the weight, and by e^{200} higher, does not push the others
// out of sight: E 1 = 1, E Z = 0, E e^{20 Z} = e^{200}.
TEST(Quadrature, EveryComponentIsIntegratedWhereItLives) {
  const TiltedIntegrals integrals = tilted_integrals(
      [](double z, std::span<double> values) {
        values[0] = 1;
        values[1] = z;
        values[2] = std::exp(20 * z);
        values[3] = std::exp(-9 * z);
        return 0.0;
      },
      4, {});
  const double scale = std::exp(integrals.log_scale);
  EXPECT_NEAR(scale * integrals.values[0], 1, kTolerance);
  EXPECT_NEAR(scale * integrals.values[1], 0, kTolerance);
  EXPECT_NEAR(scale * integrals.values[2] / std::exp(200.0), 1, 400 * kEpsilon + kTolerance);
  EXPECT_NEAR(scale * integrals.values[3] / std::exp(40.5), 1, 80 * kEpsilon + kTolerance);
}

TEST(Quadrature, ScalesWithItsIntegrand) {
  const auto g = [](double z) { return std::tanh(z - 0.5) + z * z; };
  const double plain = gaussian_expectation(g).value;
  for (const double factor : {1e-300, 1e-30, 1e30, 1e300}) {
    const double moved = gaussian_expectation([&](double z) { return factor * g(z); }).value;
    EXPECT_NEAR(moved / factor / plain, 1, kTolerance) << factor;
  }
  // A constant in the tilt comes out whole, however large.
  for (const double constant : {-1e6, 1e6}) {
    const double log_mass = tilted([=](double z) { return std::tanh(z) + constant; }).log_mass;
    EXPECT_NEAR(log_mass - constant, tilted([](double z) { return std::tanh(z); }).log_mass,
                4 * kEpsilon * 1e6);
  }
}

TEST(Quadrature, RefusesAnInfiniteIntegral) {
  const auto mass = [](const std::function<double(double)>& tilt) {
    return tilted_integrals(
        [&](double z, std::span<double> values) {
          values[0] = 1;
          return tilt(z);
        },
        1, {});
  };
  EXPECT_THROW(mass([](double z) { return z * z / 2; }), InternalError);
  EXPECT_THROW(mass([](double z) { return 0.6 * z * z; }), InternalError);
  EXPECT_THROW(mass([](double z) { return z > 0 ? z * z : 0.0; }), InternalError);
  EXPECT_THROW(mass([](double z) { return -1e-3 * z * z * z; }), InternalError);
  EXPECT_THROW(mass([](double z) { return 1e-6 * z * z * z; }), InternalError);
}

TEST(Quadrature, RefusesWhatIsNoNumber) {
  const auto nan = [](double z) { return z > 2 ? std::sqrt(2 - z) : 1.0; };
  EXPECT_THROW(gaussian_expectation(nan), InternalError);
  // NaN in a tilt is caught as well.
  EXPECT_THROW(tilted(nan), InternalError);
}

TEST(Quadrature, RefusesOptionsOutsideTheirRange) {
  const auto one = [](double, std::span<double> values) {
    for (double& value : values) value = 1;
    return 0.0;
  };
  EXPECT_THROW(tilted_integrals(one, 0, {}), UsageError);
  EXPECT_THROW(tilted_integrals(one, -3, {}), UsageError);
  EXPECT_THROW(tilted_integrals(one, 1, {}, {.relative_tolerance = 0}), UsageError);
  EXPECT_THROW(tilted_integrals(one, 1, {}, {.relative_tolerance = -1e-3}), UsageError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(tilted_integrals(one, 1, {}, {.relative_tolerance = nan}), UsageError);
}

TEST(Quadrature, SaysWhenItsWorkLimitEndedItAndHowFarItCame) {
  const auto rough = [](double z, std::span<double> values) {
    values[0] = std::cos(400 * z);
    return 0.0;
  };
  const TiltedIntegrals cut = tilted_integrals(rough, 1, {}, {.max_panels = 40});
  EXPECT_FALSE(cut.converged);
  const double scale = std::exp(cut.log_scale);
  EXPECT_GT(scale * cut.errors[0], 1e-6);
  // E cos(400 Z) = e^{-80000} = 0.
  EXPECT_LE(std::abs(cut.values[0]), cut.errors[0]);
  EXPECT_TRUE(tilted_integrals(rough, 1, {}).converged);
}

// What is cut off is below e^{-80} of the peak's height.
TEST(Quadrature, TheRangeThatIsLeftOutIsNegligible) {
  for (const double s : {0.0, 3.0, -50.0}) {
    const TiltedIntegrals integrals = tilted_integrals(
        [s](double z, std::span<double> values) {
          values[0] = 1;
          return s * z;
        },
        1, {});
    EXPECT_LE(integrals.lower, s - std::sqrt(160.0));
    EXPECT_GE(integrals.upper, s + std::sqrt(160.0));
  }
}

TEST(Quadrature, GivesTheSameBitsTwice) {
  const auto integrand = [](double z, std::span<double> values) {
    values[0] = 1;
    values[1] = z > 0.3 ? std::sin(7 * z) : std::abs(z + 1);
    return 40 * std::cos(5 * z) + z;
  };
  const TiltedIntegrals once = tilted_integrals(integrand, 2, std::array{-1.0});
  const TiltedIntegrals again = tilted_integrals(integrand, 2, std::array{-1.0});
  EXPECT_EQ(once.log_scale, again.log_scale);
  EXPECT_EQ(once.values, again.values);
  EXPECT_EQ(once.errors, again.errors);
  EXPECT_EQ(once.panels, again.panels);
}

}  // namespace
}  // namespace esscher
