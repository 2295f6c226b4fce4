// What lies above all rows of a table, where every gold reward is known.

#include "policy/above_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "tables.h"

namespace esscher {
namespace {

using namespace policy_tables;

internal::AboveRows above(const Table& table, double beta) {
  const internal::TableCells cells = internal::table_cells(table.reference());
  const internal::TiltedTable tilted(cells, table.r, {table.y, {}}, beta);
  return internal::above_rows(cells, 0, table.r, table.y, tilted.all_weights());
}

/// n normal scores; \p gold of them and of normal noise.
template <class Gold>
Table scored(std::size_t n, std::uint64_t index, const Gold& gold) {
  Table table;
  table.r.resize(n);
  std::vector<double> noise(n);
  RandomStream(17, "above z", index).fill_normal(0, table.r);
  RandomStream(17, "above noise", index).fill_normal(0, noise);
  for (std::size_t i = 0; i < n; ++i) table.y.push_back(gold(table.r[i], noise[i]));
  return table;
}

// Four rows, one drawn: the highest lies above it for sure, that of rank c if none of the c - 1
// higher ones is drawn, (4 - c)/3.
TEST(AboveRows, ThinnedTablesMissTheHighestRows) {
  Table table;
  table.r = {3, 0, 2, 1};
  table.y = {0, 0, 0, 0};
  const internal::AboveRows found = above(table, 1);
  const double total = std::exp(3) + std::exp(2) + std::exp(1) + 1;
  const double share = (std::exp(3) + 2.0 / 3 * std::exp(2) + 1.0 / 3 * std::exp(1)) / total;
  EXPECT_NEAR(found.odds, 0.5 * share / (1 - share), 1e-12);
}

// Gold that is a curve is told exactly, and no error is left.
TEST(AboveRows, ACurveGoesOn) {
  const Table table = scored(500, 1, [](double z, double) { return z - 0.3 * z * z; });
  const internal::AboveRows found = above(table, 0.7);
  double total = 0;
  double mean = 0;
  double value = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    const double w = std::exp(table.r[i] / 0.7);
    total += w;
    mean += w * table.r[i];
    value += w * table.y[i];
  }
  const double score = mean / total + found.score;
  EXPECT_GT(score, *std::ranges::max_element(table.r) - 0.5);
  // Scores above have a spread of their own, which curved gold takes a little lower.
  const double gold = value / total + found.gold;
  EXPECT_LT(gold, score - 0.3 * score * score);
  EXPECT_GT(gold, score - 0.3 * (score * score + 0.4));
  EXPECT_NEAR(found.gold_error, 0, 1e-10);
  EXPECT_NEAR(error_above(table, table.reference(), 0.7, internal::kValue),
              -found.odds * found.gold, 1e-10);
}

// Rewards that rise with the score are but too low without the rows above them.
TEST(AboveRows, RisingGoldIsOwedNothing) {
  const Table table = scored(300, 2, [](double z, double) { return 2 * z; });
  EXPECT_NEAR(error_above(table, table.reference(), 0.7, internal::kValue), 0, 1e-10);
  EXPECT_NEAR(error_above(table, table.reference(), 0.7, internal::kGain), 0, 1e-10);
  // Far less steep than the proxy: what KL costs above is more than gold gains there.
  const Table slow = scored(300, 2, [](double z, double) { return z / 5; });
  EXPECT_NEAR(error_above(slow, slow.reference(), 0.7, internal::kValue), 0, 1e-10);
  EXPECT_GT(error_above(slow, slow.reference(), 0.7, internal::kGain), 0.05);
}

TEST(AboveRows, OrderAndUnitsDoNotCount) {
  const auto gold = [](double z, double e) { return z - 0.3 * z * z + 0.3 * e; };
  const Table table = scored(200, 3, gold);
  Table other = table;
  std::ranges::reverse(other.r);
  std::ranges::reverse(other.y);
  for (double& r : other.r) r = 1000 * r + 5e4;
  for (double& y : other.y) y = 1000 * y - 7e4;
  for (const std::size_t f : {internal::kValue, internal::kGain, internal::kOver}) {
    const double own = error_above(table, table.reference(), 0.7, f);
    EXPECT_GT(own, 0);
    EXPECT_NEAR(error_above(other, other.reference(), 700, f), 1000 * own, 1e-6 * own);
  }
}

// Rows that stand and fall together are one draw: copies of a table say what it says.
TEST(AboveRows, CopiesInClustersTellNoMore) {
  const Table once = scored(100, 4, [](double z, double e) { return z - 0.3 * z * z + 0.3 * e; });
  Table twice = once;
  twice.r.insert(twice.r.end(), once.r.begin(), once.r.end());
  twice.y.insert(twice.y.end(), once.y.begin(), once.y.end());
  const std::vector<std::uint32_t> clusters = numbers(200, 1, 100);
  const TableReference reference{.rows = 200, .clusters = clusters};
  for (const std::size_t f : {internal::kValue, internal::kGain}) {
    EXPECT_NEAR(error_above(twice, reference, 0.8, f), error_above(once, once.reference(), 0.8, f),
                1e-12);
  }
}

TEST(AboveRows, TiedAndConstantScoresHaveNothingAbove) {
  Table table = scored(200, 5, [](double, double e) { return e; });
  for (double& r : table.r) r = r > 0 ? 1 : 0;
  // Some 100 rows of the highest score: hardly a thinned table misses it.
  EXPECT_LE(above(table, 0.3).odds, 0.05);
  table.r.assign(200, 2);
  EXPECT_EQ(error_above(table, table.reference(), 0.3, internal::kValue), 0);
}

// r = z, 400 rows, beta 0.6: the policy is N(1/0.6, 1), and gold turns down at its mean. Nominally
// 2.5 % of lower ends at 1.96 errors lie above the truth; simulated, 7 % of the value's and 1 % of
// the gain's. More than 36 of 300 have a chance below 1e-3 at 7 %. (Measured: 21 and 2; without
// what is added for rows above, 84 and 98.)
TEST(AboveRows, TurningGoldIsNotOverrated) {
  constexpr double kBeta = 0.6;
  constexpr double kMean = 1 / kBeta;
  const double value = kMean - 0.3 * (kMean * kMean + 1);
  const double gain = value + 0.3 - kBeta * kMean * kMean / 2;
  int values = 0;
  int gains = 0;
  for (std::uint64_t t = 0; t < 300; ++t) {
    const Table table =
        scored(400, 100 + t, [](double z, double e) { return z - 0.3 * z * z + 0.3 * e; });
    const TablePolicyValue found = table.value(at(kBeta));
    values += found.value.value - 1.96 * found.value.standard_error > value ? 1 : 0;
    gains += found.gain.value - 1.96 * found.gain.standard_error > gain ? 1 : 0;
  }
  EXPECT_LE(values, 36);
  EXPECT_LE(gains, 15);
}

// Rows of which a few lack their gold are no pool: the same is owed to what lies above them. Of
// more than half without it the others are one.
TEST(AboveRows, AFewUnknownGoldRewardsChangeLittle) {
  Table table = scored(400, 3, [](double z, double e) { return z - 0.3 * z * z + 0.3 * e; });
  const auto top = std::ranges::max_element(table.r) - table.r.begin();
  std::swap(table.r[static_cast<std::size_t>(top)], table.r.back());
  std::swap(table.y[static_cast<std::size_t>(top)], table.y.back());
  const double above = error_above(table, table.reference(), 0.6, internal::kValue);
  ASSERT_GT(above, 0);
  TablePolicyOptions options = at(0.6);
  options.influence = true;
  options.predicted = table.r;
  // What is added to the value's error, the highest row's gold being known.
  const auto added = [&](std::size_t unknown) {
    Table some = table;
    for (std::size_t i = 0; i < unknown; ++i) some.y[i] = std::nan("");
    const TablePolicyValue found = some.value(options);
    EXPECT_EQ(found.beyond, 0);
    double square = found.value.standard_error * found.value.standard_error;
    for (const double moved : found.value_influence) square -= moved * moved;
    return std::sqrt(std::max(0.0, square));
  };
  EXPECT_NEAR(added(0), above, 1e-9);
  EXPECT_NEAR(added(1), above, 0.05 * above);
  EXPECT_NEAR(added(200), above, 0.5 * above);
  EXPECT_NEAR(added(201), 0, 1e-6);
}

// Where gold rises as the proxy does, errors hardly grow: by nothing and by 6 %, on average over
// 100 tables.
TEST(AboveRows, RisingGoldPaysLittle) {
  double value = 0;
  double gain = 0;
  for (std::uint64_t t = 0; t < 100; ++t) {
    const Table table = scored(400, 500 + t, [](double z, double e) { return z + 0.5 * e; });
    const TablePolicyValue found = table.value(at(0.6));
    const auto grown = [&](const TableEstimate& estimate, std::size_t figure) {
      const double above = error_above(table, table.reference(), 0.6, figure);
      return estimate.standard_error /
             std::sqrt(estimate.standard_error * estimate.standard_error - above * above) / 100;
    };
    value += grown(found.value, internal::kValue);
    gain += grown(found.gain, internal::kGain);
  }
  EXPECT_LE(value, 1.05);
  EXPECT_LE(gain, 1.12);
}

}  // namespace
}  // namespace esscher
