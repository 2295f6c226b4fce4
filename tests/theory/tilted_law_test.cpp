#include "esscher/theory/tilted_law.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "golden.h"

namespace esscher {
namespace {

TEST(TiltedLaw, AgreesWithTheGoldenSingleIndexValues) {
  const nlohmann::json golden = golden::load("single_index.json");
  ASSERT_EQ(golden.at("links").size(), 12u);
  for (const auto& [name, values] : golden.at("links").items()) {
    const Link link = golden::link(name);
    for (const auto& row : values.at("tilt")) {
      const TiltedLaw law = tilted_law(link, row.at("beta"));
      SCOPED_TRACE(name + " at beta " + row.at("beta").dump());
      EXPECT_TRUE(golden::agrees(law.log_partition, row.at("log_partition")));
      EXPECT_TRUE(golden::agrees(law.mean_reward, row.at("tilted_mean_reward")));
      EXPECT_TRUE(golden::agrees(law.reward_variance, row.at("tilted_reward_variance")));
      EXPECT_TRUE(golden::agrees(law.kl, row.at("kl_to_reference")));
      EXPECT_TRUE(golden::agrees(law.optimal_value, row.at("optimal_value")));
    }
  }
}

// r = z tilts N(0, I) to N(1/beta, 1) along theta*: everything is known in closed form, at any
// beta.
TEST(TiltedLaw, LinearRewardHasItsClosedForm) {
  const Link identity = parse_link("identity");
  for (const double beta : {1e-3, 0.05, 0.5, 1.0, 7.0, 1e3}) {
    const double s = 1 / beta;
    const TiltedLaw law = tilted_law(identity, beta);
    SCOPED_TRACE(beta);
    // Weights e^{s z} at |s z| = s^2 carry rounding of eps s^2.
    const double tolerance = 1e-12 + 1e-15 * s * s;
    EXPECT_NEAR(law.mean_reward, s, tolerance * (1 + s));
    EXPECT_NEAR(law.reward_variance, 1, 1e-10 + tolerance);
    EXPECT_NEAR(law.mean_direction, s, tolerance * (1 + s));
    EXPECT_NEAR(law.direction_variance, 1, 1e-9 + 1e-15 * s * s * s);
    EXPECT_NEAR(law.kl / (s * s / 2), 1, 1e-9);
    EXPECT_NEAR(law.optimal_value / (s / 2), 1, 1e-9);
    EXPECT_NEAR(law.log_partition / (s * s / 2), 1, 1e-9);
    ASSERT_TRUE(law.ess_fraction.has_value());
    EXPECT_NEAR(*law.ess_fraction, std::exp(-s * s), 1e-12);
  }
}

// e^{s a z^2}: partition function 1/sqrt(1 - 2 s a), variance of z 1/(1 - 2 s a).
TEST(TiltedLaw, QuadraticRewardHasItsClosedForm) {
  const Link quadratic = parse_link("hermite:2");
  const double a = 1 / std::sqrt(2.0);
  for (const double beta : {1.5, 2.0, 3.0, 100.0}) {
    const double spread = 1 - 2 * a / beta;
    const TiltedLaw law = tilted_law(quadratic, beta);
    SCOPED_TRACE(beta);
    EXPECT_NEAR(law.log_partition, -a / beta - 0.5 * std::log(spread), 1e-12);
    EXPECT_NEAR(law.direction_variance * spread, 1, 1e-11);
    EXPECT_NEAR(law.mean_direction, 0, 1e-12);
    // The second moment needs 2/beta: it is infinite up to beta = 4a.
    EXPECT_EQ(law.ess_fraction.has_value(), beta > 4 * a);
  }
}

TEST(TiltedLaw, SurvivesRewardsOfSizeOneThousandAtEveryTemperature) {
  // As beta falls the policy settles at the maximum of a bounded reward: 1000 here.
  for (const char* text : {"tanh@scale:1000", "sin:3@scale:1000", "damped_hermite:3@scale:1000",
                           "relu@clip:0,1@scale:1000", "sign@scale:1000"}) {
    const Link link = parse_link(text);
    double before = -std::numeric_limits<double>::infinity();
    for (const double beta : {1e3, 1e2, 10.0, 1.0, 0.1, 1e-2, 1e-3}) {
      SCOPED_TRACE(std::string(text) + " at " + std::to_string(beta));
      const TiltedLaw law = tilted_law(link, beta);
      EXPECT_TRUE(std::isfinite(law.log_partition) && std::isfinite(law.kl) &&
                  std::isfinite(law.mean_reward) && std::isfinite(law.reward_variance));
      EXPECT_GT(law.mean_reward, before - 1e-9);
      EXPECT_LE(law.relative_error, 1e-8);
      before = law.mean_reward;
    }
    const double top = std::string(text).starts_with("damped") ? 0 : 1000;
    if (top > 0) {
      EXPECT_NEAR(before, top, 1e-2);
    }
  }
}

// A sign reward puts mass p = e^s/(e^s + e^-s) on the half-line: elementary, and tests breaks.
TEST(TiltedLaw, SignRewardIsATwoPointLaw) {
  const Link link = parse_link("sign");
  for (const double beta : {0.05, 0.5, 2.0}) {
    const TiltedLaw law = tilted_law(link, beta);
    EXPECT_NEAR(law.mean_reward, std::tanh(1 / beta), 1e-12);
    EXPECT_NEAR(law.log_partition - 1 / beta, std::log1p(std::exp(-2 / beta)) - std::log(2.0),
                1e-12);
  }
}

// Two equal peaks at +-100, beyond where breaks are looked for. Around each, with t the distance
// from the kink: inside f z^2/2 rises with slope 100, outside 1e4 - z^2/2 falls with slope -100, so
// Z = 2 e^{5000} / sqrt(2 pi) * (int_0^inf e^{-100 t + t^2/2} + int_0^inf e^{-100 t - t^2/2}),
// the first cut off at t = 100: 2 * 0.01 * (1 + 3e-8 + ...) by expansion in t^2.
TEST(TiltedLaw, FarPeaksCountOnBothSides) {
  const TiltedLaw law = tilted_law(parse_link("formula:min(z^2,1e4)"), 1);
  EXPECT_NEAR(law.mean_direction, 0, 1e-9);
  const double tails = 0.02 * (1 + 3e-8);  // the terms +-t^2/2 cancel, t^4/8 leaves 24/8 * 1e-8
  const double exact = 5000 + std::log(2 * tails / std::sqrt(2 * std::numbers::pi));
  EXPECT_NEAR(law.log_partition, exact, 1e-9);
}

struct Bump {
  double height;
  double centre;
  double width;
  double beta;
  std::string formula() const {
    return number_text(height) + "*exp(-((z-(" + number_text(centre) + "))/" + number_text(width) +
           ")^2/2)";
  }
};

// With a = height / beta, E e^{f/beta} = sum_n a^n / n! E e^{-n (z-c)^2 / (2 w^2)}, each term a
// Gaussian integral: sqrt(w^2 / (w^2 + n)) e^{-n c^2 / (2 (w^2 + n))}. Bumps narrower than any
// grid, and beyond where formulas are searched for breaks.
TEST(TiltedLaw, ABumpHasItsSeriesHoweverNarrowOrFar) {
  std::vector<Bump> bumps{{1, 44, 1, 1e-3},  {1, 36, 1, 1e-3},     {1000, 41, 1, 1},
                          {2000, 45, 1, 1},  {1e5, -300, 1, 1},    {1e6, 700, 2, 2},
                          {10, 39, 1, 5e-3}, {10, 3.3, 1e-4, 0.5}, {-10, 1.5, 1e-3, 4}};
  for (const double width : {1e-3, 1e-4, 1e-5}) {
    for (const double centre : {-4.7, -0.123456, 0.0, 1.23457, 2.0000763, 5.5}) {
      bumps.push_back({10, centre, width, 0.4});
    }
  }
  for (const Bump& bump : bumps) {
    SCOPED_TRACE(bump.formula() + " at " + std::to_string(bump.beta));
    const double a = bump.height / bump.beta;
    const double square = bump.width * bump.width;
    const auto term = [&](double n) {
      return n * std::log(std::abs(a)) - std::lgamma(n + 1) +
             0.5 * std::log(square / (square + n)) -
             n * bump.centre * bump.centre / (2 * (square + n));
    };
    const double most = std::abs(a) + 60 * std::sqrt(std::abs(a)) + 100;
    double top = 0;
    for (double n = 0; n <= most; ++n) top = std::max(top, term(n));
    double sum = 0;
    double first = 0;
    for (double n = 0; n <= most; ++n) {
      const double sign = a < 0 && std::fmod(n, 2) == 1 ? -1 : 1;
      sum += sign * std::exp(term(n) - top);
      first += sign * n * std::exp(term(n) - top);
    }
    const TiltedLaw law = tilted_law(parse_link(bump.formula()), bump.beta);
    const double exact = top + std::log(sum);
    // lgamma and the sum leave some 1e-10 of the largest exponents.
    EXPECT_NEAR(law.log_partition, exact, 1e-9 * std::max(1.0, std::abs(a) * 0.01));
    EXPECT_NEAR(law.mean_reward, bump.beta * first / sum, 1e-7 * std::abs(bump.height));
  }
}

// The nodes of the search meet a flank of this peak only, lower than f at 0.
TEST(TiltedLaw, AFarPeakIsFoundByItsFlank) {
  const TiltedLaw law = tilted_law(parse_link("3*exp(-z^2)+1000*exp(-((z-20.125)*20)^2)"), 1);
  EXPECT_NEAR(law.mean_reward, 999.5, 0.5);
}

// An oscillating reward on a slope: the tilted law sits at the crests around z = 60, far beyond the
// normal law. Reference: midpoint rule of 2e6 points on [50, 70], all mass being there.
TEST(TiltedLaw, FarCrestsOfAnOscillatingRewardAreFound) {
  const Link link = parse_link("formula:sin(20*z)+0.3*z");
  const double beta = 0.005;
  const TiltedLaw law = tilted_law(link, beta);
  constexpr int kPoints = 2000000;
  double mass = 0;
  double direction = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double z = 50 + 20 * (i + 0.5) / kPoints;
    const double weight = std::exp((std::sin(20 * z) + 0.3 * z) / beta - z * z / 2 - 2000);
    mass += weight;
    direction += weight * z;
  }
  EXPECT_NEAR(law.mean_direction, direction / mass, 1e-8);
  EXPECT_NEAR(law.log_partition,
              2000 + std::log(mass * 20 / kPoints / std::sqrt(2 * std::numbers::pi)), 1e-8);
}

// Gain and KL of a weak tilt are s Var/2 and s^2 Var/2 to leading order: digits, not rounding.
TEST(TiltedLaw, WeakTiltsKeepTheirDigits) {
  const double beta = 1000;
  for (const double scale : {1e-6, 1e-3, 1.0}) {
    const double s = scale / beta;
    const TiltedLaw law = tilted_law(scaled(parse_link("tanh"), scale), beta);
    // Cumulants of tanh(Z): k_2 = 0.3942944903978412 (golden), k_3 = 0; E tanh^4 = 0.2481 to 1e-3,
    // so the s^4 term is below 1e-2 s^2 of the first.
    const double second = 0.3942944903978412;
    EXPECT_NEAR(law.gain / (scale * s * second / 2), 1, 1e-10 + s * s);
    EXPECT_NEAR(law.kl / (s * s * second / 2), 1, 1e-10 + s * s);
  }
}

// For a linear reward the chi-square divergence is e^{s^2} - 1, at the weakest tilts too.
TEST(TiltedLaw, ChiSquareKeepsItsDigits) {
  const Link linear = parse_link("hermite:1@shift:2");
  for (const double s : {1e-6, 1e-3, 0.1, 0.3, 1.0, 4.0}) {
    const TiltedLaw law = tilted_law(linear, 1 / s);
    EXPECT_NEAR(law.chi_square.value() / std::expm1(s * s), 1, 1e-9) << s;
    EXPECT_NEAR(1 / (1 + *law.chi_square), law.ess_fraction.value(), 1e-12) << s;
  }
  // Infinite from beta = 4a on, as the second moment is.
  EXPECT_FALSE(tilted_law(parse_link("0.3*z^2"), 1).chi_square.has_value());
}

TEST(TiltedLaw, RefusesTemperaturesThatAreNone) {
  const Link link = parse_link("tanh");
  for (const double beta : {0.0, -1.0, 1e-10, 1e10, std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(tilted_law(link, beta), UsageError);
  }
}

// A random smooth bounded reward, as a Hermite-damped sum with a kink.
rc::Gen<std::string> any_reward() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(-20, 21), rc::gen::inRange(-20, 21),
                                     rc::gen::inRange(1, 40), rc::gen::inRange(-15, 16)),
                      [](const std::tuple<int, int, int, int>& c) {
                        const auto& [a, b, w, kink] = c;
                        return "formula:" + std::to_string(a / 10.0) + "*tanh(z)+" +
                               std::to_string(b / 10.0) + "*sin(" + std::to_string(w / 10.0) +
                               "*z)+min(max(z," + std::to_string(kink / 10.0) + "),2)";
                      });
}

RC_GTEST_PROP(TiltedLaw, OptimalValueNeverRisesWithTemperatureAndItsSlopeIsMinusKl, ()) {
  const Link link = parse_link(*any_reward());
  const double beta = *rc::gen::inRange(10, 300) / 100.0;
  const double step = 1e-4 * beta;
  const TiltedLaw below = tilted_law(link, beta - step);
  const TiltedLaw here = tilted_law(link, beta);
  const TiltedLaw above = tilted_law(link, beta + step);
  RC_ASSERT(below.optimal_value >= here.optimal_value - 1e-12);
  RC_ASSERT(here.optimal_value >= above.optimal_value - 1e-12);
  RC_ASSERT(here.optimal_value >= here.reference_value - 1e-12);
  // Envelope theorem: dJ*/dbeta = -KL. Central differences are good to step^2 J''' and eps / step.
  const double slope = (above.optimal_value - below.optimal_value) / (2 * step);
  RC_ASSERT(std::abs(slope + here.kl) <= 1e-6 * (1 + here.kl));
}

RC_GTEST_PROP(TiltedLaw, AConstantInTheRewardChangesNothing, ()) {
  const Link link = parse_link(*any_reward());
  const double constant = *rc::gen::inRange(-1000, 1000) / 10.0;
  const double beta = *rc::gen::inRange(10, 300) / 100.0;
  const TiltedLaw plain = tilted_law(link, beta);
  const TiltedLaw moved = tilted_law(shifted(link, constant), beta);
  const double rounding = 1e-15 * std::abs(constant) / beta;
  RC_ASSERT(std::abs(plain.kl - moved.kl) <= 1e-11 + 100 * rounding);
  RC_ASSERT(std::abs(plain.mean_reward + constant - moved.mean_reward) <= 1e-11 + 100 * rounding);
  RC_ASSERT(std::abs(plain.optimal_value + constant - moved.optimal_value) <=
            1e-11 + 100 * rounding);
  RC_ASSERT(std::abs(*plain.ess_fraction - *moved.ess_fraction) <= 1e-11 + 100 * rounding);
}

}  // namespace
}  // namespace esscher
