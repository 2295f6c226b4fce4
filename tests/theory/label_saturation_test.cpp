// Labels that only rounding ties, as exponents show them.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "esscher/gaussian/hermite.h"
#include "esscher/theory/exponents.h"

namespace esscher {
namespace {

Exponents exponents_of(const std::string& link, const Noise& noise = Noise()) {
  return exponents({parse_link(link), noise});
}

// tanh(1000 z) rounds to +-1 beyond |z| = 0.02, yet it is invertible as all of these are: its
// labels tell everything, those that rounding ties included.
TEST(LabelSaturation, AnInvertibleLabelTellsAllWhereverItSaturates) {
  for (const char* link :
       {"tanh:10", "tanh(20*z)", "tanh(1000*z)", "sigmoid(30*z)", "erf(5*z)", "tanh(z^9)",
        "5-tanh(8*z+2)", "sigmoid(-100*(z-1))", "tanh(40*z)@scale:1e-20"}) {
    const Exponents facts = exponents_of(link);
    EXPECT_EQ(facts.generative, 1) << link;
    for (std::size_t k = 1; k <= 12; ++k) {
      EXPECT_NEAR(facts.lambda_squared[k], 1, 1e-6) << link << " " << k;
      EXPECT_NEAR(facts.lambda_squared[k], 1, facts.lambda_squared_errors[k]) << link << " " << k;
    }
    // Noise ties them for good.
    EXPECT_LT(exponents_of(link, Noise(NoiseKind::gaussian, 0.1)).lambda_squared[1], 0.999) << link;
  }
}

// At a flat extremum every label has a point on either side: |z - 1| alone is told, the same for
// all.
TEST(LabelSaturation, AFlatExtremumIsTwoToOne) {
  for (const char* link : {"1-((z-1)/2)^20", "1-(z-1)^12", "1-(z-1)^8"}) {
    const Exponents facts = exponents_of(link);
    EXPECT_NEAR(facts.lambda_squared[1], 0.733912, facts.lambda_squared_errors[1] + 1e-6) << link;
    EXPECT_NEAR(facts.lambda_squared[2], 0.467823, facts.lambda_squared_errors[2] + 1e-6) << link;
    EXPECT_LT(facts.lambda_squared_errors[0], 1e-6) << link;
  }
}

// Both flanks of this bump come to the label 1, where no double tells them apart: each label has
// two preimages, z and 2 - z, and E[h_k | label] is their mean by density.
TEST(LabelSaturation, WhatRoundingHidesOfTwoFlanksIsInTheError) {
  const Exponents facts = exponents_of("1-exp(-5*(z-1)^2)");
  const auto density = [](double z) {
    return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  };
  std::vector<double> exact(5);
  constexpr double kStep = 1e-3;
  for (double z = 1 + kStep / 2; z < 12; z += kStep) {
    std::vector<double> left(5);
    std::vector<double> right(5);
    hermite_all(2 - z, left);
    hermite_all(z, right);
    for (std::size_t k = 0; k < 5; ++k) {
      const double mass = left[k] * density(2 - z) + right[k] * density(z);
      exact[k] += kStep * mass * mass / (density(2 - z) + density(z));
    }
  }
  for (std::size_t k = 1; k < 5; ++k) {
    EXPECT_LE(facts.lambda_squared[k], exact[k] + 1e-6) << k;
    EXPECT_NEAR(facts.lambda_squared[k], exact[k], facts.lambda_squared_errors[k]) << k;
  }
}

}  // namespace
}  // namespace esscher
