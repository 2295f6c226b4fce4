#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/model/link.h"
#include "model/link_breaks.h"

namespace esscher {
namespace {

std::vector<double> modified_breaks(const std::string& spec) {
  const Link link = parse_link(spec);
  return {link.breaks().begin(), link.breaks().end()};
}

TEST(LinkModifiers, ApplyFromLeftToRight) {
  const Link link = parse_link("hermite:3@clip:-2,2@scale:0.5@shift:1");
  EXPECT_EQ(link.name(), "hermite:3@clip:-2,2@scale:0.5@shift:1");
  EXPECT_EQ(link(10), 2);
  EXPECT_EQ(link(-10), 0);
  EXPECT_EQ(parse_link("hermite:3@scale:0.5@clip:-2,2")(10), 2);
  EXPECT_EQ(parse_link(" tanh @ scale:1 @shift:0 ").name(), "tanh");
}

TEST(LinkModifiers, ParityAndGrowthFollow) {
  const auto parity = [](const char* spec) { return parse_link(spec).parity(); };
  EXPECT_EQ(parity("tanh@scale:-2"), Parity::odd);
  EXPECT_EQ(parity("tanh@shift:1"), Parity::none);
  EXPECT_EQ(parity("tanh@clip:-0.5,0.5"), Parity::odd);
  EXPECT_EQ(parity("tanh@clip:-0.5,0.6"), Parity::none);
  EXPECT_EQ(parity("abs@shift:1@clip:-1,3"), Parity::even);
  const Growth flipped = parse_link("hermite:3@scale:-2").growth();
  EXPECT_EQ(flipped.right.upper_quadratic_rate, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(flipped.left.upper_quadratic_rate, std::numeric_limits<double>::infinity());
  const Growth oscillating = parse_link("z^2*sin(z)+z^2@scale:-3").growth();
  EXPECT_EQ(oscillating.right.upper_quadratic_rate, 0);
  EXPECT_NEAR(oscillating.right.lower_quadratic_rate, -6, 1e-4);
  EXPECT_NEAR(parse_link("hermite:2@scale:3").growth().left.upper_quadratic_rate,
              3 / std::numbers::sqrt2, 1e-15);
  EXPECT_TRUE(parse_link("hermite:3@clip:-2,2").growth().left.bounded);
  EXPECT_FALSE(parse_link("hermite:3@shift:4").growth().left.bounded);
}

TEST(LinkModifiers, ClipBreaksAreTheCrossings) {
  using V = std::vector<double>;
  EXPECT_EQ(modified_breaks("identity@clip:-1,2"), (V{-1, 2}));
  EXPECT_EQ(modified_breaks("identity@clip:-1e6,1e6"), (V{-1e6, 1e6}));
  EXPECT_EQ(modified_breaks("identity@clip:-1e200,5e-300"), (V{-1e200, 5e-300}));
  EXPECT_EQ(modified_breaks("relu@clip:-1,2"), (V{0, 2}));
  EXPECT_EQ(modified_breaks("relu@clip:0.5,2"), (V{0.5, 2}));
  EXPECT_EQ(modified_breaks("abs@clip:-1,2"), (V{-2, 0, 2}));
  EXPECT_EQ(modified_breaks("abs@clip:1,2"), (V{-2, -1, 1, 2}));
  EXPECT_EQ(modified_breaks("sign@clip:-0.5,0.5"), (V{0}));
  EXPECT_EQ(modified_breaks("sign@clip:2,3"), V{});
  EXPECT_EQ(modified_breaks("tanh@clip:-1,1"), V{});
  // A level that is only touched is not crossed.
  EXPECT_EQ(modified_breaks("abs@clip:0,1"), (V{-1, 0, 1}));
  EXPECT_EQ(modified_breaks("cos@clip:-1,1"), V{});
}

TEST(LinkModifiers, ClipCrossingsAreGoodToTheLastPlace) {
  // h_3(z) = 2: z^3 - 3 z = 2 sqrt 6.
  const std::vector<double> found = modified_breaks("hermite:3@clip:-2,2");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], -found[1]);
  long double z = 2.27L;
  for (int i = 0; i < 60; ++i) {
    z -= (z * z * z - 3 * z - 2 * std::sqrt(6.0L)) / (3 * z * z - 3);
  }
  EXPECT_NEAR(found[1], static_cast<double>(z), 2e-15);
}

TEST(LinkModifiers, ClipFindsEveryCrossingOfAnOscillatingLink) {
  // Each of the peaks of sin(7 z) in [-40, 40] pokes through 1 - 1e-9 over a width of 1.3e-5.
  const std::vector<double> found = modified_breaks("sin:7@clip:-1.5,0.999999999");
  const double offset = std::acos(0.999999999) / 7;
  std::size_t expected = 0;
  for (int k = -60; k <= 60; ++k) {
    const double peak = (std::numbers::pi / 2 + 2 * std::numbers::pi * k) / 7;
    for (const double z : {peak - offset, peak + offset}) {
      if (std::abs(z) > 40) continue;
      ASSERT_LT(expected, found.size());
      // arcsine near its end: the level's rounding over the slope, 1e-16 / 3e-4.
      EXPECT_NEAR(found[expected], z, 2e-12);
      ++expected;
    }
  }
  EXPECT_EQ(found.size(), expected);
}

TEST(LinkModifiers, ClipAgreesWithTheBreaksFoundNumerically) {
  for (const char* spec : {"hermite:3@clip:-2,2", "sin:3@clip:-0.5,0.7", "softplus@clip:0.1,3",
                           "damped_hermite:5@clip:-0.3,0.2", "leaky_relu:0.1@clip:-1,1"}) {
    const Link link = parse_link(spec);
    const std::vector<double> found = internal::find_breaks(*link.function()).breaks;
    ASSERT_EQ(found.size(), link.breaks().size()) << spec;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], link.breaks()[i], 1e-10) << spec;
    }
    EXPECT_EQ(internal::find_parity(*link.function(), found, {}), link.parity()) << spec;
  }
}

RC_GTEST_PROP(LinkModifiers, ClipBreaksOfAPolynomialSeparateClippedFromUnclipped, ()) {
  const auto series = *rc::gen::container<std::vector<int>>(4, rc::gen::inRange(-20, 21));
  const double low = -0.25 * *rc::gen::inRange(1, 40);
  const double high = 0.25 * *rc::gen::inRange(1, 40);
  std::string spec = "hermite_series:";
  for (std::size_t k = 0; k < series.size(); ++k) {
    if (k > 0) spec += ",";
    spec += std::to_string(series[k]);
  }
  const Link raw = parse_link(spec);
  const Link link = clipped(raw, low, high);
  // Between two neighbouring breaks the link is clipped everywhere or nowhere.
  std::vector<double> edges = {-40};
  edges.insert(edges.end(), link.breaks().begin(), link.breaks().end());
  edges.push_back(40);
  std::sort(edges.begin(), edges.end());
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    if (edges[i] < -40 || edges[i + 1] > 40) continue;
    const auto where = [&](double z) { return raw(z) > high ? 1 : raw(z) < low ? -1 : 0; };
    const double width = edges[i + 1] - edges[i];
    const int middle = where(edges[i] + 0.5 * width);
    for (const double part : {0.001, 0.1, 0.3, 0.7, 0.9, 0.999}) {
      RC_ASSERT(where(edges[i] + part * width) == middle);
    }
  }
}

TEST(LinkModifiers, RefuseBadValuesInWords) {
  const auto text = [](const char* spec) {
    return failure_text<UsageError>([spec] { parse_link(spec, "--link"); });
  };
  expect_words(text("tanh@scale:0"), "--link = tanh@scale:0", "scale = 0", "1e-100 to 1e100",
               "of order one");
  for (const char* scale : {"1e-101", "-1e+101", "inf"}) {
    const std::string spec = std::string("tanh@scale:") + scale;
    expect_words(text(spec.c_str()), "scale = " + spec.substr(11), "1e-100 to 1e100");
  }
  EXPECT_EQ(parse_link("sign@scale:1e100@scale:1e-100")(1), 1);
  expect_words(text("identity@scale:1e90@scale:1e90"), "E f^2", "overflows");
  expect_words(text("tanh@shift:inf"), "shift = inf", "finite");
  expect_words(text("tanh@clip:1,-1"), "clip = 1,-1", "lower one first");
  expect_words(text("tanh@clip:1"), "wrong number of values", "@clip:LO,HI");
  expect_words(text("tanh@clip:-inf,1"), "finite limits");
  expect_words(text("tanh@clop:1,2"), "unknown modifier @clop", "did you mean @clip?");
  expect_words(text("tanh@clip"), "@clip", "incomplete");
  expect_words(text("tanh@"), "unknown modifier");
  expect_words(text("tanh@breaks:0"), "@breaks is for formulas");
  expect_words(text("relu(z)@scale:2@breaks:0"), "out of place");
  failure_text<UsageError>([] { scaled(parse_link("tanh"), 0); });
  failure_text<UsageError>([] { shifted(parse_link("tanh"), NAN); });
  failure_text<UsageError>([] { clipped(parse_link("tanh"), 1, 1); });
}

}  // namespace
}  // namespace esscher
