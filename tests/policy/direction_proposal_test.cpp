#include "policy/direction_proposal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace esscher::internal {
namespace {

double normal_density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }

// Over a fine grid of levels v the mean of the density ratio is the integral of N(0, 1), which is 1
// for any law that the table may be, if its quantiles and its densities belong together. The
// midpoint rule of 2e5 levels errs where the quantile is steep, in the far tails: below 1e-4.
TEST(DirectionProposal, QuantilesAndDensitiesBelongTogether) {
  for (const char* name : {"identity", "damped_hermite:3", "sign", "cos:2", "hermite:2"}) {
    const Link link = parse_link(name);
    for (const double beta : {3.0, 1.5}) {
      const std::vector<TiltedLaw> laws{tilted_law(link, beta), tilted_law(link, 2 * beta)};
      const DirectionProposal proposal(link, laws);
      constexpr int kLevels = 200000;
      double mass = 0;
      double tilted = 0;
      double last = -1e9;
      for (int i = 0; i < kLevels; ++i) {
        const DirectionProposal::Draw draw = proposal.quantile((i + 0.5) / kLevels);
        EXPECT_GE(draw.z, last);
        last = draw.z;
        mass += std::exp(draw.log_ratio);
        tilted += std::exp(draw.log_ratio + link(draw.z) / beta - laws[0].log_partition);
      }
      EXPECT_NEAR(mass / kLevels, 1, 1e-4) << name;
      // The optimal policy's own mass.
      EXPECT_NEAR(tilted / kLevels, 1, 1e-4) << name;
    }
  }
}

// No draw weighs more than the number of components, by more than the density varies in a cell:
// that is what the mixture is for. Also where a policy is far out, or narrow.
TEST(DirectionProposal, WeightsOfItsComponentsAreBounded) {
  for (const auto& [name, beta] : std::vector<std::pair<const char*, double>>{
           {"identity", 0.05}, {"damped_hermite:3", 1e-3}, {"tanh", 0.01}, {"sign", 0.1}}) {
    const Link link = parse_link(name);
    const TiltedLaw law = tilted_law(link, beta);
    const DirectionProposal proposal(link, {&law, 1});
    for (int i = 0; i < 10000; ++i) {
      const DirectionProposal::Draw draw = proposal.quantile((i + 0.5) / 10000);
      EXPECT_LT(draw.log_ratio, std::log(3 * 1.2)) << name << " at " << draw.z;
      EXPECT_LT(draw.log_ratio + link(draw.z) / beta - law.log_partition, std::log(3 * 1.2))
          << name << " at " << draw.z;
    }
  }
}

TEST(DirectionProposal, FollowsTheMixture) {
  const Link link = parse_link("tanh");
  const TiltedLaw law = tilted_law(link, 0.5);
  const DirectionProposal proposal(link, {&law, 1});
  for (double v = 0.01; v < 1; v += 0.01) {
    const DirectionProposal::Draw draw = proposal.quantile(v);
    const double mixture =
        normal_density(draw.z) * (1 + std::exp(std::tanh(draw.z) / 0.5 - law.log_partition)) / 3 +
        normal_density(draw.z / 2) / 6;
    // Cells of variation 1.1 about their means.
    EXPECT_NEAR(normal_density(draw.z) / std::exp(draw.log_ratio) / mixture, 1, 0.1);
  }
}

}  // namespace
}  // namespace esscher::internal
