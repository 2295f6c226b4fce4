#include "data/column_screening.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kRows = 400;

std::vector<double> normals(const char* name, std::size_t n = kRows) {
  std::vector<double> values(n);
  RandomStream(1, name).fill_normal(0, values);
  return values;
}

std::vector<double> counted(std::size_t n, double first, double step = 1) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = first + step * static_cast<double>(i);
  return values;
}

std::vector<double> shuffled(std::vector<double> values) {
  const RandomStream stream(3, "test/order");
  for (std::size_t i = values.size() - 1; i > 0; --i) {
    const auto j = static_cast<std::size_t>(stream.uniform(i) * static_cast<double>(i + 1));
    std::swap(values[i], values[j]);
  }
  return values;
}

template <class Function>
std::vector<double> each(const std::vector<double>& from, Function&& function) {
  std::vector<double> values;
  for (const double value : from) values.push_back(function(value));
  return values;
}

TEST(ColumnScreening, FindsIndices) {
  EXPECT_NE(index_or_split("", normals("x")), "");
  EXPECT_NE(index_or_split("Unnamed: 0", normals("x")), "");
  EXPECT_EQ(index_or_split("Unnamed: a", normals("x")), "");
  EXPECT_EQ(index_or_split("n", counted(kRows, 0)), "it numbers the rows");
  EXPECT_EQ(index_or_split("n", shuffled(counted(kRows, 1))), "it numbers the rows");
  // Some rows of a longer table: 400 draws of 8000 numbers would repeat ten.
  std::vector<double> some = shuffled(counted(8000, 1));
  some.resize(kRows);
  EXPECT_NE(index_or_split("n", some).find("identifier"), std::string::npos);
  // Of 1e8 numbers none would repeat: only the name tells.
  const std::vector<double> sparse = shuffled(counted(kRows, 1e8, 100003));
  EXPECT_EQ(index_or_split("mass", sparse), "");
  for (const char* name : {"id", "sample_ID", "mol.idx", "row_id"}) {
    EXPECT_NE(index_or_split(name, sparse).find("identifier"), std::string::npos) << name;
  }
  EXPECT_EQ(index_or_split("width", sparse), "");
  EXPECT_NE(index_or_split("prompt_id", each(normals("x"), [](double x) { return std::round(x); }))
                .find("--group"),
            std::string::npos);
}

TEST(ColumnScreening, FindsSplitsAndConstants) {
  std::vector<double> five(kRows);
  for (std::size_t i = 0; i < kRows; ++i) five[i] = static_cast<double>(i * 7 % 5);
  for (const char* name : {"fold", "fold_random_5", "Fold1", "split", "cv", "partition 2"}) {
    EXPECT_EQ(index_or_split(name, five), "its name is that of a split into folds") << name;
  }
  for (const char* name : {"folding_energy", "splitting", "x", "manifold"}) {
    EXPECT_EQ(index_or_split(name, five), "") << name;
  }
  EXPECT_EQ(index_or_split("fold_change", normals("x")), "");
  EXPECT_EQ(index_or_split("x", std::vector<double>(kRows, 2.5)), "it never varies");
}

TEST(ColumnScreening, LeavesFeaturesAlone) {
  EXPECT_EQ(index_or_split("x", normals("x")), "");
  // Counts repeat.
  EXPECT_EQ(
      index_or_split("age", each(normals("x"), [](double x) { return std::round(50 + 15 * x); })),
      "");
  EXPECT_EQ(index_or_split("key", each(normals("x"), [](double x) { return std::round(x); })), "");
  EXPECT_EQ(index_or_split("acid", each(normals("x"), [](double x) { return std::round(x); })), "");
  std::vector<double> missing = counted(kRows, 0);
  missing[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(index_or_split("n", missing), "");
  // A Latin hypercube of whole numbers: rewards follow the column, and it is out of order.
  const std::vector<double> levels = shuffled(counted(kRows, 1));
  std::vector<double> rewards = normals("e");
  EXPECT_EQ(index_or_split("dose", levels, rewards), "it numbers the rows");
  for (std::size_t i = 0; i < kRows; ++i) rewards[i] += 0.01 * levels[i];
  EXPECT_EQ(index_or_split("dose", levels, rewards), "");
  EXPECT_NE(index_or_split("dose", counted(kRows, 1), counted(kRows, 1)), "");
  EXPECT_EQ(index_or_split("n", counted(5, 0)), "");
  EXPECT_EQ(index_or_split("year", counted(60, 1950)), "");
  EXPECT_EQ(index_or_split("harvest_date", counted(60, 20240101)), "");
  EXPECT_NE(index_or_split("yearly", counted(60, 1950)), "");
}

TEST(ColumnScreening, FindsFunctionsOfTheReward) {
  const std::vector<double> y = normals("y");
  EXPECT_TRUE(tells_order(y, y));
  EXPECT_TRUE(tells_order(each(y, [](double v) { return 3 - 0.1 * v; }), y));
  EXPECT_TRUE(tells_order(each(y, [](double v) { return std::round(10 * v) / 10; }), y));
  EXPECT_TRUE(tells_order(each(y, [](double v) { return std::exp(v); }), y));
  EXPECT_TRUE(tells_order(each(y, [](double v) { return v > 0.3 ? 1.0 : 0.0; }), y));
  std::vector<double> gap = y;
  gap[7] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(tells_order(gap, y));
  // One row out of order, and it is a measurement.
  std::vector<double> close = y;
  std::swap(close[0], close[1]);
  EXPECT_FALSE(tells_order(close, y));
  EXPECT_FALSE(tells_order(normals("x"), y));
}

TEST(ColumnScreening, TakesNoChanceForAFunction) {
  std::vector<double> y = normals("y");
  // A rare mark at the best rows, four of them.
  std::vector<double> sorted = y;
  std::ranges::sort(sorted, std::greater{});
  EXPECT_FALSE(tells_order(each(y, [&](double v) { return v >= sorted[3] ? 1.0 : 0.0; }), y));
  EXPECT_TRUE(tells_order(each(y, [&](double v) { return v >= sorted[4] ? 1.0 : 0.0; }), y));
  // A strong treatment: rewards lie in two clusters.
  std::vector<double> treated(kRows);
  std::vector<double> outcome = y;
  for (std::size_t i = 0; i < kRows; i += 3) {
    treated[i] = 1;
    outcome[i] += 12;
  }
  EXPECT_FALSE(tells_order(treated, outcome));
  // Of few grades the column is a copy all the same.
  const std::vector<double> grades = each(y, [](double v) { return std::round(v); });
  EXPECT_TRUE(tells_order(each(grades, [](double v) { return 2 - v; }), grades));
  // Rewards that tie on both sides of a mark.
  for (double& v : y) v = std::min(v, 0.0);
  std::vector<double> mark(kRows);
  std::size_t marked = 0;
  for (std::size_t i = 0; i < kRows && marked < 20; ++i) {
    if (y[i] == 0) mark[i] = 1, ++marked;
  }
  EXPECT_FALSE(tells_order(mark, y));
}

TEST(ColumnScreening, MeasuresCorrelation) {
  const std::vector<double> y = normals("y");
  std::vector<double> near = normals("e");
  for (std::size_t i = 0; i < kRows; ++i) near[i] = y[i] + 0.14 * near[i];  // r = .99
  EXPECT_GT(strongest_correlation(near, y), 0.98);
  EXPECT_LT(strongest_correlation(each(near, [](double v) { return -v; }), y), -0.98);
  // Ranks tell what a heavy tail hides.
  EXPECT_GT(strongest_correlation(each(near, [](double v) { return std::exp(5 * v); }), y), 0.98);
  EXPECT_LT(std::abs(strongest_correlation(normals("x"), y)), kSuspiciousCorrelation);
  EXPECT_EQ(strongest_correlation(std::vector<double>(kRows, 1.0), y), 0);
  // Classes may be told by a good feature.
  const std::vector<double> classes = each(y, [](double v) { return v > 0 ? 1.0 : 0.0; });
  EXPECT_EQ(strongest_correlation(classes, classes), 0);
}

/// kRows / size groups of neighbours.
std::vector<std::uint32_t> groups_of(std::size_t size) {
  std::vector<std::uint32_t> groups;
  for (std::size_t i = 0; i < kRows; ++i) groups.push_back(static_cast<std::uint32_t>(i / size));
  return groups;
}

TEST(ColumnScreening, FindsFunctionsOfTheRewardWithinGroups) {
  const std::vector<std::uint32_t> groups = groups_of(5);
  const std::vector<double> within = normals("y");
  const std::vector<double> levels = normals("levels");
  std::vector<double> y;
  for (std::size_t i = 0; i < kRows; ++i) y.push_back(within[i] + 5 * levels[groups[i]]);
  std::vector<double> rank(kRows);
  std::vector<double> best(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = i / 5 * 5; j < i / 5 * 5 + 5; ++j) rank[i] += y[j] < y[i] ? 1 : 0;
    best[i] = rank[i] == 4 ? 1 : 0;
  }
  for (const std::vector<double>& leak : {within, rank, best}) {
    EXPECT_FALSE(tells_order(leak, y));
    EXPECT_EQ(order_within(leak, y, groups), OrderWithin::told);
    EXPECT_EQ(order_within(each(leak, [](double v) { return -v; }), y, groups), OrderWithin::told);
    std::vector<double> holes = leak;
    holes[7] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(order_within(holes, y, groups), OrderWithin::told);
  }
  EXPECT_EQ(order_within(normals("x"), y, groups), OrderWithin::none);
  // Up in one group and down in another.
  std::vector<double> both = rank;
  for (std::size_t i = 0; i < 5; ++i) both[i] = -both[i];
  EXPECT_EQ(order_within(both, y, groups), OrderWithin::none);
  // Two groups of five are in order by chance once in 7200.
  EXPECT_EQ(
      order_within(std::span(rank).first(10), std::span(y).first(10), std::span(groups).first(10)),
      OrderWithin::none);
  // What is the same in all of a group, and classes, which a good feature may tell.
  std::vector<double> shared;
  for (const std::uint32_t group : groups) shared.push_back(levels[group]);
  EXPECT_EQ(order_within(shared, y, groups), OrderWithin::none);
  EXPECT_EQ(order_within(rank, best, groups), OrderWithin::none);
}

TEST(ColumnScreening, KeepsStrongFeaturesWithinGroups) {
  // Forty pairs have the right order by chance with 2^-40, and by a feature of correlation 0.999
  // more often than not.
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t i = 0; i < 80; ++i) {
    x.push_back(static_cast<double>(i % 2 == 0 ? i : i + 5));
    y.push_back(x.back() + 0.1 * std::sin(static_cast<double>(i)));
  }
  const std::vector<std::uint32_t> pairs = groups_of(2);
  EXPECT_EQ(order_within(x, y, std::span(pairs).first(80)), OrderWithin::strong);
  // One of two treatments, ten standard deviations better in each of eighty groups of five.
  const std::vector<std::uint32_t> groups = groups_of(5);
  std::vector<double> treated(kRows);
  std::vector<double> rewards = normals("y");
  for (std::size_t i = 0; i < kRows; ++i) {
    treated[i] = static_cast<double>(i % 2);
    rewards[i] += 15 * treated[i];
  }
  EXPECT_EQ(order_within(treated, rewards, groups), OrderWithin::strong);
  EXPECT_EQ(order_within(each(treated, [](double v) { return -v; }), rewards, groups),
            OrderWithin::strong);
}

TEST(ColumnScreening, MeasuresCorrelationWithinGroups) {
  const std::vector<std::uint32_t> groups = groups_of(4);
  const std::vector<double> levels = normals("levels");
  std::vector<double> y = normals("y");
  std::vector<double> near = normals("e");
  std::vector<double> level(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    near[i] = y[i] + 0.14 * near[i];
    level[i] = levels[groups[i]];
    y[i] += 10 * level[i];
  }
  EXPECT_LT(std::abs(strongest_correlation(near, y)), 0.5);
  EXPECT_GT(strongest_correlation(near, y, groups), 0.98);
  // What tells groups apart tells no candidate of one from another.
  EXPECT_GT(strongest_correlation(level, y), 0.98);
  EXPECT_EQ(strongest_correlation(level, y, groups), 0);
  // Ten rows of five groups have five differences.
  EXPECT_EQ(strongest_correlation(std::span(near).first(10), std::span(y).first(10), groups_of(2)),
            0);
}

TEST(ColumnScreening, CountsThePairsThatAColumnOrders) {
  const std::vector<std::uint32_t> groups = groups_of(2);
  const std::vector<double> noise = normals("x");
  std::vector<double> wins(kRows);
  std::vector<double> score(kRows);
  for (std::size_t i = 0; i < kRows; ++i) {
    wins[i] = i % 2 == 0 ? 0.5 : -0.5;
    score[i] = noise[i / 2] + (i % 2 == 0 ? 1 : 0);
  }
  EXPECT_EQ(ordered_share(score, wins, groups), 1);
  EXPECT_EQ(ordered_share(each(score, [](double v) { return -v; }), wins, groups), 0);
  for (std::size_t i = 0; i < 40; ++i) score[i] = 0;  // 20 of 200 pairs
  EXPECT_DOUBLE_EQ(ordered_share(score, wins, groups), 0.95);
  // A share of 200 pairs by chance: its standard deviation is 0.035.
  EXPECT_NEAR(ordered_share(noise, wins, groups), 0.5, 0.14);
  EXPECT_EQ(ordered_share(std::span(wins).first(58), std::span(wins).first(58), groups), 0.5);
  EXPECT_EQ(ordered_share(wins, std::vector<double>(kRows), groups), 0.5);
  // Five successes, one of each eighty rows: 395 pairs, and five draws.
  std::vector<double> success(kRows);
  for (std::size_t i = 0; i < kRows; i += 80) success[i] = 1;
  EXPECT_EQ(ordered_share(success, success, groups_of(80)), 0.5);
  // Forty of them would be enough.
  for (std::size_t i = 0; i < kRows; i += 10) success[i] = 1;
  EXPECT_EQ(ordered_share(success, success, groups_of(10)), 1);
}

}  // namespace
}  // namespace esscher::internal
