#include "pipeline/heavy_designs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
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

/// 60 normal designs, gold that rises and bends down beyond what they show, and the best of them
/// measured 30 times more.
struct BestAgain {
  Matrix<double> x{90, 3};
  std::vector<double> rewards = std::vector<double>(90);
  static double gold(std::span<const double> row) {
    const double s = row[0] + row[1] / 2;
    const double over = std::max(0.0, s - 1.8);
    return s - 1.5 * over * over;
  }
  BestAgain() {
    std::vector<double> noise(90);
    RandomStream(5, "test/again").fill_normal(0, x.values());
    RandomStream(5, "test/again noise").fill_normal(0, noise);
    std::size_t best = 0;
    for (std::size_t i = 0; i < 60; ++i) best = gold(x.row(i)) > gold(x.row(best)) ? i : best;
    for (std::size_t i = 0; i < 90; ++i) {
      if (i >= 60) std::ranges::copy(std::as_const(x).row(best), x.row(i).begin());
      rewards[i] = gold(x.row(i)) + 0.3 * noise[i];
    }
  }
};

// However often the best design is measured, nothing is known of what lies above it. Taken for
// draws, the measurements passed for effective rows, and one promise in three was broken.
TEST(HeavyDesigns, AtTheTopTellNothingOfWhatLiesAbove) {
  const BestAgain data;
  const HeldFeatures features(data.x);
  EvaluationOptions options;
  options.training.deployment_temperatures = {1, 0.0625};
  options.training.weights = {FitWeights::uniform};
  options.training.most_rounds = 1;
  options.bootstrap = 0;
  const TableEvaluation evaluation = evaluate_table({features, data.rewards}, options);
  const std::vector<TablePolicyValue>& policies = evaluation.rewards[0].policies;
  EXPECT_LT(policies.back().ess, 5);
  EXPECT_FALSE(policies.back().reliable);
  EXPECT_GT(policies.front().ess, 10);
}

// Labels' noise is that of whole designs, and which rows a part has does not depend on their order.
TEST(HeavyDesigns, AreTheSameInAnyOrder) {
  const BestAgain data;
  std::vector<std::uint64_t> rows(90);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const HeldFeatures features(data.x);
  const RewardTable given{features, data.rewards};
  const MergedTable merged(given, rows, {}, 1);
  std::vector<double> sorted = data.rewards;
  std::sort(sorted.begin() + 60, sorted.end());
  const RewardTable ordered{features, sorted};
  const MergedTable again(ordered, rows, {}, 1);
  EXPECT_EQ(merged.replicates()->noise_sd, merged.noise(data.rewards, 0)->sd);
  EXPECT_NEAR(again.noise(sorted, 0)->sd, merged.noise(data.rewards, 0)->sd, 1e-14);
  std::vector<double> one(merged.table().rewards.begin(), merged.table().rewards.end());
  std::vector<double> other(again.table().rewards.begin(), again.table().rewards.end());
  ASSERT_EQ(one.size(), 60U + merged.replicates()->parts - 1);
  ASSERT_GT(merged.replicates()->parts, 5U);
  std::ranges::sort(one);
  std::ranges::sort(other);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(other[i], one[i], 1e-14);
  EXPECT_NE(merged.replicates()->text().find(" times), merged into one weighted row each (that one "
                                             "into "),
            std::string::npos);
}

// A design of one part, and one of three: their mean, its weight and what it has of a label's
// noise.
TEST(HeavyDesigns, AreWholeAgain) {
  const std::vector<std::uint32_t> design{1, 0, 1, 1};
  const std::vector<double> log_weights{std::log(2.0), 0.5, 0, 0};
  const WholeDesigns whole = whole_designs(design, log_weights, std::vector<double>{1, 7, 2, 4},
                                           std::vector<double>{0.5, 1, 0.25, 0.25});
  ASSERT_EQ(whole.values.size(), 2U);
  EXPECT_EQ(whole.values[0], 7);
  EXPECT_EQ(whole.shares[0], 1);
  EXPECT_EQ(whole.log_weights[0], 0.5);
  EXPECT_NEAR(whole.values[1], 2, 1e-15);
  EXPECT_NEAR(whole.shares[1], (4 * 0.5 + 0.25 + 0.25) / 16, 1e-15);
  EXPECT_NEAR(whole.log_weights[1], std::log(4), 1e-15);
  // pi_0 takes neither: plain means.
  const std::vector<double> none(2, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(whole_designs(std::vector<std::uint32_t>{0, 0}, none, std::vector<double>{1, 3}, {})
                .values[0],
            2);
}

// What could be gained is a matter of designs: parts, of which each has noise of its own, would
// gain more by it.
TEST(HeavyDesigns, GainNothingByTheNoiseOfTheirParts) {
  const BestAgain data;
  const HeldFeatures features(data.x);
  EvaluationOptions options;
  options.training.deployment_temperatures = {0.125};
  options.training.weights = {FitWeights::uniform};
  options.training.most_rounds = 1;
  options.bootstrap = 0;
  const TableEvaluation evaluation = evaluate_table({features, data.rewards}, options);
  std::vector<double> means(data.rewards.begin(), data.rewards.begin() + 60);
  std::vector<double> log_weights(60);
  std::size_t best = 0;
  while (!std::ranges::equal(data.x.row(best), data.x.row(60))) ++best;
  means[best] = std::accumulate(data.rewards.begin() + 60, data.rewards.end(), means[best]) / 31;
  log_weights[best] = std::log(31.0);
  const TablePolicyValue whole = table_policy_value(
      means, means, {.rows = 60, .log_weights = log_weights}, {.beta = 0.125, .bootstrap = 0});
  EXPECT_NEAR(evaluation.attainable_gain[0], whole.gain.value, 1e-12);
}

TEST(HeavyDesigns, StayWholeBesideAReference) {
  const BestAgain data;
  std::vector<std::uint64_t> rows(90);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const HeldFeatures features(data.x);
  const RewardTable given{features, data.rewards};
  const MergedTable merged(given, rows, {}, 1, false);
  EXPECT_TRUE(merged.table().twins.empty());
  EXPECT_EQ(merged.table().rewards.size(), 60U);
  EXPECT_EQ(merged.replicates()->parts, 1U);
}

}  // namespace
}  // namespace esscher::internal
