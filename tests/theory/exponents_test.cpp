#include "esscher/theory/exponents.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numbers>

#include "esscher/base/error.h"
#include "golden.h"

namespace esscher {
namespace {

Exponents of(const std::string& link, const Noise& noise = Noise()) {
  return exponents({parse_link(link), noise});
}

TEST(Exponents, HermiteCoefficientsAgreeWithTheGoldenValues) {
  const nlohmann::json golden = golden::load("single_index.json");
  for (const auto& [name, values] : golden.at("links").items()) {
    const Exponents facts = exponents({golden::link(name), Noise()});
    for (std::size_t k = 0; k <= 8; ++k) {
      EXPECT_TRUE(golden::agrees(facts.hermite[k], values["hermite"][k])) << name << " " << k;
    }
    EXPECT_TRUE(golden::agrees(facts.second_moment, values["second_moment"])) << name;
  }
}

struct Known {
  const char* link;
  int information;
  int generative;
  double lambda_squared;  ///< at the generative exponent
  double tolerance;       ///< half a unit of the last digit that is given
};

class KnownExponents : public ::testing::TestWithParam<Known> {};

TEST_P(KnownExponents, AreFound) {
  const Known& known = GetParam();
  const Exponents facts = of(known.link);
  ASSERT_EQ(facts.information, known.information);
  ASSERT_EQ(facts.generative, known.generative);
  const auto k = static_cast<std::size_t>(known.generative);
  EXPECT_NEAR(facts.lambda_squared[k], known.lambda_squared, known.tolerance);
}

// The list of the project's mathematics, section 2; there lambda_1^2 of He_5 stands as 0.602, cut
// off rather than rounded (roots of He_5 and a midpoint rule in NumPy: 0.60265).
INSTANTIATE_TEST_SUITE_P(
    Mathematics, KnownExponents,
    ::testing::Values(Known{"hermite:1", 1, 1, 1, 5e-7}, Known{"tanh", 1, 1, 1, 5e-7},
                      Known{"hermite:3", 3, 1, 0.668, 5e-4}, Known{"hermite:5", 5, 1, 0.6026, 1e-4},
                      Known{"tanh(z^3-3*z)", 1, 1, 0.668, 1e-3}, Known{"sin:1", 1, 1, 0.859, 5e-4},
                      Known{"sin:2", 1, 1, 0.147, 5e-4},
                      Known{"sign", 1, 1, 2 / std::numbers::pi, 1e-12},
                      Known{"sign(z^3-3*z)", 1, 1, 0.195, 5e-4}));

struct KnownThreshold {
  const char* link;
  double threshold;
  double tolerance;
};

class KnownSpectralThresholds : public ::testing::TestWithParam<KnownThreshold> {};

TEST_P(KnownSpectralThresholds, AreFoundWhereTheGenerativeExponentIsTwo) {
  const Exponents facts = of(GetParam().link);
  ASSERT_EQ(facts.generative, 2);
  ASSERT_TRUE(facts.spectral_threshold.has_value());
  EXPECT_NEAR(*facts.spectral_threshold, GetParam().threshold, GetParam().tolerance);
}

INSTANTIATE_TEST_SUITE_P(Mathematics, KnownSpectralThresholds,
                         ::testing::Values(KnownThreshold{"hermite:2", 0.5, 5e-5},
                                           KnownThreshold{"abs", 0.5, 5e-5},
                                           KnownThreshold{"cos:1", 0.509, 5e-4},
                                           KnownThreshold{"cos:3", 50.0, 5e-2},
                                           KnownThreshold{"hermite:4", 0.645, 5e-4},
                                           KnownThreshold{"hermite:6", 0.671, 5e-4},
                                           KnownThreshold{"sign(z^2-1)", 0.925, 5e-4},
                                           KnownThreshold{"abs(z)<0.6745 ? 1 : 0", 1.360, 5e-4}));

// relu: Y = 0 on the left half line is an atom, elsewhere Y tells z.
TEST(Exponents, AFlatStretchIsAnAtom) {
  const Exponents facts = of("relu");
  EXPECT_EQ(facts.generative, 1);
  EXPECT_NEAR(facts.lambda_squared[1], 0.5 + 1 / std::numbers::pi, 1e-6);
  EXPECT_NEAR(facts.lambda_squared[0], 1, 1e-12);
  // sign: two atoms of mass 1/2, E[h_k | sign] = +-2 E[h_k 1{z > 0}].
  EXPECT_NEAR(of("sign").lambda_squared[3], 4 / (6 * 2 * std::numbers::pi), 1e-12);
}

// z^2 e^{-z^2} has generative exponent 4. Reference for lambda_4^2: with w < 1 < w' the two squares
// that share a label, adaptive quadrature over z in (0, 1) of 2 (h_4(z) p + h_4(z') p')^2 / (p +
// p'), p the label densities of the branches (SciPy: 0.2299574). The project's mathematics says
// 0.231, which is off in the third digit.
TEST(Exponents, SquareTimesGaussianHasGenerativeExponentFour) {
  const Exponents facts = of("z2exp");
  EXPECT_EQ(facts.generative, 4);
  EXPECT_NEAR(facts.lambda_squared[4], 0.2299574, 2e-6);
  // h_2 cancels between the two branches point by point, h_1 and h_3 by symmetry.
  EXPECT_LT(facts.lambda_squared[2], 1e-20);
  EXPECT_EQ(facts.lambda_squared[1], 0);
  EXPECT_EQ(facts.lambda_squared[3], 0);
}

TEST(Exponents, DampedHermiteHasInformationExponentExactlyK) {
  for (int k = 1; k <= 8; ++k) {
    const Exponents facts = of("damped_hermite:" + std::to_string(k));
    EXPECT_EQ(facts.information, k);
    EXPECT_EQ(facts.generative, k % 2 == 1 ? 1 : 2);
  }
}

// y = z + xi, xi ~ N(0, tau^2): Y / sd and Z are jointly normal with correlation c,
// c^2 = 1/(1 + tau^2), so lambda_k^2 = c^{2k} (Mehler).
TEST(Exponents, GaussianNoiseOnALinearLinkIsMehlersFormula) {
  for (const double tau : {0.01, 0.1, 0.3, 1.0, 3.0}) {
    const Exponents facts = of("identity", Noise(NoiseKind::gaussian, tau));
    EXPECT_EQ(facts.generative, 1);
    for (std::size_t k = 0; k <= 6; ++k) {
      EXPECT_NEAR(facts.lambda_squared[k], std::pow(1 + tau * tau, -double(k)), 2e-6)
          << tau << " " << k;
    }
  }
}

// Two points +-1 under noise of any kind: lambda_1^2 = (2/pi) E[tanh-like posterior mean^2]. With
// Rademacher noise of deviation 1 the labels -2, 0, 2 tell the sign half of the time.
TEST(Exponents, NoiseThatMergesAtomsLosesTheirInformation) {
  const Exponents merged = of("sign", Noise(NoiseKind::rademacher, 1));
  EXPECT_NEAR(merged.lambda_squared[1], 1 / std::numbers::pi, 1e-12);
  // Uniform noise of half-width a = tau sqrt 3 > 1: densities overlap on a share (a - 1)/a.
  const double tau = 1.2;
  const double share = 1 - (tau * std::numbers::sqrt3 - 1) / (tau * std::numbers::sqrt3);
  const Exponents overlapping = of("sign", Noise(NoiseKind::uniform, tau));
  EXPECT_NEAR(overlapping.lambda_squared[1], share * 2 / std::numbers::pi, 1e-9);
}

TEST(Exponents, NoiseOnlyTakesInformationAway) {
  for (const char* link : {"tanh", "cos:3", "hermite:3", "relu"}) {
    const Exponents clean = of(link);
    for (const NoiseKind kind : {NoiseKind::gaussian, NoiseKind::uniform, NoiseKind::rademacher}) {
      const Exponents noisy = of(link, Noise(kind, 0.25));
      EXPECT_EQ(noisy.generative, clean.generative);
      for (std::size_t k = 1; k <= 6; ++k) {
        EXPECT_LE(noisy.lambda_squared[k], clean.lambda_squared[k] +
                                               clean.lambda_squared_errors[k] +
                                               noisy.lambda_squared_errors[k] + 1e-9)
            << link << " " << k;
      }
    }
  }
}

TEST(Exponents, AConstantLinkHasNone) {
  const Exponents facts = of("formula:1.5");
  EXPECT_FALSE(facts.information.has_value());
  EXPECT_FALSE(facts.generative.has_value());
}

TEST(Exponents, RefusesOrdersThatItCannotServe) {
  const SingleIndexModel model{parse_link("tanh"), Noise()};
  EXPECT_THROW(exponents(model, {.max_order = 0}), UsageError);
  EXPECT_THROW(exponents(model, {.max_order = 65}), UsageError);
}

// The generative exponent and every lambda_k belong to the sigma-algebra of Y, not to its scale.
RC_GTEST_PROP(Exponents, AreInvariantUnderInvertibleMapsOfTheLabel, ()) {
  const std::string inner =
      *rc::gen::element<std::string>("h(3,z)/(1+z*z/9)", "cos(2*z)", "z*exp(-z*z/4)", "sin(z)",
                                     "min(max(h(2,z),-0.5),1)", "abs(z-0.5)");
  const std::string map = *rc::gen::element<std::string>("2*(%)-3", "(%)+0.2*(%)^3", "exp(0.5*(%))",
                                                         "-atan(%)", "(%)/(1+abs(%))");
  std::string outer = map;
  for (std::size_t at; (at = outer.find('%')) != std::string::npos;) outer.replace(at, 1, inner);
  const Exponents plain = of("formula:" + inner);
  const Exponents mapped = of("formula:" + outer);
  RC_ASSERT(plain.generative == mapped.generative);
  for (std::size_t k = 0; k <= 8; ++k) {
    RC_ASSERT(std::abs(plain.lambda_squared[k] - mapped.lambda_squared[k]) <=
              1e-6 + plain.lambda_squared_errors[k] + mapped.lambda_squared_errors[k]);
  }
}

}  // namespace
}  // namespace esscher
