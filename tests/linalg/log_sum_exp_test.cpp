#include "esscher/linalg/log_sum_exp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr double kExpEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double of(const std::vector<double>& x) { return log_sum_exp(x); }

TEST(LogSumExp, HasItsClosedFormsWhereExponentialsWouldOverflow) {
  for (const double x : {0.0, 1.5, -1e6, 1e6, 1e300, -1e300}) EXPECT_EQ(of({x}), x);
  for (const double x : {0.0, 1e6, -1e6}) {
    // Half a unit in the last place of the result, and the logarithm's own.
    EXPECT_NEAR(of({x, x, x}), x + std::log(3.0), kExpEpsilon * (1 + std::abs(x)));
    EXPECT_NEAR(of({x, x - 30}), x + std::log1p(std::exp(-30.0)), kExpEpsilon * (1 + std::abs(x)));
  }
  // The smaller one is e^{-2e6} of the larger.
  EXPECT_EQ(of({1e6, -1e6}), 1e6);
}

TEST(LogSumExp, OfInfinitiesIsTheirLimit) {
  EXPECT_EQ(of({}), -kInfinity);
  EXPECT_EQ(of({-kInfinity}), -kInfinity);
  EXPECT_EQ(of({-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_EQ(of({-kInfinity, 3}), 3);
  EXPECT_EQ(of({kInfinity, 3}), kInfinity);
  EXPECT_EQ(of({-kInfinity, kInfinity}), kInfinity);
}

TEST(LogSumExp, RefusesWhatIsNoNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(of({nan}), UsageError);
  EXPECT_THROW(of({0, nan, 1}), UsageError);
  // Not hidden by an infinity that would decide the sum.
  EXPECT_THROW(of({kInfinity, nan}), UsageError);
}

// One small term beside 1e6 equal ones: a plain loop would drift by 1e6 eps.
TEST(LogSumExp, DoesNotLoseDigitsToLength) {
  std::vector<double> x(1000000, std::log(0.1));
  // Each e^{x - max} is one; the result is rounded twice.
  EXPECT_NEAR(of(x), std::log(1e5), 4 * kExpEpsilon * std::log(1e6));
}

rc::Gen<std::vector<double>> logarithms() {
  return rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(-400000, 400000), [](int x) { return double(x) / 1000; })));
}

// A sum in long double (64 bits, exponents to 2^16383) needs no shift. Errors: x - max is rounded
// to eps/2 * 800 at worst, exp and log to an ulp.
RC_GTEST_PROP(LogSumExp, AgreesWithAnUnshiftedSumInWiderNumbers, ()) {
  const std::vector<double> x = *logarithms();
  long double sum = 0;
  for (const double term : x) sum += std::exp(static_cast<long double>(term));
  const double reference = static_cast<double>(std::log(sum));
  RC_ASSERT(std::abs(of(x) - reference) <= kExpEpsilon * 1000);
}

RC_GTEST_PROP(LogSumExp, LiesBetweenTheMaximumAndLogNAboveIt, ()) {
  const std::vector<double> x = *logarithms();
  const double largest = *std::max_element(x.begin(), x.end());
  RC_ASSERT(of(x) >= largest);
  RC_ASSERT(of(x) <= largest + std::log(double(x.size())) + kExpEpsilon * (2 + std::abs(largest)));
}

// A power of two this large is added exactly to numbers on a grid of 1/1024.
RC_GTEST_PROP(LogSumExp, MovesWithItsArguments, ()) {
  std::vector<double> x;
  for (const double term : *logarithms()) x.push_back(std::round(term * 1024) / 1024);
  std::vector<double> moved = x;
  constexpr double kShift = 0x1p20;
  for (double& term : moved) term += kShift;
  RC_ASSERT(std::abs(of(moved) - of(x) - kShift) <= 2 * kExpEpsilon * kShift);
}

}  // namespace
}  // namespace esscher
