#include "pipeline/heavy_designs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/data/folds.h"
#include "esscher/pipeline/table_evaluation.h"
#include "pipeline/merged_table.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

/// Design 0 in the first `heavy` rows, then 20 others of one row each.
Designs one_heavy(std::uint32_t heavy) {
  Designs designs;
  for (std::uint32_t i = 0; i < heavy + 20; ++i) {
    designs.of_row.push_back(i < heavy ? 0 : i - heavy + 1);
  }
  for (std::uint32_t d = 0; d < 21; ++d) {
    designs.first.push_back(d == 0 ? 0 : heavy + d - 1);
    designs.count.push_back(d == 0 ? heavy : 1);
  }
  return designs;
}

std::vector<double> ascending(std::size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

TEST(HeavyDesigns, AreCutIntoPartsOfTwoRowsAtLeast) {
  const Designs designs = one_heavy(13);
  const std::vector<double> equal(33, 1.0);
  const auto cut = cut_heavy_designs(designs, ascending(33), equal);
  ASSERT_TRUE(cut);
  // 13 rows are six parts: of a share of 13/33 there would be 79.
  ASSERT_EQ(cut->parts.size(), 26U);
  ASSERT_EQ(cut->design.size(), 26U);
  std::vector<std::uint32_t> rows(26);
  for (std::size_t i = 0; i < 33; ++i) {
    const std::uint32_t part = cut->parts.of_row[i];
    EXPECT_EQ(cut->design[part], designs.of_row[i]);
    ++rows[part];
  }
  EXPECT_EQ(rows, cut->parts.count);
  for (std::size_t part = 0; part < 26; ++part) {
    EXPECT_EQ(cut->parts.of_row[cut->parts.first[part]], part);
    if (cut->design[part] == 0) {
      EXPECT_GE(rows[part], 2U);
    }
  }
}

TEST(HeavyDesigns, CopiesAndLightDesignsStayWhole) {
  const std::vector<double> equal(33, 1.0);
  const Designs designs = one_heavy(13);
  std::vector<double> copies(33, 1.0);
  copies[20] = 2;
  EXPECT_FALSE(cut_heavy_designs(designs, copies, equal));
  std::vector<double> light = equal;
  for (std::size_t i = 0; i < 13; ++i) light[i] = 0.05;
  EXPECT_FALSE(cut_heavy_designs(designs, ascending(33), light));
  EXPECT_FALSE(cut_heavy_designs(one_heavy(9), ascending(29), std::vector<double>(29, 1.0)));
}

// 200 rows, and a control of 70 more: it lies in one fold, its mean and weight are what they were,
// and no verdict is lost to it.
TEST(HeavyDesigns, AControlTakesNoVerdict) {
  const testing_support::SingleIndexTable data(270, 3, 1, 5);
  Matrix<double> x = data.features.values();
  std::vector<double> rewards = data.rewards;
  const std::vector<double> noise = [] {
    std::vector<double> values(270);
    RandomStream(5, "test/control").fill_normal(0, values);
    return values;
  }();
  std::vector<std::uint64_t> rows(270);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  double mean = 0;
  for (std::size_t i = 200; i < 270; ++i) {
    for (std::size_t j = 0; j < 3; ++j) x(i, j) = x(200, j);
    rewards[i] = data.rewards[200] + 0.3 * noise[i];
    mean += rewards[i] / 70;
  }
  const HeldFeatures features(std::move(x));
  const RewardTable given{features, rewards};
  const MergedTable merged(given, rows, {}, 1);
  EXPECT_EQ(merged.replicates()->designs, 201);
  EXPECT_EQ(merged.replicates()->most, 70);
  const RewardTable table = merged.table();
  ASSERT_EQ(table.twins.size(), table.rewards.size());
  EXPECT_EQ(table.rewards.size(), 200U + 35U);
  double sum = 0;
  double mass = 0;
  std::set<std::uint32_t> twins(table.twins.begin(), table.twins.end());
  EXPECT_EQ(twins.size(), 201U);
  for (std::size_t i = 0; i < table.rewards.size(); ++i) {
    if (table.twins[i] != 200) continue;
    sum += std::exp(table.log_weights[i]) * table.rewards[i];
    mass += std::exp(table.log_weights[i]);
  }
  EXPECT_NEAR(mass, 70, 1e-12);
  EXPECT_NEAR(sum / mass, mean, 1e-12);
  EXPECT_EQ(merged.units(), 201U);

  EvaluationOptions options;
  options.training.deployment_temperatures = {1, 0.5};
  options.training.weights = {FitWeights::uniform};
  options.training.most_rounds = 1;
  options.bootstrap = 0;
  const TableEvaluation evaluation = evaluate_table(given, options);
  EXPECT_TRUE(evaluation.recommended);
  EXPECT_GT(evaluation.rewards[0].policies[0].ess, 100);
}

}  // namespace
}  // namespace esscher::internal
