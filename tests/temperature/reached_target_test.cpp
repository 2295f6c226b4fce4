#include "esscher/temperature/reached_target.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

constexpr double kOne[] = {0.3, -0.4};  // of error 0.5
constexpr double kNone[] = {0.4, 0.3};  // of the same, and uncorrelated
constexpr double kAlpha = 0.1;

double upper_normal(double tail) {
  return boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
}

MeasuredValue value_of(double value, std::span<const double> influence = kOne) {
  return {{value, 0.5}, influence};
}

std::vector<double> ends(const std::vector<MeasuredValue>& values, double target) {
  return TargetTest(values, kAlpha).lower_ends(target);
}

// Quantiles come from 10,000 draws: to 0.02 (standard error) at a tail of 0.09.

TEST(TargetTest, OfOnePolicyIsAOneSidedTest) {
  EXPECT_NEAR(ends({value_of(1)}, 0.9)[0], 1 - 0.5 * upper_normal(0.9 * kAlpha), 0.04);
}

TEST(TargetTest, TwoOfOneKindAreOneAndTwoOfTheirOwnAreTwo) {
  const double alone = ends({value_of(1)}, 1)[0];
  EXPECT_NEAR(ends({value_of(1), value_of(1)}, 1)[0], alone, 1e-6);
  const double tail = 1 - std::sqrt(1 - 0.9 * kAlpha);
  EXPECT_NEAR(ends({value_of(1), value_of(1, kNone)}, 1)[0], 1 - 0.5 * upper_normal(tail), 0.05);
}

TEST(TargetTest, PoliciesFarBelowTheTargetCostNothing) {
  const double alone = ends({value_of(1)}, 0.9)[0];
  EXPECT_NEAR(ends({value_of(1), value_of(-9, kNone)}, 0.9)[0], alone, 1e-6);
  EXPECT_LT(ends({value_of(1), value_of(-9, kNone)}, -9)[0], alone - 0.1);
}

TEST(TargetTest, WhatWasForeseenGetsMoreOfAlpha) {
  const auto both = [](double first, double second) {
    std::vector<MeasuredValue> values{value_of(1), value_of(1, kNone)};
    values[0].foreseen = first;
    values[1].foreseen = second;
    return ends(values, 1);
  };
  EXPECT_NEAR(both(2, 2)[0], both(2, 2)[1], 1e-9);
  EXPECT_GT(both(3, 0)[0], both(2, 2)[0] + 0.05);
  EXPECT_LT(both(3, 0)[1], both(2, 2)[1] - 0.05);
}

TEST(TargetTest, FewDegreesOfFreedomLowerAnEnd) {
  std::vector<MeasuredValue> values{value_of(1)};
  values[0].value.degrees_of_freedom = 2;
  const double normal = (1 - ends({value_of(1)}, 1)[0]) / 0.5;
  const double tail = boost::math::cdf(boost::math::complement(boost::math::normal(), normal));
  const double student =
      boost::math::quantile(boost::math::complement(boost::math::students_t(2), tail));
  EXPECT_NEAR(ends(values, 1)[0], 1 - 0.5 * student, 1e-6);
}

TEST(TargetTest, WhatIsExactIsItsOwnEndAndWhatIsUnknownHasNone) {
  std::vector<MeasuredValue> values{value_of(1), value_of(1), value_of(1)};
  values[0].value.standard_error = 0;
  values[1].value.standard_error = std::numeric_limits<double>::infinity();
  values[2].influence = {};
  const std::vector<double> found = ends(values, 1);
  EXPECT_EQ(found[0], 1);
  EXPECT_EQ(found[1], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(found[2], -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(ends({}, 1).empty());
}

TEST(TargetTest, RefusesWhatIsNoAlphaAndNoTarget) {
  const std::vector<MeasuredValue> values{value_of(1)};
  EXPECT_THROW(TargetTest(values, 0), UsageError);
  EXPECT_THROW(TargetTest(values, 1), UsageError);
  EXPECT_THROW(TargetTest(values, 0.1).lower_ends(std::nan("")), UsageError);
}

/// Ten policies at or below a target of 0, some by nothing, some by one error, some by many, whose
/// estimates share half of their variance: one is named wrongly in some 10 % of 400 draws. More
/// than 61 have a chance of 1e-3; and fewer than 12 would mean that policies far below were paid
/// for.
TEST(TargetTest, NamesWronglyAsOftenAsItSays) {
  constexpr int kDraws = 400;
  const std::vector<double> means{0, 0, 0, -0.5, -1, -3, -10, -10, -10, -10};
  int wrong = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> z(means.size() + 1);
    RandomStream(5, "target", static_cast<std::uint64_t>(draw)).fill_normal(0, z);
    std::vector<std::vector<double>> influences;
    std::vector<MeasuredValue> values;
    for (std::size_t k = 0; k < means.size(); ++k) {
      std::vector<double> influence(z.size());
      influence[k] = std::sqrt(0.5);
      influence.back() = std::sqrt(0.5);
      influences.push_back(influence);
    }
    for (std::size_t k = 0; k < means.size(); ++k) {
      values.push_back({{means[k] + std::sqrt(0.5) * (z[k] + z.back()), 1}, influences[k]});
    }
    bool named = false;
    for (const double end : ends(values, 1e-9)) named |= end >= 1e-9;
    wrong += named ? 1 : 0;
  }
  EXPECT_LE(wrong, 61);
  EXPECT_GE(wrong, 12);
}

}  // namespace
}  // namespace esscher
