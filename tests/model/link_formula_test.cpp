#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <thread>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/model/link.h"

namespace esscher {
namespace {

std::vector<double> breaks_of(const std::string& spec) {
  const Link link = parse_link(spec);
  return {link.breaks().begin(), link.breaks().end()};
}

std::string usage_text(const std::string& spec) {
  return failure_text<UsageError>([&spec] { parse_link(spec, "--link"); });
}

TEST(LinkFormula, MeansWhatItSays) {
  const auto expect_same = [](const char* formula, auto function) {
    const Link link = parse_link(formula);
    for (double z = -3; z <= 3; z += 0.173) EXPECT_DOUBLE_EQ(link(z), function(z)) << formula;
  };
  expect_same("tanh(z^3-3*z)", [](double z) { return std::tanh(z * z * z - 3 * z); });
  expect_same("u", [](double z) { return z; });
  expect_same("-z^2", [](double z) { return -z * z; });
  expect_same("pi*z + e", [](double z) { return std::numbers::pi * z + std::numbers::e; });
  expect_same("erf(z)", [](double z) { return std::erf(z); });
  expect_same("relu(z)", [](double z) { return std::max(z, 0.); });
  expect_same("sigmoid(z)", [](double z) { return 1 / (1 + std::exp(-z)); });
  expect_same("softplus(z)", [](double z) { return std::log1p(std::exp(z)); });
  expect_same("clip(2*z, -1, 1)", [](double z) { return std::clamp(2 * z, -1., 1.); });
  expect_same("h(3, z)", [](double z) { return hermite(3, z); });
  expect_same("relu(-exp(1000)) + z", [](double z) { return z; });
  expect_same("floor(z) + ceil(z)", [](double z) { return std::floor(z) + std::ceil(z); });
  expect_same("z > 1 ? 1 : 0.5*z", [](double z) { return z > 1 ? 1 : 0.5 * z; });
  EXPECT_EQ(parse_link("3")(7), 3);
  EXPECT_EQ(parse_link("pi")(7), std::numbers::pi);
}

TEST(LinkFormula, NamesReadBack) {
  for (const char* spec :
       {"tanh(z^3-3*z)", "formula:z", "formula:pi", "formula:3", "2*u", "relu(z-1)@breaks:1",
        "relu(z)@breaks:none@scale:2", "z>0 ? z : 0.1*z@clip:-1,1"}) {
    EXPECT_EQ(parse_link(spec).name(), spec);
    EXPECT_EQ(parse_link(parse_link(spec).name()).name(), spec);
  }
  EXPECT_EQ(parse_link("z").name(), "formula:z");
  EXPECT_EQ(parse_link("formula: sin(z) ").name(), "sin(z)");
}

TEST(LinkFormula, IsFiniteBeyondItsOverflow) {
  constexpr double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(parse_link("exp(z)")(1000), largest);
  EXPECT_EQ(parse_link("-exp(z)")(1000), -largest);
  EXPECT_EQ(parse_link("z^2*exp(-z^2)")(1e300), 0);
  EXPECT_EQ(parse_link("exp(z)/(1+exp(z))")(1000), 1);
  std::vector<double> z = {1000, -1e300, 3};
  std::vector<double> out(3);
  const Link link = parse_link("z^2*exp(-z^2)");
  link.evaluate(z, out);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(out[i], link(z[i]));
  // Infinity is as far out as can be, and what is no number stays none.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(parse_link("tanh(z^3-3*z)")(infinity), 1);
  EXPECT_EQ(parse_link("tanh(z^3-3*z)")(-infinity), -1);
  EXPECT_TRUE(std::isnan(parse_link("z^2*exp(-z^2)")(std::nan(""))));
}

TEST(LinkFormula, MayBeEvaluatedFromSeveralThreads) {
  // More links than a thread keeps compiled, visited in different orders.
  std::vector<Link> links;
  for (int k = 1; k <= 11; ++k) links.push_back(parse_link("sin(" + std::to_string(k) + "*z)+z^2"));
  std::vector<int> wrong(3, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([t, &links, &wrong] {
      for (int i = 0; i < 20000; ++i) {
        const int k = 1 + (i / 50 * (t + 1) + (i % 3 == 0)) % 11;
        const double z = 1e-3 * (i % 7919) - 4 + t;
        const double expected = std::sin(k * z) + z * z;
        const double value = links[static_cast<std::size_t>(k - 1)](z);
        wrong[static_cast<std::size_t>(t)] += !(std::abs(value - expected) < 1e-14 * (1 + z * z));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(3, 0));
}

TEST(LinkFormula, JumpsAreLocatedToAdjacentDoubles) {
  using V = std::vector<double>;
  EXPECT_EQ(breaks_of("sign(z)"), V{0});
  EXPECT_EQ(breaks_of("z > 1 ? 1 : 0"), V{1});
  EXPECT_EQ(breaks_of("(z>0.1234567)*z"), V{0.1234567});
  EXPECT_EQ(breaks_of("z+(z>3.3)*1e-3"), V{3.3});
  EXPECT_EQ(breaks_of("sin(2000*z)+(z>0.1)"), V{0.1});
  EXPECT_EQ(breaks_of("floor(z)").size(), 79u);
  const V root = breaks_of("sign(z-sqrt(2))");
  ASSERT_EQ(root.size(), 1u);
  EXPECT_NEAR(root[0], std::numbers::sqrt2, 5e-16);
}

TEST(LinkFormula, KinksAreFound) {
  using V = std::vector<double>;
  EXPECT_EQ(breaks_of("relu(z-0.3)"), V{0.3});
  EXPECT_EQ(breaks_of("abs(z)"), V{0});
  EXPECT_EQ(breaks_of("max(z,z^2)"), (V{0, 1}));
  EXPECT_EQ(breaks_of("abs(abs(z)-1)"), (V{-1, 0, 1}));
  EXPECT_EQ(breaks_of("abs(z-5)-abs(z-5.001)"), (V{5, 5.001}));
  EXPECT_EQ(breaks_of("sqrt(abs(z))"), V{0});
  EXPECT_EQ(breaks_of("relu(z)^2"), V{0});
  EXPECT_EQ(breaks_of("z+relu(z-1)*1e-4"), V{1});
  EXPECT_EQ(breaks_of("h(12,clip(z,-3,3))"), (V{-3, 3}));
  const V hump = breaks_of("abs(sin(3*z))");
  ASSERT_EQ(hump.size(), 77u);
  for (int k = -38; k <= 38; ++k) {
    EXPECT_NEAR(hump[static_cast<std::size_t>(k + 38)], k * std::numbers::pi / 3, 1e-10);
  }
}

RC_GTEST_PROP(LinkFormula, OneKinkOrJumpAnywhereIsFound, ()) {
  const double place = 1e-4 * *rc::gen::inRange(-100000, 100001);
  const bool jump = *rc::gen::arbitrary<bool>();
  const double size = std::pow(10., *rc::gen::inRange(-4, 2));
  const std::string at = "(z-(" + std::to_string(place) + "))";
  const std::string feature = jump ? "(" + at + ">0)" : "relu(" + at + ")";
  const std::vector<double> found =
      breaks_of("sin(3*z)+0.1*z+" + std::to_string(size) + "*" + feature);
  RC_ASSERT(found.size() == 1u);
  RC_ASSERT(std::abs(found[0] - place) < (jump ? 1e-14 : 1e-9) * (1 + std::abs(place)));
}

TEST(LinkFormula, SmoothButSteepOrOscillatingFunctionsHaveNoBreaks) {
  for (const char* spec :
       {"tanh(50*z)", "tanh(5000*z)", "sin(200*z)", "sin(2000*z)", "exp(z)-1-z", "log(1+exp(z))",
        "exp(z)/(1+exp(z))", "exp(-100*(z-1)^2)", "atan(1000*(z-1))", "tanh(h(12,z))", "h(30,z)",
        "(1-cos(z))/(z^2+1e-8)", "exp(0.1*z^2)*sin(50*z)", "z==0 ? 1 : sin(z)/z", "z^20"}) {
    EXPECT_EQ(breaks_of(spec), std::vector<double>{}) << spec;
  }
}

TEST(LinkFormula, GivenBreaksAreTaken) {
  EXPECT_EQ(breaks_of("relu(z-1)@breaks:2,1,1"), (std::vector<double>{1, 2}));
  EXPECT_EQ(breaks_of("relu(z-1)@breaks:none"), std::vector<double>{});
  expect_words(usage_text("1/(z-0.3)@breaks:0.3"), "infinite at z = 0.3");
  expect_words(usage_text("z@breaks:1,inf"), "breaks = inf", "finite");
}

TEST(LinkFormula, ParityIsFound) {
  EXPECT_EQ(parse_link("tanh(z^3-3*z)").parity(), Parity::odd);
  EXPECT_EQ(parse_link("cos(z)+abs(z)").parity(), Parity::even);
  EXPECT_EQ(parse_link("sigmoid(z)").parity(), Parity::none);
  EXPECT_EQ(parse_link("sigmoid(z)-0.5").parity(), Parity::odd);
  EXPECT_EQ(parse_link("z^3+1e-9").parity(), Parity::none);
  EXPECT_EQ(parse_link("3").parity(), Parity::even);
  // What a grid steps over counts, too.
  EXPECT_EQ(parse_link("max(0,1-1e4*abs(z-1))").parity(), Parity::none);
  EXPECT_EQ(parse_link("exp(-((z-3.3)/1e-5)^2/2)").parity(), Parity::none);
  EXPECT_EQ(parse_link("exp(-((abs(z)-3.3)/1e-5)^2/2)").parity(), Parity::even);
  EXPECT_EQ(parse_link("10*exp(-((z-3.3)/1e-5)^2/2)+tanh(z)").parity(), Parity::none);
  EXPECT_EQ(parse_link("z>=0 ? 1 : -1").parity(), Parity::odd);
}

TEST(LinkFormula, RefusesWhatDoesNotParse) {
  expect_words(usage_text("tanh(x)"), "--link = tanh(x)", "does not parse", "\"x\"", "position 5",
               "the variable is z");
  expect_words(usage_text("z+"), "does not parse", "position 3");
  expect_words(usage_text("tanh(z"), "does not parse");
  expect_words(usage_text("z = 3"), "'=' would assign", "==");
  expect_words(usage_text("z, 2*z"), "more than one value");
  expect_words(usage_text("formula:"), "does not parse");
  expect_words(usage_text(std::string(20000, '(') + "z"), "longer than 10000");
  EXPECT_EQ(usage_text("tanh(x)\n+z").find('\n'), std::string::npos);
}

TEST(LinkFormula, RefusesWhatIsNotFinite) {
  expect_words(usage_text("sqrt(z)"), "not a number at z = -40", "[-40, 40]", "sqrt(abs(z))");
  expect_words(usage_text("sin(z)/z"), "not a number at z = 0", "z == 0 ?");
  expect_words(usage_text("1/z"), "infinite at z = 0");
  expect_words(usage_text("1/(z-0.3)"), "infinite at z = 0.3");
  expect_words(usage_text("tan(z)"), "grows without limit near z = ", "clip");
  expect_words(usage_text("exp(exp(z))"), "infinite at z = ");
  expect_words(usage_text("h(2.5,z)"), "not a number", "k must be a whole number");
}

TEST(LinkFormula, RefusesWhatVariesTooFastToSearch) {
  for (const char* spec : {"sin(20000*z)", "floor(z*100)"}) {
    expect_words(usage_text(spec), "1000 break points", "@breaks");
  }
  EXPECT_EQ(breaks_of("sin(20000*z)@breaks:none"), std::vector<double>{});
}

TEST(LinkFormula, RefusesAnInfiniteSecondMoment) {
  expect_words(usage_text("exp(z^2/3)"), "E f^2", "infinite", "@clip");
  expect_words(usage_text("exp(z^2/4)"), "E f^2", "infinite", "@clip");
  expect_words(usage_text("exp(0.249*z^2)"), "0.249", "too nearly infinite", "@clip");
  expect_words(usage_text("exp(0.24*z^2)"), "0.24", "too nearly infinite", "@clip");
  EXPECT_EQ(parse_link("exp(z^2/3)@clip:-5,5")(7), 5);
  EXPECT_GT(parse_link("exp(0.2*z^2)")(7), 1e4);
  EXPECT_GT(parse_link("exp(0.235*z^2)")(7), 1e4);
}

TEST(LinkFormula, RefusesASecondMomentThatOverflows) {
  expect_words(usage_text("1e120*z"), "E f^2", "overflows", "1e100", "@scale");
  // Of size e^136 on [-8, 8], but its square has its mass at z = 34.
  expect_words(usage_text("exp(17*z)"), "E f^2", "overflows", "@scale");
  expect_words(usage_text("hermite_series:1e101"), "is 1e+101", "overflows");
  expect_words(usage_text("sign(z-3.3)*1e120"), "E f^2", "overflows");
  EXPECT_EQ(parse_link("1e120*z@clip:-1,1")(7), 1);
  EXPECT_EQ(parse_link("z*1e99")(1), 1e99);
}

TEST(LinkFormula, RefusesAVarianceThatUnderflows) {
  for (const char* spec : {"1e-200*z", "1e-170*tanh(z)", "tanh@scale:1e-100@scale:1e-20"}) {
    expect_words(usage_text(spec), "varies by", "underflows", "@scale:1e100");
  }
  EXPECT_EQ(parse_link("1e-99*z")(1), 1e-99);
  EXPECT_EQ(parse_link("0*z")(1), 0);
}

// What an integrand's search could step over: narrow extrema, and far ones above all nearer by.
TEST(LinkFormula, NarrowAndFarExtremaAreItsPeaks) {
  const auto has = [](const char* spec, double z, double within) {
    const std::vector<double> peaks = parse_link(spec).peaks();
    return std::any_of(peaks.begin(), peaks.end(),
                       [&](double peak) { return std::abs(peak - z) <= within; });
  };
  EXPECT_TRUE(has("10*exp(-((z-3.3)/1e-4)^2/2)", 3.3, 1e-5));
  EXPECT_TRUE(has("tanh(z)-exp(-((z+1.2345678)/1e-5)^2/2)", -1.2345678, 1e-6));
  EXPECT_TRUE(has("exp(-(z-44)^2/2)", 44, 1e-6));
  EXPECT_TRUE(has("exp(-(z-44)^2/2)@scale:-2", 44, 1e-6));
  EXPECT_TRUE(has("min(z^2,1e4)", -100, 1e-13));
  // Nearer by f is as high, so that no tilted law comes to sit there.
  EXPECT_FALSE(has("cos(z)", 8 * 2 * std::numbers::pi, 1));
  EXPECT_EQ(parse_link("tanh(z)").peaks(), std::vector<double>{});
}

}  // namespace
}  // namespace esscher
