#include "esscher/theory/finiteness.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"
#include "esscher/theory/tilted_law.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double limit_of(const std::string& link) { return tilt_finiteness(parse_link(link)).limit; }

std::string refusal(const std::string& link, double beta, const std::string& field = "beta") {
  try {
    require_finite_tilt(parse_link(link), beta, field);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Finiteness, LinksThatGrowSlowerThanASquareAreFiniteEverywhere) {
  for (const char* link :
       {"identity", "relu", "abs", "tanh", "sign", "softplus", "damped_hermite:3",
        "hermite:3@clip:-2,2", "abs(z)^1.5", "-exp(2*z)-exp(-2*z)"}) {
    const Finiteness verdict = tilt_finiteness(parse_link(link));
    EXPECT_EQ(verdict.limit, kInfinity) << link;
    EXPECT_TRUE(verdict.finite_at(1e300)) << link;
    EXPECT_EQ(refusal(link, 1e-300), "") << link;
  }
}

// h_2 = (z^2 - 1) / sqrt 2: finite for s < 1 / sqrt 2. Downward it never diverges.
TEST(Finiteness, QuadraticGrowthUpwardHasItsLimitAtOneOverTwiceItsRate) {
  EXPECT_NEAR(limit_of("hermite:2"), 1 / std::sqrt(2.0), 1e-14);
  EXPECT_NEAR(limit_of("hermite:2@scale:0.25"), 4 / std::sqrt(2.0), 1e-14);
  EXPECT_NEAR(limit_of("0.3*z^2+5*z"), 1 / 0.6, 1e-9);
  EXPECT_EQ(limit_of("hermite:2@scale:-1"), kInfinity);
  // One side is enough.
  EXPECT_NEAR(limit_of("relu(z)^2-3"), 0.5, 1e-9);
}

TEST(Finiteness, FasterGrowthUpwardIsInfiniteAtEveryTemperature) {
  for (const char* link :
       {"hermite:3", "hermite:4", "hermite:3@scale:-1", "hermite:3@scale:1e-9", "z^4", "exp(z)"}) {
    EXPECT_EQ(limit_of(link), 0) << link;
    EXPECT_FALSE(tilt_finiteness(parse_link(link)).finite_at(1e-12)) << link;
  }
  // Downward on both sides is no growth.
  EXPECT_EQ(limit_of("hermite:4@scale:-1"), kInfinity);
}

TEST(Finiteness, NoWeightingIsAlwaysFiniteAndTheLimitItselfIsNot) {
  const Finiteness cubic = tilt_finiteness(parse_link("hermite:3"));
  EXPECT_TRUE(cubic.finite_at(0));
  const Finiteness quadratic = tilt_finiteness(parse_link("hermite:2"));
  EXPECT_TRUE(quadratic.finite_at(std::nextafter(quadratic.limit, 0)));
  EXPECT_FALSE(quadratic.finite_at(quadratic.limit));
}

TEST(Finiteness, ARefusalSaysWhereItIsFiniteAndHowToClip) {
  const std::string cubic = refusal("hermite:3", 2, "--beta");
  EXPECT_TRUE(holds(cubic, "--beta = 2")) << cubic;
  EXPECT_TRUE(holds(cubic, "infinite at every temperature")) << cubic;
  EXPECT_TRUE(holds(cubic, "hermite:3@clip:")) << cubic;
  EXPECT_FALSE(holds(cubic, "raise beta")) << cubic;
  // 2a = sqrt 2.
  const std::string quadratic = refusal("hermite:2", 1.25);
  EXPECT_TRUE(holds(quadratic, "beta = 1.25")) << quadratic;
  EXPECT_TRUE(holds(quadratic, "beta > 1.41421")) << quadratic;
  EXPECT_TRUE(holds(quadratic, "raise beta")) << quadratic;
  EXPECT_EQ(refusal("hermite:2", 1.4143), "");
}

TEST(Finiteness, TheRemedyThatIsOfferedWorks) {
  for (const char* link : {"hermite:3", "hermite:2", "z^4-z"}) {
    const std::string text = refusal(link, 0.5);
    const std::size_t from = text.find("example '") + 9;
    const std::string remedy = text.substr(from, text.find('\'', from) - from);
    EXPECT_EQ(refusal(remedy, 0.5), "") << text;
  }
}

// The verdict is the integral's own: E e^{s a z^2} = 1 / sqrt(1 - 2 s a) is computed just inside
// the limit, and refused just outside.
RC_GTEST_PROP(Finiteness, AgreesWithTheIntegralOnBothSidesOfTheLimit, ()) {
  const double a = *rc::gen::inRange(1, 5000) / 1000.0;
  const Link link = scaled(parse_link("z^2"), a);
  const double beta = 2 * a;
  const double inside = beta * 1.001;
  // Relative tolerance 1e-9 of 1 - 2a/beta: the rate of a formula is found numerically.
  RC_ASSERT(std::abs(tilt_finiteness(link).limit * beta - 1) <= 1e-9);
  RC_ASSERT(std::abs(tilted_law(link, inside).log_partition + 0.5 * std::log1p(-2 * a / inside)) <=
            1e-9);
  RC_ASSERT_THROWS_AS(tilted_law(link, beta * 0.999), UsageError);
}

}  // namespace
}  // namespace esscher
