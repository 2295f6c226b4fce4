#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/gaussian/quadrature.h"
#include "quadrature_reference.h"

namespace esscher {
namespace {

using namespace reference;

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
  EXPECT_THROW(mass([](double z) { return z * z / 2; }), UsageError);
  EXPECT_THROW(mass([](double z) { return 0.6 * z * z; }), UsageError);
  EXPECT_THROW(mass([](double z) { return z > 0 ? z * z : 0.0; }), UsageError);
  EXPECT_THROW(mass([](double z) { return -1e-3 * z * z * z; }), UsageError);
  EXPECT_THROW(mass([](double z) { return 1e-6 * z * z * z; }), UsageError);
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
