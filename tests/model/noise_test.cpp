#include "esscher/model/noise.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

using Exact = boost::multiprecision::cpp_bin_float_100;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

std::vector<double> arguments() {
  std::vector<double> s = {1e-300, 1e-12};
  for (double x = 1e-6; x < 400; x *= 1.07) s.push_back(x);
  // Around the switch of the series, a = s tau sqrt 3 = 3.
  for (const double x : {1.7320507, 1.7320509, 2.0, 1.9999999}) s.push_back(x);
  return s;
}

void expect_close(double value, const Exact& exact, double roundings, double s) {
  const double wanted = static_cast<double>(exact);
  EXPECT_LE(std::abs(value - wanted), roundings * kEpsilon * std::abs(wanted)) << "s = " << s;
}

TEST(Noise, UniformCumulantsAreExactToRounding) {
  const Noise noise(NoiseKind::uniform, 1);
  const Exact root3 = sqrt(Exact(3));
  for (const double s : arguments()) {
    const Exact a = Exact(s) * root3;
    if (s < 1e-20) continue;  // a hundred digits cancel; see the limits below
    expect_close(noise.cumulant(s), log(sinh(a) / a), 8, s);
    expect_close(noise.cumulant_slope(s), root3 * (cosh(a) / sinh(a) - 1 / a), 8, s);
    expect_close(noise.cumulant_curvature(s), 3 * (1 / (a * a) - 1 / (sinh(a) * sinh(a))), 8, s);
  }
}

TEST(Noise, RademacherCumulantsAreExactToRounding) {
  const Noise noise(NoiseKind::rademacher, 1);
  for (const double s : arguments()) {
    const Exact a(s);
    if (s < 1e-20) continue;
    expect_close(noise.cumulant(s), log(cosh(a)), 8, s);
    expect_close(noise.cumulant_slope(s), tanh(a), 4, s);
    // cosh loses |a| roundings of its argument's size.
    expect_close(noise.cumulant_curvature(s), 1 / (cosh(a) * cosh(a)), 8, s);
  }
}

TEST(Noise, SmallTiltsSeeTheVarianceOnly) {
  for (const NoiseKind kind : {NoiseKind::gaussian, NoiseKind::uniform, NoiseKind::rademacher}) {
    const Noise noise(kind, 0.3);
    for (const double s : {0., 1e-300, 1e-100, 1e-9}) {
      EXPECT_NEAR(noise.cumulant(s), 0.045 * s * s, 1e-14 * s * s);
      EXPECT_NEAR(noise.cumulant_slope(s), 0.09 * s, 1e-14 * s);
      EXPECT_NEAR(noise.cumulant_curvature(s), 0.09, 1e-15);
    }
  }
}

TEST(Noise, DoesNotOverflowAtLargeTilts) {
  const double s = 1e6;
  for (const NoiseKind kind : {NoiseKind::uniform, NoiseKind::rademacher}) {
    const Noise noise(kind, 2);
    const double edge = kind == NoiseKind::uniform ? 2 * std::sqrt(3.) : 2;
    EXPECT_NEAR(noise.cumulant(s), s * edge, 20);
    EXPECT_NEAR(noise.cumulant_slope(s), edge, 2 / s);
    EXPECT_NEAR(noise.cumulant_curvature(s), 0, 2 / s / s);
    EXPECT_GE(noise.cumulant_curvature(s), 0);
    EXPECT_TRUE(std::isfinite(noise.cumulant(1e300)));
  }
  EXPECT_EQ(Noise(NoiseKind::gaussian, 2).cumulant(s), 2e12);
}

RC_GTEST_PROP(Noise, CumulantIsEvenAndItsSlopeIsItsDerivative, ()) {
  const auto kind =
      *rc::gen::element(NoiseKind::gaussian, NoiseKind::uniform, NoiseKind::rademacher);
  const double deviation = 0.01 * *rc::gen::inRange(1, 500);
  const double s = 0.01 * *rc::gen::inRange(-2000, 2001);
  const Noise noise(kind, deviation);
  RC_ASSERT(noise.cumulant(s) == noise.cumulant(-s));
  RC_ASSERT(noise.cumulant_slope(s) == -noise.cumulant_slope(-s));
  RC_ASSERT(noise.cumulant_curvature(s) == noise.cumulant_curvature(-s));
  RC_ASSERT(noise.cumulant(s) >= 0);
  // Fourth-order differences: truncation h^4/30 f^(5) and rounding eps f / h.
  const double h = 1e-3 / deviation;
  const auto difference = [h, s](auto f) {
    return (8 * (f(s + h) - f(s - h)) - (f(s + 2 * h) - f(s - 2 * h))) / (12 * h);
  };
  const double slope = difference([&](double x) { return noise.cumulant(x); });
  const double curvature = difference([&](double x) { return noise.cumulant_slope(x); });
  const double size = 1 + std::abs(noise.cumulant(s)) * deviation;
  RC_ASSERT(std::abs(slope - noise.cumulant_slope(s)) < 1e-11 * size * (1 + deviation));
  RC_ASSERT(std::abs(curvature - noise.cumulant_curvature(s)) <
            1e-11 * (1 + deviation * deviation * (1 + std::abs(s) * deviation)));
}

TEST(Noise, NamesReadBack) {
  for (const char* text : {"none", "gaussian:0.3", "uniform:1e-05", "rademacher:2"}) {
    EXPECT_EQ(parse_noise(text).name(), text);
  }
  EXPECT_EQ(parse_noise("gaussian:0").kind(), NoiseKind::none);
  EXPECT_EQ(parse_noise("none").cumulant(3), 0);
}

TEST(Noise, RefusesBadInputInWords) {
  const auto text = [](const char* spec) {
    return failure_text<UsageError>([spec] { parse_noise(spec, "--noise"); });
  };
  expect_words(text("gaussian:-0.3"), "--noise = gaussian:-0.3", "not negative");
  expect_words(text("gaussian:nan"), "--noise", "nan", "must be");
  expect_words(text("gaussian:inf"), "--noise", "finite");
  expect_words(text("gaussian"), "needs its standard deviation", "gaussian:0.3");
  expect_words(text("gausian:1"), "did you mean gaussian?", "rademacher:TAU");
  expect_words(text("uniform:x"), "--noise", "must be a number");
  expect_words(text("none:1"), "takes no deviation");
  failure_text<UsageError>([] { Noise(NoiseKind::gaussian, 0); });
  failure_text<UsageError>([] { Noise(NoiseKind::none, 1); });
  failure_text<UsageError>([] { Noise(NoiseKind::uniform, -1); });
}

}  // namespace
}  // namespace esscher
