#include "esscher/theory/exponents.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <numbers>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
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

struct KnownNoisy {
  const char* link;
  double deviation;
  std::array<double, 4> lambda_squared;  ///< k = 1..4
};

class KnownUnderGaussianNoise : public ::testing::TestWithParam<KnownNoisy> {};

TEST_P(KnownUnderGaussianNoise, LambdaAgreesAndTheErrorCoversIt) {
  const KnownNoisy& known = GetParam();
  const Exponents facts = of(known.link, Noise(NoiseKind::gaussian, known.deviation));
  EXPECT_NEAR(facts.lambda_squared[0], 1, 1e-9);
  for (std::size_t k = 1; k <= 4; ++k) {
    const double off = std::abs(facts.lambda_squared[k] - known.lambda_squared[k - 1]);
    // The references are rounded to 1e-9, and as good as that.
    EXPECT_LE(off, facts.lambda_squared_errors[k] + 3e-9) << known.link << " " << k;
    EXPECT_LE(off, 3e-7) << known.link << " " << k;
    EXPECT_LE(facts.lambda_squared_errors[k], 1e-4) << known.link << " " << k;
  }
}

// A second method, in NumPy: no cells and no preimages. p_k(y) = E[h_k(Z) phi_tau(y - f(Z))] by
// eight-point Gauss-Legendre panels in z, on each of which f moves by tau at most; then the
// trapezoidal rule of step tau/8 for the integral of p_k^2 / p_0. Where f is so steep that noise
// takes less than 1e-9 (|z| > 6 or 4 for Hermite links, z < -0.02 for the steep line), the integral
// of h_k^2 phi instead.
INSTANTIATE_TEST_SUITE_P(
    Dense, KnownUnderGaussianNoise,
    ::testing::Values(
        KnownNoisy{
            "z<0 ? 10000*z : sin(z)", 0.3, {0.877430407, 0.573683433, 0.573558213, 0.631536868}},
        KnownNoisy{"hermite:5", 0.1, {0.506130445, 0.647677569, 0.667995346, 0.569823267}},
        KnownNoisy{"hermite:5", 0.01, {0.591002153, 0.691806486, 0.698511226, 0.589827865}},
        KnownNoisy{"hermite:5", 1.0, {0.035456675, 0.166329704, 0.345130423, 0.475907166}},
        KnownNoisy{"hermite:5", 3.0, {0.007970534, 0.051077129, 0.168960525, 0.351166761}},
        KnownNoisy{"hermite:7", 0.1, {0.432917064, 0.62202022, 0.608941786, 0.639660868}},
        KnownNoisy{"hermite:7", 0.01, {0.541265939, 0.684654958, 0.649692581, 0.67327058}},
        KnownNoisy{"tanh", 0.01, {0.995565243, 0.947041588, 0.783951318, 0.541368453}},
        KnownNoisy{"cos:3", 0.01, {0, 0.009998009, 0, 0.067486534}},
        KnownNoisy{"relu", 0.01, {0.811053805, 0.494468859, 0.551602378, 0.495729868}},
        KnownNoisy{
            "hermite:3@clip:-2,2", 0.01, {0.658015654, 0.580615536, 0.801961511, 0.226337623}},
        KnownNoisy{"tanh", 0.1, {0.928935399, 0.614080417, 0.286082082, 0.219899877}},
        KnownNoisy{"cos:3", 0.1, {0, 0.009835804, 0, 0.066391656}},
        KnownNoisy{"relu", 0.1, {0.754107269, 0.457443259, 0.522495938, 0.457203358}},
        KnownNoisy{"hermite:3@clip:-2,2", 0.1, {0.597120308, 0.546248758, 0.77954787, 0.197019696}},
        KnownNoisy{"tanh", 0.3, {0.761243424, 0.273392731, 0.108859581, 0.101595362}},
        KnownNoisy{"cos:3", 0.3, {0, 0.008750938, 0, 0.059068818}},
        KnownNoisy{"relu", 0.3, {0.606506175, 0.372517475, 0.383012803, 0.327981659}},
        KnownNoisy{"hermite:3@clip:-2,2", 0.3, {0.445204467, 0.44900668, 0.682043772, 0.127206788}},
        KnownNoisy{"tanh", 1.0, {0.266157774, 0.018719625, 0.017397622, 0.005676112}},
        KnownNoisy{"cos:3", 1.0, {0, 0.0034169, 0, 0.023064072}},
        KnownNoisy{"relu", 1.0, {0.207552711, 0.112001681, 0.053796681, 0.03238883}},
        KnownNoisy{
            "hermite:3@clip:-2,2", 1.0, {0.043939596, 0.056093658, 0.218593709, 0.007273586}},
        KnownNoisy{"tanh", 3.0, {0.03906913, 0.000375517, 0.002350842, 0.000111192}},
        KnownNoisy{"cos:3", 3.0, {0, 0.00052663, 0, 0.003554753}},
        KnownNoisy{"relu", 3.0, {0.027606579, 0.009878836, 0.000748392, 0.00080723}},
        KnownNoisy{
            "hermite:3@clip:-2,2", 3.0, {0.003091135, 0.001261556, 0.032482197, 0.000123026}}));

// Noise far below what the label's spacing or its rounding can show takes nothing. Once the work
// grew without bound here.
TEST(Exponents, TinyNoiseTakesNothingAndNoTime) {
  for (const char* link : {"identity", "tanh", "cos:3", "relu", "sign", "hermite:5"}) {
    const Exponents clean = of(link);
    for (const double tau : {1e-9, 1e-300}) {
      const auto start = std::chrono::steady_clock::now();
      const Exponents noisy = of(link, Noise(NoiseKind::gaussian, tau));
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      // The limit leaves room for a slow build on a busy machine.
      EXPECT_LT(seconds.count(), 10) << link << " " << tau;
      for (std::size_t k = 0; k <= 6; ++k) {
        EXPECT_NEAR(noisy.lambda_squared[k], clean.lambda_squared[k],
                    1e-9 + clean.lambda_squared_errors[k] + noisy.lambda_squared_errors[k])
            << link << " " << tau << " " << k;
      }
    }
  }
}

TEST(Exponents, BigNoiseLeavesTheSignalToNoiseRatio) {
  const double tau = 1000;
  const Exponents facts = of("identity", Noise(NoiseKind::gaussian, tau));
  EXPECT_NEAR(facts.lambda_squared[1] * (1 + tau * tau), 1, 1e-6);
  EXPECT_NEAR(facts.lambda_squared[2] * std::pow(1 + tau * tau, 2), 1, 1e-4);
}

// More branches overlap than points on each could be afforded for.
TEST(Exponents, ManyOverlappingBranchesAreMixedByNoise) {
  const Exponents facts = of("z+0.3*sin(30*z)", Noise(NoiseKind::gaussian, 0.01));
  // By the second method above.
  const std::array<double, 3> dense{0.9619427133, 0.9265292551, 0.8934996713};
  for (std::size_t k = 1; k <= 3; ++k) {
    EXPECT_NEAR(facts.lambda_squared[k], dense[k - 1], 1e-6) << k;
    EXPECT_LE(facts.lambda_squared_errors[k], 1e-4) << k;
  }
}

// All half waves take the same labels. Were their extrema told apart where minimisation leaves
// them, the highest labels would seem to tell half waves apart.
TEST(Exponents, AFastSineTellsNothing) {
  const Exponents facts = of("sin(300*z)");
  for (std::size_t k = 1; k <= 12; ++k) EXPECT_LT(std::abs(facts.lambda_squared[k]), 1e-12) << k;
}

// E f^k of a bump is a Gaussian integral, however small: the search of an integrand must not stop
// at what the weight alone reaches.
TEST(Exponents, ARewardThatIsTinyUnderTheReferenceKeepsItsMoments) {
  for (const double centre : {10.0, 25.0, 36.0, 44.0}) {
    const Exponents facts = of("exp(-(z-" + number_text(centre) + ")^2/2)");
    const double mean = std::exp(-centre * centre / 4) / std::sqrt(2);
    const double square = std::exp(-centre * centre / 3) / std::sqrt(3);
    EXPECT_NEAR(facts.hermite[0] / mean, 1, 1e-10) << centre;
    EXPECT_NEAR(facts.second_moment / square, 1, 1e-10) << centre;
    EXPECT_NEAR(facts.variance / square, 1, 1e-10 + 2 * mean * mean / square) << centre;
  }
}

TEST(Exponents, MissedTurningPointsAreInTheError) {
  for (const char* link : {"sin(1000*z)", "-100*exp(-(z-1)^2*1e8)+z"}) {
    const Exponents facts = of(link);
    EXPECT_NEAR(facts.lambda_squared[0], 1, facts.lambda_squared_errors[0]) << link;
    EXPECT_LE(facts.lambda_squared[1], 1 + facts.lambda_squared_errors[1]) << link;
  }
}

// Cells can only lose: no lambda_k^2 above 1, and none cut off there.
TEST(Exponents, NoLambdaExceedsOneByMoreThanItsError) {
  for (const char* link : {"identity", "tanh", "hermite:3", "hermite:4", "abs", "relu"}) {
    for (const double tau : {0.0, 0.02, 0.5}) {
      const Exponents facts = of(link, tau > 0 ? Noise(NoiseKind::gaussian, tau) : Noise());
      for (std::size_t k = 0; k < facts.lambda_squared.size(); ++k) {
        EXPECT_LE(facts.lambda_squared[k], 1 + facts.lambda_squared_errors[k] + 1e-12) << link;
        EXPECT_GE(facts.lambda_squared[k], -facts.lambda_squared_errors[k]) << link;
      }
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

// What a formula's rounding leaves of a constant is not taken for a signal; the noise on it has
// none.
TEST(Exponents, AConstantLinkHasNone) {
  for (const char* link : {"formula:1.5", "0*z", "3.3@scale:7", "sin(z)^2+cos(z)^2@scale:1e6"}) {
    for (const Noise& noise : {Noise(), Noise(NoiseKind::gaussian, 0.3)}) {
      const Exponents facts = of(link, noise);
      EXPECT_TRUE(facts.constant) << link;
      EXPECT_FALSE(facts.information.has_value()) << link;
      EXPECT_FALSE(facts.generative.has_value()) << link;
      std::vector<double> nothing(13);
      nothing[0] = 1;
      EXPECT_EQ(facts.lambda_squared, nothing) << link;
    }
  }
  // Ten digits of a constant, and not eleven.
  EXPECT_FALSE(of("1e9+z").constant);
  EXPECT_TRUE(of("1e11+z").constant);
  EXPECT_FALSE(of("tanh@scale:1e-20").constant);
}

// The coefficients are 50^k e^-1250 / sqrt(k!), far below the least double: nothing that is found
// of any order may pass for a signal.
TEST(Exponents, AreNotReadOutOfRounding) {
  const SingleIndexModel model{parse_link("sin(50*z)"), Noise()};
  for (const int order : {12, 64}) {
    const Exponents facts = exponents(model, {.max_order = order});
    EXPECT_FALSE(facts.constant);
    EXPECT_FALSE(facts.information.has_value()) << *facts.information;
    EXPECT_FALSE(facts.generative.has_value()) << *facts.generative;
  }
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
