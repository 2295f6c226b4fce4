#include "esscher/temperature/admissible_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

TemperaturePoint grid_point(double beta, double efficiency, double gain = 1, double gold = 0) {
  return {beta, Estimate{efficiency}, Estimate{gain, 0.1}, Estimate{gold}, true};
}

TEST(AdmissibleSets, AreRunsOfNeighbouringTemperatures) {
  // In any order; 0.5 fails and leaves a gap.
  const std::vector<TemperaturePoint> points{grid_point(1, 0.95), grid_point(0.25, 0.91),
                                             grid_point(4, 0.3), grid_point(0.5, 0.89),
                                             grid_point(2, 0.9)};
  const AdmissibleSets sets = admissible_sets(points, 0.1);
  ASSERT_EQ(sets.efficient.size(), 2u);
  EXPECT_EQ(sets.efficient[0].low, 0.25);
  EXPECT_EQ(sets.efficient[0].high, 0.25);
  EXPECT_FALSE(sets.efficient[0].low_excluded.has_value());
  EXPECT_EQ(sets.efficient[0].high_excluded, 0.5);
  EXPECT_EQ(sets.efficient[1].low, 1);
  EXPECT_EQ(sets.efficient[1].high, 2);
  EXPECT_EQ(sets.efficient[1].low_excluded, 0.5);
  EXPECT_EQ(sets.efficient[1].high_excluded, 4);
  EXPECT_EQ(intervals_text(sets.efficient), "0.25 and [1, 2]");
}

TEST(AdmissibleSets, UnreliablePointsAreNotAdmittedAndSplit) {
  std::vector<TemperaturePoint> points{grid_point(1, 1, 1, 5), grid_point(2, 1, 1, 9),
                                       grid_point(3, 1, 1, 4)};
  points[1].reliable = false;
  const AdmissibleSets sets = admissible_sets(points, 0.1);
  ASSERT_EQ(sets.efficient.size(), 2u);
  EXPECT_EQ(sets.efficient[0].high_excluded, 2);
  EXPECT_EQ(sets.gaining.size(), 2u);
  // Nor do they compete for the best.
  EXPECT_EQ(sets.gold_optimal_beta, 1);
}

TEST(AdmissibleSets, OfOnePointAndOfNone) {
  const TemperaturePoint good = grid_point(0.125, 1);
  const AdmissibleSets one = admissible_sets({&good, 1}, 0.1);
  EXPECT_EQ(intervals_text(one.efficient), "0.125");
  EXPECT_FALSE(one.efficient[0].high_excluded.has_value());
  EXPECT_TRUE(one.gold_optimal_at_end);
  const TemperaturePoint bad = grid_point(0.125, 0.2, -1);
  const AdmissibleSets fails = admissible_sets({&bad, 1}, 0.1);
  EXPECT_EQ(intervals_text(fails.efficient), "none");
  EXPECT_TRUE(fails.gaining.empty());
  const AdmissibleSets none = admissible_sets({}, 0.1);
  EXPECT_TRUE(none.efficient.empty());
  EXPECT_FALSE(none.gold_optimal_beta.has_value());
  EXPECT_FALSE(none.gold_optimal_at_end);
}

TEST(AdmissibleSets, AConstantRewardHasNoEfficiency) {
  TemperaturePoint constant = grid_point(1, 1, 0);
  constant.efficiency.reset();
  EXPECT_TRUE(admissible_sets({&constant, 1}, 0.1).efficient.empty());
}

TEST(AdmissibleSets, GainsMustExceedTheirError) {
  // Normal law: 1.96 * 0.1 is the half width.
  const std::vector<TemperaturePoint> points{grid_point(1, 0, 0.19), grid_point(2, 0, 0.2)};
  const AdmissibleSets sets = admissible_sets(points, 0.1);
  EXPECT_EQ(intervals_text(sets.gaining), "2");
}

TEST(AdmissibleSets, GoldOptimumIsTheTurningPoint) {
  const std::vector<TemperaturePoint> turning{grid_point(0.5, 1, 1, 0.3), grid_point(1, 1, 1, 0.7),
                                              grid_point(2, 1, 1, 0.7), grid_point(4, 1, 1, 0.2)};
  EXPECT_EQ(admissible_sets(turning, 0.1).gold_optimal_beta, 2);  // of equals the highest
  EXPECT_FALSE(admissible_sets(turning, 0.1).gold_optimal_at_end);
  const std::vector<TemperaturePoint> rising{grid_point(0.5, 1, 1, 0.9), grid_point(1, 1, 1, 0.7)};
  EXPECT_TRUE(admissible_sets(rising, 0.1).gold_optimal_at_end);
}

RC_GTEST_PROP(AdmissibleSets, EveryPointLiesInARunExactlyWhereItIsAdmitted, ()) {
  std::vector<TemperaturePoint> points;
  const int count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    points.push_back(grid_point(0.1 * (i + 1), *rc::gen::inRange(0, 3) / 2.0));
    points.back().reliable = *rc::gen::inRange(0, 4) > 0;
  }
  const AdmissibleSets sets = admissible_sets(points, 0.25);
  for (const TemperaturePoint& p : points) {
    const bool inside = std::ranges::any_of(sets.efficient, [&](const TemperatureInterval& run) {
      return run.low <= p.beta && p.beta <= run.high;
    });
    RC_ASSERT(inside == (p.reliable && p.efficiency->value >= 0.75));
  }
}

TEST(AdmissibleSets, RefusesBadInputInWords) {
  const std::vector<TemperaturePoint> twice{grid_point(1, 1), grid_point(2, 1), grid_point(1, 0)};
  expect_words(failure_text<UsageError>([&] { admissible_sets(twice, 0.1); }), "beta = 1", "twice");
  for (const double tolerance : {0.0, 1.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    expect_words(failure_text<UsageError>([&] { admissible_sets({}, tolerance); }), "tolerance",
                 "between 0 and 1");
  }
  const std::vector<TemperaturePoint> none{grid_point(0, 1)};
  expect_words(failure_text<UsageError>([&] { admissible_sets(none, 0.1); }), "beta = 0");
}

}  // namespace
}  // namespace esscher
