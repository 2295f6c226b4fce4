// Rows that pi_0 takes by design: what the others tell of a policy is what they tell without them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "policy/above_rows.h"
#include "policy/tilted_table.h"

namespace esscher {
namespace {

constexpr std::size_t kDrawn = 200;
constexpr std::size_t kPlaced = 100;

/// Normal scores with noisy gold, and the highest of them measured a hundred times more.
struct PlacedTable {
  std::vector<double> r = std::vector<double>(kDrawn + kPlaced);
  std::vector<double> y = std::vector<double>(kDrawn + kPlaced);
  std::vector<std::uint8_t> placed = std::vector<std::uint8_t>(kDrawn + kPlaced);

  PlacedTable() {
    RandomStream(3, "placed score").fill_normal(0, r);
    RandomStream(3, "placed noise").fill_normal(0, y);
    const double top = *std::max_element(r.begin(), r.begin() + kDrawn);
    for (std::size_t i = 0; i < r.size(); ++i) {
      if (i >= kDrawn) r[i] = top;
      placed[i] = i >= kDrawn ? 1 : 0;
      y[i] = r[i] - 0.2 * r[i] * r[i] + 0.3 * y[i];
    }
  }
  std::span<const double> drawn_r() const { return std::span(r).first(kDrawn); }
  std::span<const double> drawn_y() const { return std::span(y).first(kDrawn); }
  TableReference all() const { return {.rows = r.size(), .placed = placed}; }
};

TEST(PlacedRows, EffectiveRowsAndParetoKAreThoseOfTheOthers) {
  const PlacedTable table;
  for (const double beta : {2.0, 0.5, 0.1}) {
    const TablePolicyValue found =
        table_policy_value(table.r, table.y, table.all(), {.beta = beta});
    const TablePolicyValue others =
        table_policy_value(table.drawn_r(), table.drawn_y(), {.rows = kDrawn}, {.beta = beta});
    EXPECT_NEAR(found.ess, others.ess, 1e-9 * others.ess);
    EXPECT_NEAR(found.least_ess, others.least_ess, 1e-9 * others.ess);
    EXPECT_EQ(found.reliable, others.reliable) << beta;
    if (std::isfinite(others.weights.pareto_k)) {
      EXPECT_NEAR(found.weights.pareto_k, others.weights.pareto_k, 1e-9);
    }
    // Values are those of all rows.
    const TablePolicyValue plain =
        table_policy_value(table.r, table.y, {.rows = table.r.size()}, {.beta = beta});
    EXPECT_EQ(found.value.value, plain.value.value);
    EXPECT_GE(found.value.standard_error, plain.value.standard_error);
  }
}

TEST(PlacedRows, TellNothingOfWhatLiesAboveAllRows) {
  const PlacedTable table;
  constexpr double kBeta = 0.5;
  const auto above = [&](std::span<const double> r, std::span<const double> y,
                         const TableReference& reference) {
    const internal::TableCells cells = internal::table_cells(reference);
    const internal::TiltedTable tilted(cells, r, {y, {}}, kBeta);
    return internal::above_rows(cells, 0, r, y, tilted.all_weights());
  };
  const internal::AboveRows others = above(table.drawn_r(), table.drawn_y(), {.rows = kDrawn});
  const internal::AboveRows found = above(table.r, table.y, table.all());
  // Half of the odds are told; of the whole policy the others have their share alone.
  double drawn = 0;
  double all = 0;
  for (std::size_t i = 0; i < table.r.size(); ++i) {
    const double w = std::exp(table.r[i] / kBeta);
    all += w;
    drawn += i < kDrawn ? w : 0;
  }
  const double missed = others.odds / (0.5 + others.odds) * drawn / all;
  EXPECT_NEAR(found.odds, 0.5 * missed / (1 - missed), 1e-12);
  EXPECT_GT(found.odds, 0.01);
  // Taken for draws they would leave less above.
  EXPECT_LT(above(table.r, table.y, {.rows = table.r.size()}).odds, 0.5 * found.odds);
}

TEST(PlacedRows, TheBestOfSeveralRestsOnTheOthers) {
  const PlacedTable table;
  const BestOfNValue found = best_of_n_value(table.r, table.y, table.all(), {.n = 16});
  const BestOfNValue plain = best_of_n_value(table.r, table.y, {.rows = table.r.size()}, {.n = 16});
  EXPECT_EQ(found.value.value, plain.value.value);
  EXPECT_LT(found.ess, 60);
  EXPECT_GT(plain.ess, 100);
  EXPECT_FALSE(best_of_n_value(table.r, table.y, table.all(), {.n = 1000}).reliable);
  EXPECT_GE(found.value.standard_error, plain.value.standard_error);
}

TEST(PlacedRows, AreRefusedWithGroupsAndClustersAndForOtherRows) {
  const PlacedTable table;
  std::vector<std::uint32_t> units(table.r.size());
  std::iota(units.begin(), units.end(), 0U);
  for (std::uint32_t& unit : units) unit /= 2;
  TableReference grouped = table.all();
  grouped.groups = units;
  EXPECT_THROW(table_policy_value(table.r, table.y, grouped, {}), UsageError);
  TableReference clustered = table.all();
  clustered.clusters = units;
  EXPECT_THROW(table_policy_value(table.r, table.y, clustered, {}), UsageError);
  const std::vector<std::uint8_t> all(table.r.size(), 1);
  EXPECT_THROW(table_policy_value(table.r, table.y, {.rows = table.r.size(), .placed = all}, {}),
               DataError);
  TableReference fewer = table.all();
  fewer.placed = fewer.placed.first(3);
  EXPECT_THROW(table_policy_value(table.r, table.y, fewer, {}), UsageError);
}

}  // namespace
}  // namespace esscher
