#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "esscher/model/link.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Case {
  std::string formula;
  TailGrowth left;
  TailGrowth right;
};

TailGrowth bounded() { return {}; }
TailGrowth unbounded(double upper, double lower, double log_rate = 0) {
  return {upper, lower, log_rate, false};
}

void expect_tail(const TailGrowth& found, const TailGrowth& wanted, const std::string& what) {
  const auto expect_rate = [&what](double a, double b, double tolerance) {
    if (std::isfinite(b)) {
      EXPECT_NEAR(a, b, tolerance) << what;
    } else {
      EXPECT_EQ(a, b) << what;
    }
  };
  // Oscillating envelopes are known to five digits, log rates to three.
  expect_rate(found.upper_quadratic_rate, wanted.upper_quadratic_rate, 1e-5);
  expect_rate(found.lower_quadratic_rate, wanted.lower_quadratic_rate, 1e-5);
  expect_rate(found.log_rate, wanted.log_rate, 2e-3);
  EXPECT_EQ(found.bounded, wanted.bounded) << what;
}

TEST(LinkGrowth, OfFormulasIsFound) {
  const std::vector<Case> cases = {
      {"z^2*exp(-z^2)", bounded(), bounded()},
      {"tanh(z^3-3*z)", bounded(), bounded()},
      {"sin(z)", bounded(), bounded()},
      {"1/(1+exp(-z))", bounded(), bounded()},
      {"exp(z)/(1+exp(z))", bounded(), bounded()},
      {"z*exp(-z^2/1e6)", bounded(), bounded()},
      {"log(1+z^2)", unbounded(0, 0), unbounded(0, 0)},
      {"sqrt(abs(z))", unbounded(0, 0), unbounded(0, 0)},
      {"log(1+exp(z))", bounded(), unbounded(0, 0)},
      {"min(z,1e10)", unbounded(0, 0), bounded()},
      {"z*sin(z)", unbounded(0, 0), unbounded(0, 0)},
      {"0.3*z^2", unbounded(.3, .3), unbounded(.3, .3)},
      {"0.3*z^2+100*z", unbounded(.3, .3), unbounded(.3, .3)},
      {"0.3*z^2+100*z+log(1+exp(z))", unbounded(.3, .3), unbounded(.3, .3)},
      {"z*abs(z)", unbounded(-1, -1), unbounded(1, 1)},
      {"relu(z)^2", bounded(), unbounded(1, 1)},
      {"z^2*sin(z)", unbounded(1, -1), unbounded(1, -1)},
      {"abs(z)^1.9", unbounded(0, 0), unbounded(0, 0)},
      {"abs(z)^2.1", unbounded(kInfinity, kInfinity), unbounded(kInfinity, kInfinity)},
      {"z^2*log(1+z^2)", unbounded(kInfinity, kInfinity), unbounded(kInfinity, kInfinity)},
      {"z^3", unbounded(-kInfinity, -kInfinity), unbounded(kInfinity, kInfinity)},
      {"-z^4", unbounded(-kInfinity, -kInfinity), unbounded(-kInfinity, -kInfinity)},
      {"z^20", unbounded(kInfinity, kInfinity), unbounded(kInfinity, kInfinity)},
      {"exp(z)", bounded(), unbounded(kInfinity, kInfinity)},
      {"-exp(-z)", unbounded(-kInfinity, -kInfinity), bounded()},
      {"exp(z)*sin(z)", bounded(), unbounded(kInfinity, -kInfinity)},
      {"exp(0.2*z^2)", unbounded(kInfinity, kInfinity, .2), unbounded(kInfinity, kInfinity, .2)},
      {"exp(0.23*z^2)*z", unbounded(-kInfinity, -kInfinity, .23),
       unbounded(kInfinity, kInfinity, .23)},
  };
  for (const Case& one : cases) {
    const Link link = parse_link(one.formula);
    expect_tail(link.growth().left, one.left, one.formula + " on the left");
    expect_tail(link.growth().right, one.right, one.formula + " on the right");
  }
}

}  // namespace
}  // namespace esscher
