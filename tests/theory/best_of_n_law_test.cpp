#include "theory/best_of_n_law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "esscher/theory/tilted_law.h"

namespace esscher {
namespace {

using internal::BestOfNLaw;

BestOfNPoint of_n(const BestOfNLaw& law, double n) { return law.at_kl(law.kl(n)).value(); }

TEST(BestOfNLaw, OfALinearRewardHasTheKnownExtremes) {
  const BestOfNLaw law(parse_link("hermite:1"));
  const double root = std::sqrt(std::numbers::pi);
  for (const auto& [n, mean] : {std::pair(2.0, 1 / root), {3.0, 3 / (2 * root)}}) {
    const BestOfNPoint point = of_n(law, n);
    EXPECT_NEAR(point.n, n, 1e-9);
    EXPECT_NEAR(point.kl, std::log(n) - (n - 1) / n, 1e-14);
    EXPECT_NEAR(point.mean_reward, mean, 1e-7);
    EXPECT_NEAR(point.mean_reward, mean, point.error + 1e-12);
  }
  // Expected maximum of 10 and of 1000 standard normal draws (Harter 1961).
  EXPECT_NEAR(of_n(law, 10).mean_reward, 1.5387527308, 1e-7);
  EXPECT_NEAR(of_n(law, 1000).mean_reward, 3.2414357742, 1e-6);
  EXPECT_FALSE(law.at_kl(50).has_value());
}

// The larger of two chi-square draws of one degree of freedom: 1 + 2/pi.
TEST(BestOfNLaw, TwoBranchesShareTheirLabels) {
  EXPECT_NEAR(of_n(BestOfNLaw(parse_link("z^2")), 2).mean_reward, 1 + 2 / std::numbers::pi, 1e-6);
}

// Two labels of one half each: the law is fixed by its divergence, so that best-of-n is the tilt.
TEST(BestOfNLaw, OfASignIsTheTiltedLaw) {
  const Link link = parse_link("sign");
  const BestOfNLaw law(link);
  for (const double n : {1.0, 2.0, 5.0, 20.0}) {
    const double low = std::exp2(-n);
    const double exact = (1 - low) * std::log(2 * (1 - low)) + low * std::log(2 * low);
    EXPECT_NEAR(law.kl(n), exact, 1e-14) << n;
  }
  for (const double beta : {4.0, 1.0, 0.3}) {
    const TiltedLaw tilted = tilted_law(link, beta);
    EXPECT_NEAR(law.at_kl(tilted.kl).value().mean_reward, tilted.mean_reward, 1e-9) << beta;
  }
  EXPECT_FALSE(law.at_kl(std::log(2) + 1e-9).has_value());
}

TEST(BestOfNLaw, SaturationIsNoTie) {
  const BestOfNLaw law(parse_link("tanh:10"));
  for (const double n : {1.5, 10.0, 1e6}) {
    EXPECT_NEAR(law.kl(n), std::log(n) - (n - 1) / n, 1e-13) << n;
  }
}

// 1e4 z runs through the jump of this arctangent within a hundredth of a step of z.
TEST(BestOfNLaw, SteepRewardsAreTabulatedByLabel) {
  const BestOfNLaw law(parse_link("atan(1e4*(z+0.3))"));
  // By a midpoint rule of 4e6 points: E f(max of two) = E 2 f(Z) Phi(Z).
  double exact = 0;
  constexpr double kStep = 5e-6;
  for (double z = -10 + kStep / 2; z < 10; z += kStep) {
    exact += kStep * 2 * std::atan(1e4 * (z + 0.3)) * std::erfc(-z / std::numbers::sqrt2) / 2 *
             std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  }
  EXPECT_NEAR(of_n(law, 2).mean_reward, exact, 1e-5);
}

TEST(BestOfNLaw, RewardsThatTurnTooOftenHaveNone) {
  EXPECT_TRUE(BestOfNLaw(parse_link("cos(50*z)")).at_kl(0.2).has_value());
  EXPECT_FALSE(BestOfNLaw(parse_link("cos(1000*z)")).at_kl(0.2).has_value());
  // So many labels of their own would take minutes.
  EXPECT_FALSE(BestOfNLaw(parse_link("sin(500*z)+z")).at_kl(0.2).has_value());
}

TEST(BestOfNLaw, TiesLeaveNothingOfTheWeakestTilts) {
  EXPECT_FALSE(BestOfNLaw(parse_link("sign")).at_kl(1e-18).has_value());
  EXPECT_TRUE(BestOfNLaw(parse_link("hermite:1")).at_kl(1e-8).has_value());
}

// The tilt has the most reward of all laws of its divergence.
TEST(BestOfNLaw, IsNeverBetterThanTheTiltOfEqualDivergence) {
  for (const char* text :
       {"hermite:1", "tanh", "relu", "hermite:3@clip:-2,2", "sin:2", "damped_hermite:3",
        "floor(z)@clip:-3,3", "1-exp(-5*(z-1)^2)", "max(0,1-1e4*abs(z-1))"}) {
    const Link link = parse_link(text);
    const BestOfNLaw law(link);
    for (const double beta : {8.0, 1.0, 0.4, 0.1}) {
      const TiltedLaw tilted = tilted_law(link, beta);
      const auto point = law.at_kl(tilted.kl);
      if (!point) continue;
      EXPECT_NEAR(point->kl, tilted.kl, 1e-10) << text << " " << beta;
      EXPECT_LE(point->mean_reward, tilted.mean_reward + point->error + 1e-9)
          << text << " " << beta;
      EXPECT_GE(point->mean_reward, tilted.reference_value - point->error - 1e-9)
          << text << " " << beta;
    }
  }
}

}  // namespace
}  // namespace esscher
