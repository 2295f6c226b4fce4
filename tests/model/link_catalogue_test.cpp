#include "esscher/model/link_catalogue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/gaussian/quadrature.h"
#include "model/link_breaks.h"
#include "model/link_growth.h"

namespace esscher {
namespace {

std::vector<std::string> specifications() {
  std::vector<std::string> all = {"leaky_relu",
                                  "leaky_relu:-1",
                                  "leaky_relu:1",
                                  "leaky_relu:0",
                                  "tanh:3",
                                  "sin",
                                  "cos:0.5",
                                  "hermite:0",
                                  "hermite:1",
                                  "hermite:3",
                                  "hermite:4",
                                  "hermite:12",
                                  "hermite:5",
                                  "hermite_series:1,0,-2",
                                  "hermite_series:3",
                                  "gaussian_bump",
                                  "damped_hermite:5,0.4",
                                  "hermite_series:0,-1",
                                  "damped_hermite:8,0.01",
                                  "hermite_series:0,1,2,-0.5"};
  for (const CatalogueEntry& entry : link_catalogue()) all.push_back(entry.example);
  return all;
}

class EveryLink : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Catalogue, EveryLink, testing::ValuesIn(specifications()),
                         [](const auto& one) {
                           std::string name = one.param;
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name + "_" + std::to_string(one.index);
                         });

TEST_P(EveryLink, CanonicalNameReadsBackAsTheSameFunction) {
  const Link link = parse_link(GetParam());
  const Link again = parse_link(link.name());
  EXPECT_EQ(again.name(), link.name());
  EXPECT_FALSE(link.formula().empty());
  for (double z = -6; z <= 6; z += 0.0371) EXPECT_EQ(link(z), again(z));
}

TEST_P(EveryLink, DeclaredBreaksAreThoseFoundNumerically) {
  const Link link = parse_link(GetParam());
  const std::vector<double> found = internal::find_breaks(*link.function()).breaks;
  EXPECT_EQ(std::vector<double>(link.breaks().begin(), link.breaks().end()), found);
}

TEST_P(EveryLink, DeclaredParityIsThatFoundNumerically) {
  const Link link = parse_link(GetParam());
  EXPECT_EQ(link.parity(), internal::find_parity(*link.function(), {}, {}));
}

TEST_P(EveryLink, DeclaredGrowthIsThatFoundNumerically) {
  const Link link = parse_link(GetParam());
  const Growth found = internal::find_growth(*link.function());
  const auto expect_same = [](const TailGrowth& declared, const TailGrowth& numeric) {
    const auto expect_rate = [](double a, double b) {
      if (std::isfinite(a)) {
        EXPECT_NEAR(a, b, 1e-11);
      } else {
        EXPECT_EQ(a, b);
      }
    };
    expect_rate(declared.upper_quadratic_rate, numeric.upper_quadratic_rate);
    expect_rate(declared.lower_quadratic_rate, numeric.lower_quadratic_rate);
    EXPECT_EQ(declared.log_rate, numeric.log_rate);
    EXPECT_EQ(declared.bounded, numeric.bounded);
  };
  expect_same(link.growth().left, found.left);
  expect_same(link.growth().right, found.right);
}

TEST_P(EveryLink, IsFiniteForEveryFiniteArgument) {
  const Link link = parse_link(GetParam());
  for (double z = 1; z < 1.7e308; z *= 1.7) {
    for (const double x : {z, -z, 1 / z, -1 / z}) {
      EXPECT_TRUE(std::isfinite(link(x))) << link.name() << " at " << x;
    }
  }
  EXPECT_TRUE(std::isfinite(link(0)));
  EXPECT_TRUE(std::isfinite(link(std::numeric_limits<double>::max())));
}

TEST_P(EveryLink, BlocksEqualSingleValuesBitForBit) {
  const Link link = parse_link(GetParam() + "@scale:0.7@shift:0.1@clip:-0.8,0.9");
  std::vector<double> z;
  for (double x = -9; x <= 9; x += 0.0173) z.push_back(x);
  std::vector<double> out(z.size());
  link.evaluate(z, out);
  for (std::size_t i = 0; i < z.size(); ++i) EXPECT_EQ(out[i], link(z[i]));
}

TEST(LinkCatalogue, NamesAreDistinctAndDescribed) {
  std::set<std::string> names;
  for (const CatalogueEntry& entry : link_catalogue()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.formula.empty());
    EXPECT_FALSE(entry.remark.empty());
    EXPECT_TRUE(entry.example.starts_with(entry.name));
  }
  EXPECT_EQ(names.size(), 16u);
}

TEST(LinkCatalogue, ValuesFarOutNeitherOverflowNorVanishEarly) {
  EXPECT_EQ(parse_link("softplus")(1e6), 1e6);
  EXPECT_EQ(parse_link("softplus")(-1e6), 0);
  EXPECT_DOUBLE_EQ(parse_link("softplus")(-40), std::exp(-40.));
  EXPECT_EQ(parse_link("sigmoid")(-1e6), 0);
  EXPECT_EQ(parse_link("sigmoid")(1e6), 1);
  EXPECT_DOUBLE_EQ(parse_link("sigmoid")(-40), std::exp(-40.));
  EXPECT_EQ(parse_link("z2exp")(1e200), 0);
  for (const char* spec : {"damped_hermite:3", "damped_hermite:64,1e-3", "damped_hermite:64,1e6"}) {
    EXPECT_EQ(parse_link(spec)(1e6), 0) << spec;
    EXPECT_EQ(parse_link(spec)(-1e308), 0) << spec;
  }
  constexpr double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(parse_link("hermite:5")(1e100), largest);
  EXPECT_EQ(parse_link("hermite:5")(-1e100), -largest);
  EXPECT_EQ(parse_link("hermite:6")(-1e100), largest);
  EXPECT_EQ(parse_link("hermite_series:1,0,0,-1")(-1e200), largest);
}

TEST(LinkCatalogue, DampedHermiteKeepsItsDigitsWhereThePolynomialOverflows) {
  // h_64(x) e^{-g z^2} at z = 3e5, g = 1e-9: h_64 overflows double, the product with e^-90 does
  // not: from its leading term, log x^64 / sqrt(64!) with relative corrections of 64^2 / x^2.
  const Link link = parse_link("damped_hermite:64,1e-9");
  const double z = 3e5;
  const double expected = 64 * std::log(z) - 0.5 * std::lgamma(65.) - 1e-9 * z * z;
  EXPECT_NEAR(std::log(link(z)), expected, 1e-6);
  // On both sides of the switch between the two ways to compute it (g z^2 = 700).
  const Link near = parse_link("damped_hermite:8,0.7");
  const double edge = std::sqrt(1000.);
  EXPECT_NEAR(near(edge * (1 + 1e-13)) / near(edge * (1 - 1e-13)), 1, 1e-9);
}

RC_GTEST_PROP(LinkCatalogue, DampedHermiteIsOrthogonalToLowerOrders, ()) {
  // E h_j(Z) f(Z) = 0 for j < k and > 0 at k, by the trapezoid rule, which converges
  // geometrically for analytic integrands that decay like e^{-z^2/2}.
  const int order = *rc::gen::inRange(1, 9);
  const double damping = 0.05 * *rc::gen::inRange(1, 20);
  const Link link = damped_hermite_link(order, damping);
  for (int j = 0; j <= order; ++j) {
    double sum = 0;
    const double h = 1. / 64;
    for (double z = -12; z <= 12; z += h) {
      sum += h * link(z) * hermite(j, z) * std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
    }
    if (j < order) {
      RC_ASSERT(std::abs(sum) < 1e-13);
    } else {
      // E h_k(z sqrt(1+2g)) h_k(z) e^{-g z^2} = (1+2g)^{-(k+1)/2}: under the narrowed law of
      // standard deviation 1/sqrt(1+2g) the link is h_k of a standard normal variable.
      RC_ASSERT(std::abs(sum - std::pow(1 + 2 * damping, -0.5 * (order + 1))) < 1e-13);
    }
  }
}

TEST(LinkCatalogue, NarrowBumpsMarkTheirPlaceForQuadrature) {
  const Link link = parse_link("gaussian_bump:1,0.01");
  ASSERT_EQ(link.breaks().size(), 7u);
  EXPECT_EQ(link.breaks()[0], 0.9);
  EXPECT_EQ(link.breaks()[3], 1);
  EXPECT_EQ(link.breaks()[4], 1.01);
  EXPECT_EQ(link(1), 1);
}

TEST(LinkCatalogue, BumpsFarOutMarkTheirPlaceForQuadrature) {
  // log E e^{s f}, whose mass sits on the bump, against the trapezoid rule, which converges
  // geometrically there.
  constexpr double s = 1000;
  for (const double centre : {8.3, -22.3}) {
    const Link link = parse_link("gaussian_bump:" + number_text(centre) + ",0.3");
    EXPECT_EQ(link.breaks().size(), 7u);
    const TiltedIntegrals found = tilted_integrals(
        [&link](double z, std::span<double> values) {
          values[0] = 1;
          return s * link(z);
        },
        1, link.breaks());
    double sum = 0;
    const double peak = s - centre * centre / 2;
    constexpr double kStep = 1e-4;
    for (double z = centre - 2; z <= centre + 2; z += kStep) {
      sum += kStep * std::exp(s * link(z) - z * z / 2 - peak) / std::sqrt(2 * M_PI);
    }
    EXPECT_NEAR(found.log_scale + std::log(found.values[0]), peak + std::log(sum), 1e-10);
  }
  EXPECT_TRUE(parse_link("gaussian_bump:8,0.3").breaks().empty());
  // Where centre +- 10 widths is no other number, or none at all.
  EXPECT_EQ(parse_link("gaussian_bump:1e300,1").breaks().size(), 1u);
  EXPECT_EQ(parse_link("gaussian_bump:9,1e308").breaks().size(), 3u);
}

TEST(LinkCatalogue, RefusesWrongParametersInWords) {
  const auto text = [](const char* spec) {
    return failure_text<UsageError>([spec] { parse_link(spec, "--link"); });
  };
  expect_words(text("relu:1"), "--link = relu:1", "takes none");
  expect_words(text("hermite"), "hermite takes k", "hermite:2");
  expect_words(text("hermite:2.5"), "k = 2.5", "whole number");
  expect_words(text("hermite:65"), "k = 65", "from 0 to 64");
  expect_words(text("hermite:-1"), "k = -1", "from 0 to 64");
  expect_words(text("hermite:1e300"), "whole number");
  expect_words(text("hermite:inf"), "k = inf", "whole number");
  expect_words(text("hermite:nan"), "nan", "must be");
  expect_words(text("hermite:x"), "parameter of hermite", "'x'", "must be a number");
  expect_words(text("damped_hermite:0"), "from 1 to 64");
  expect_words(text("damped_hermite:3,-1"), "g = -1", "above 0");
  expect_words(text("damped_hermite:3,0"), "g = 0", "above 0", "hermite:k");
  expect_words(text("damped_hermite:3,1,2"), "number of parameters = 3", "k[,g]");
  expect_words(text("sin:0"), "w = 0", "not 0");
  expect_words(text("sin:100.5"), "w = 100.5", "from -100 to 100", "no Hermite signal");
  expect_words(text("cos:-1e9"), "w = -1e+09", "from -100 to 100", "no Hermite signal");
  EXPECT_EQ(parse_link("sin:-100").name(), "sin:-100");
  expect_words(text("tanh:inf"), "gain = inf", "finite");
  expect_words(text("leaky_relu:-inf"), "slope = -inf", "finite");
  expect_words(text("gaussian_bump:1"), "[centre,width]");
  expect_words(text("gaussian_bump:1,0"), "width = 0", "above 0");
  expect_words(text("hermite_series:1,inf"), "coefficient = inf", "finite");
  expect_words(text("hermite_series:"), "must be a number");
}

}  // namespace
}  // namespace esscher
