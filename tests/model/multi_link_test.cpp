#include "esscher/model/multi_link.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

double at(const MultiLink& link, const std::vector<double>& z) { return link(z); }

TEST(MultiLink, AFormulaOfNumberedVariablesIsEvaluated) {
  const MultiLink link = parse_multi_link("tanh(z1)+0.5*z2^2@clip:-2,2");
  EXPECT_EQ(link.directions(), 2U);
  EXPECT_EQ(link.single(), nullptr);
  EXPECT_EQ(at(link, {0.3, 0.7}), std::tanh(0.3) + 0.5 * 0.7 * 0.7);
  EXPECT_EQ(at(link, {0.3, 70}), 2);
  EXPECT_EQ(at(parse_multi_link("z1*z2*z3-z4@scale:-2@shift:1"), {2, 3, 5, 7}), -45);
}

TEST(MultiLink, ABlockIsItsRows) {
  const MultiLink link = parse_multi_link("z1*z2-relu(z3)");
  Matrix<double> z(5, 4);
  for (std::size_t i = 0; i < z.values().size(); ++i) {
    z.values()[i] = 0.37 * static_cast<double>(i) - 3;
  }
  const MatrixView<const double> leading{z.data(), 5, 3, 4};
  std::vector<double> f(5);
  link.evaluate(leading, f);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(f[i], link(leading.row(i)));
  expect_words(failure_text<InternalError>([&] { link.evaluate(z.view(), f); }), "5 x 4");
}

TEST(MultiLink, OfOneVariableIsThatLink) {
  const MultiLink link = parse_link("damped_hermite:3");
  ASSERT_NE(link.single(), nullptr);
  EXPECT_EQ(link.directions(), 1U);
  EXPECT_EQ(link.name(), "damped_hermite:3");
  Matrix<double> z(3, 2, 0.4);
  std::vector<double> f(3);
  link.evaluate({z.data(), 3, 1, 2}, f);
  for (const double value : f) EXPECT_EQ(value, (*link.single())(0.4));
  EXPECT_EQ(MultiLink(parse_link("hermite:2@scale:0.5")).upper_quadratic_rate(),
            parse_link("hermite:2@scale:0.5").growth().right.upper_quadratic_rate);
}

TEST(MultiLink, WhatHasNoNumberedVariablesIsReadAsALinkOfOne) {
  for (const char* spec : {"tanh", "z2exp", "hermite:3@clip:-2,2", "formula:tanh(z)", "sin(z)"}) {
    const MultiLink link = parse_multi_link(spec);
    ASSERT_NE(link.single(), nullptr) << spec;
    EXPECT_EQ(link.name(), parse_link(spec).name());
  }
}

TEST(MultiLink, OneNumberedVariableIsZ) {
  const MultiLink link = parse_multi_link(" z1*tanh(z1) @clip:-2,0.5");
  ASSERT_NE(link.single(), nullptr);
  EXPECT_EQ(link.name(), "z*tanh(z)@clip:-2,0.5");
  EXPECT_EQ(at(link, {0.5}), 0.5 * std::tanh(0.5));
}

TEST(MultiLink, ItsNameReadsBack) {
  for (const char* spec : {"z1*z2", "formula: tanh(z1)+z2^2 @clip:-2,2@scale:0.5@shift:-1"}) {
    const MultiLink link = parse_multi_link(spec);
    const MultiLink again = parse_multi_link(link.name());
    EXPECT_EQ(again.name(), link.name());
    EXPECT_EQ(again.formula(), link.formula());
    EXPECT_EQ(at(again, {0.3, -0.8}), at(link, {0.3, -0.8}));
  }
}

struct GrowthCase {
  const char* spec;
  double rate;
};

// Rates of quadratic forms are their largest eigenvalues; the search ends within 1e-9 of the
// direction, so that the rate is good to twelve digits, to which it is rounded.
TEST(MultiLink, UpwardQuadraticGrowthIsFoundInAnyDirection) {
  const GrowthCase cases[] = {
      {"z1*z2", 0.5},
      {"-z1*z2", 0.5},
      {"z1*z2+z1*z3+z2*z3", 1},
      {"z1*z2+z3*z4", 0.5},
      {"0.5*(0.6*z1+0.8*z2)^2", 0.5},
      {"(0.28*z1-0.96*z2)^2@scale:0.25", 0.25},
      {"z1^2-z2^2", 1},
      {"z1^2-z2^2@scale:-3", 3},
      {"z1^2-z2^2@clip:-5,5", 0},
      {"0.5*z2^2+100*z1", 0.5},
      {"z1+z2", 0},
      {"-z1^2-0.5*z2^2", -0.5},
      {"tanh(z1)+sin(z2)", 0},
      {"abs(z1)^1.5+z2", 0},
      {"z1*z2*z3", kUnbounded},
      {"z1^3+z2", kUnbounded},
      {"exp(0.2*z1)+z2", kUnbounded},
      {"-z1^4-z2^4", -kUnbounded},
      {"-z1^4*z2^2", 0},
      {"z1^2*exp(-z2^2)", 1},
  };
  for (const GrowthCase& expected : cases) {
    const double rate = parse_multi_link(expected.spec).upper_quadratic_rate();
    if (std::isfinite(expected.rate)) {
      EXPECT_NEAR(rate, expected.rate, 1e-11) << expected.spec;
    } else {
      EXPECT_EQ(rate, expected.rate) << expected.spec;
    }
  }
  // An envelope that oscillates is known to five digits along its ray, which is found by its phase.
  EXPECT_NEAR(parse_multi_link("z1^2*sin(z1)+z2").upper_quadratic_rate(), 1, 1e-3);
}

TEST(MultiLink, IsFiniteFarOut) {
  for (const char* spec : {"exp(z1)/(1+exp(z1))+z2*0", "z1^100*z2^100", "-z1^3*z2"}) {
    const MultiLink link = parse_multi_link(std::string(spec) + "@scale:1e-60@clip:-1,1");
    for (const double far : {1e3, 1e30, 1e200}) {
      EXPECT_TRUE(std::isfinite(at(link, {far, -far}))) << spec;
    }
    constexpr double infinity = std::numeric_limits<double>::infinity();
    EXPECT_TRUE(std::isfinite(at(link, {infinity, -infinity}))) << spec;
    EXPECT_TRUE(std::isnan(at(link, {std::nan(""), 1}))) << spec;
  }
}

TEST(MultiLink, IsSafeToShareAmongThreads) {
  const MultiLink link = parse_multi_link("sin(z1)*cos(z2)");
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20000; ++i) {
        const double x = 1e-3 * i + static_cast<double>(t);
        wrong[t] += at(link, {x, 2 * x}) != std::sin(x) * std::cos(2 * x);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
}

TEST(MultiLink, RefusesWhatItCannotReadInOneLine) {
  const auto text = [](const char* spec) {
    return failure_text<UsageError>([&] { parse_multi_link(spec, "--link"); });
  };
  expect_words(text("z1*z3"), "--link = z1*z3: mentions z3 but not z2", "none left out");
  expect_words(text("z2^2"), "mentions z2 but not z1");
  expect_words(text("z1*z5"), "mentions z5", "z1, z2, z3 and z4");
  expect_words(text("z0+z1"), "mentions z0");
  expect_words(text("z*z1*z2"), "--link = z*z1*z2: does not parse", "z1 to z4");
  expect_words(text("z1*z2)"), "does not parse");
  expect_words(text("z1=z2"), "'=' would assign");
  expect_words(text("z1/z2"), "is not a number at z = (0, 0)", "(z1 == 0 ? 1 : sin(z1)/z1)");
  expect_words(text("exp(z1^2*z2^2)"), "is infinite at z = (", "clip(exp(z1*z2),-5,5)");
  expect_words(text("z2-exp(0.3*z1^2)"), "grows like exp(0.3 |z|^2)", "infinite", "@clip:-10,10");
  expect_words(text("z1*z2@clip:2,-2"), "clip = 2,-2", "the lower one first");
  expect_words(text("z1*z2@clop:2"), "unknown modifier @clop", "did you mean @clip?");
  expect_words(text("z1*z2@breaks:0"), "out of place");
  expect_words(text("z1*z2@scale:0"), "scale = 0");
  expect_words(text("1e120*z1*z2"), "E f^2 under N(0, I) overflows");
  expect_words(text("tanhh(z1)"), "--link = formula:tanhh(z)", "does not parse");
  expect_words(failure_text<UsageError>([] {
                 MultiLink({"f", "f", 5, 0}, [](std::span<const double>) { return 0.0; });
               }),
               "directions = 5", "from 2 to 4");
}

}  // namespace
}  // namespace esscher
